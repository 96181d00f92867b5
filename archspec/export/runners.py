"""How an export is run, by format: from its path to a function from pixels to probabilities.

Nothing of archspec's or of Keras's is needed for it, so a process that does no more shows what a user's program will see.
"""

from __future__ import annotations

import os
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
    return lambda images: np.asarray(runner(images=images)["probabilities"])


RUNNERS: dict[str, Callable[[Path], Run]] = {"savedmodel": savedmodel, "tflite": tflite}
"""By format."""
LIBRARIES: Mapping[str, str] = {"savedmodel": "tensorflow", "tflite": "ai_edge_litert.interpreter"}
"""The module that each needs."""
