"""A TFLite file in float32, for devices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from archspec.export.exportable import Exportable
from archspec.export.predictor import Predictor

PLACE = "model.tflite"


def write(made: Exportable, path: Path) -> None:
    """Writes the file `path`; it keeps the names `images` and `probabilities` in its signature."""
    predictor = Predictor(made)
    concrete = predictor.predict.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], predictor)
    path.write_bytes(converter.convert())


def run(path: Path, images: np.ndarray) -> np.ndarray:
    """Probabilities, (n, classes), of the file under LiteRT's own interpreter. Images: (n, h, w, c), 0 to 255."""
    from ai_edge_litert.interpreter import Interpreter  # tf.lite.Interpreter is deprecated in its favour
    runner = Interpreter(model_path=str(path)).get_signature_runner("serving_default")
    return np.asarray(runner(images=images)["probabilities"])
