"""How an export is run, by format: from its path to a function from pixels to probabilities.

Nothing of archspec's or of Keras's is needed for it but for Keras's own file, so a process that does no more shows what a
user's program will see.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Run = Callable[[np.ndarray], np.ndarray]
"""Images (n, h, w, c) float32 from 0 to 255 to probabilities (n, classes) float32."""


def savedmodel(path: Path) -> Run:
    """A SavedModel's serving_default."""
    import tensorflow as tf
    loaded = tf.saved_model.load(str(path))
    function = loaded.signatures["serving_default"]

    def run(images: np.ndarray, _kept: Any = loaded) -> np.ndarray:
        return np.asarray(function(images=tf.constant(images))["probabilities"])
    return run


def tflite(path: Path) -> Run:
    """A TFLite file under LiteRT's own interpreter; tf.lite.Interpreter is deprecated in its favour."""
    from ai_edge_litert.interpreter import Interpreter
    runner = Interpreter(model_path=str(path), num_threads=os.cpu_count()).get_signature_runner("serving_default")
    taken, given = runner.get_input_details()["images"], runner.get_output_details()["probabilities"]
    mean, std = _normalization(path)

    def run(images: np.ndarray) -> np.ndarray:
        inputs = (images - mean) / std
        found = runner(images=_whole(inputs, taken) if taken["dtype"] != np.float32 else inputs)["probabilities"]
        return _real(found, given) if given["dtype"] != np.float32 else np.asarray(found)
    return run


def _normalization(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation, of each channel or of all, that a TFLite file wants of its pixels; it says so in a file inside."""
    said = {"mean": [0.0], "std": [1.0]}
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as file:
            if "preprocess.json" in file.namelist():
                said = json.loads(file.read("preprocess.json"))["normalization"]
    return np.array(said["mean"], np.float32), np.array(said["std"], np.float32)


def _whole(inputs: np.ndarray, details: Mapping[str, Any]) -> np.ndarray:
    """Numbers in an input's own scale: whole ones."""
    scale, zero = details["quantization"]
    bounds = np.iinfo(details["dtype"])
    return np.asarray(np.clip(np.round(inputs / scale) + zero, bounds.min, bounds.max), details["dtype"])


def _real(outputs: np.ndarray, details: Mapping[str, Any]) -> np.ndarray:
    """What an output's whole numbers stand for."""
    scale, zero = details["quantization"]
    return np.asarray((outputs.astype(np.float32) - zero) * np.float32(scale))


def keras_file(path: Path) -> Run:
    """A .keras file of archspec's in Keras, with what its numbers mean: the yardstick of all others."""
    import keras
    import tensorflow as tf

    import archspec  # noqa: F401  the layers that Keras lacks
    from archspec.artifact.folder import meaning
    from archspec.preprocess.pixels import normalize
    model, (rule, several) = keras.saving.load_model(path), meaning(path)

    def run(images: tf.Tensor) -> tf.Tensor:
        logits = tf.cast(model(normalize(images, rule), training=False), tf.float32)
        return tf.sigmoid(logits) if several else tf.nn.softmax(logits)
    compiled = tf.function(run, input_signature=[tf.TensorSpec((None, *rule.shape), tf.float32)], autograph=False)
    return lambda images: np.asarray(compiled(tf.constant(images)))


RUNNERS: dict[str, Callable[[Path], Run]] = {"savedmodel": savedmodel, "tflite": tflite, "keras": keras_file}
"""By format."""
LIBRARIES: Mapping[str, str] = {"savedmodel": "tensorflow", "tflite": "ai_edge_litert.interpreter", "keras": "keras"}
"""The module that each needs."""
