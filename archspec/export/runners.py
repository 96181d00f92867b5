"""How an export is run, by format: from its path to a function from pixels to probabilities.

Nothing of archspec's or of Keras's is needed for it but for Keras's own file, so a process that does no more shows what a
user's program will see.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archspec.io.depth import deep

Run = Callable[[np.ndarray], np.ndarray]
"""Images (n, h, w, c) float32 from 0 to 255 to probabilities (n, classes) float32."""
MOST_SAID = 1 << 20
"""Bytes that a TFLite file says of its pixels; many times what it takes."""


def savedmodel(path: Path) -> Run:
    """A SavedModel's serving_default."""
    return _signature(path, "serving_default", "images")


def savedmodel_of_files(path: Path) -> Callable[[Sequence[bytes]], np.ndarray]:
    """A SavedModel's image_bytes: encoded images to probabilities (n, classes)."""
    return _signature(path, "image_bytes", "image_bytes")


def _signature(path: Path, name: str, key: str) -> Callable[[Any], np.ndarray]:
    """A SavedModel's signature, by the name of its input."""
    import tensorflow as tf
    loaded = tf.saved_model.load(str(path))
    function = loaded.signatures[name]

    def run(given: Any, _kept: Any = loaded) -> np.ndarray:  # its variables go with it
        return np.asarray(function(**{key: tf.constant(given)})["probabilities"])
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
                with file.open("preprocess.json") as inside:  # which a stranger may have packed, small, with no end
                    said = json.loads(inside.read(MOST_SAID))["normalization"]
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


def onnx(path: Path) -> Run:
    """An ONNX file under onnxruntime, on the CPU."""
    from onnxruntime import InferenceSession
    session = InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda images: np.asarray(session.run(["probabilities"], {"images": images})[0])


def keras(path: Path) -> Run:
    """A .keras file, which takes normalised images and gives logits; how these are meant is told in the file.

    One of feature maps gives these, (n, all their numbers), level by level. A file that names layers of archspec's needs
    it to be imported.
    """
    import tensorflow as tf
    from keras import models, ops
    with zipfile.ZipFile(path) as archive:
        facts, layers = (json.loads(archive.read(name)) for name in ("artifact.json", "config.json"))
    with deep(len(layers["config"]["layers"])):
        model = models.load_model(path, compile=False)
    rule, probabilities = facts["preprocess"], ops.sigmoid if facts["several"] else ops.softmax
    call = tf.function(lambda images: model(images, training=False), autograph=False)
    mean, factors = np.array(rule["mean"], np.float32), np.array([1 / std for std in rule["std"]], np.float32)

    def run(images: np.ndarray) -> np.ndarray:
        ordered = images[..., ::-1] if rule["order"] == "bgr" else images
        normal = (ordered - mean) * factors
        found = call(normal)
        if isinstance(found, dict):
            return np.concatenate([np.reshape(found[level], (len(images), -1)) for level in sorted(found)], axis=1)
        return np.asarray(probabilities(tf.cast(found, tf.float32)))
    return run


RUNNERS: dict[str, Callable[[Path], Run]] = {"savedmodel": savedmodel, "tflite": tflite, "keras": keras, "onnx": onnx}
"""By format."""
LIBRARIES: Mapping[str, str] = {"savedmodel": "tensorflow", "tflite": "ai_edge_litert.interpreter", "keras": "keras",
                                "onnx": "onnxruntime"}
"""The module that each needs."""
OF_FILES: Mapping[str, Callable[[Path], Callable[[Sequence[bytes]], np.ndarray]]] = {"savedmodel": savedmodel_of_files}
"""Those that take files as they are, too."""
