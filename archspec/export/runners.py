"""How an export is run, by format: from its path to a function from pixels to probabilities.

Nothing of archspec's or of Keras's is needed for it but for Keras's own file, so a process that does no more shows what a
user's program will see.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
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


def savedmodel_of_files(path: Path) -> Callable[[Sequence[bytes]], np.ndarray]:
    """A SavedModel's image_bytes: encoded images to probabilities (n, classes)."""
    import tensorflow as tf
    loaded = tf.saved_model.load(str(path))
    function = loaded.signatures["image_bytes"]

    def run(files: Sequence[bytes], _kept: Any = loaded) -> np.ndarray:
        return np.asarray(function(image_bytes=tf.constant(files))["probabilities"])
    return run


def tflite(path: Path) -> Run:
    """A TFLite file under LiteRT's own interpreter; tf.lite.Interpreter is deprecated in its favour."""
    from ai_edge_litert.interpreter import Interpreter
    runner = Interpreter(model_path=str(path), num_threads=os.cpu_count()).get_signature_runner("serving_default")
    return lambda images: np.asarray(runner(images=images)["probabilities"])


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
OF_FILES: Mapping[str, Callable[[Path], Callable[[Sequence[bytes]], np.ndarray]]] = {"savedmodel": savedmodel_of_files}
"""Those that take files as they are, too."""
