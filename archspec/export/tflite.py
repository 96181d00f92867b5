"""A TFLite file in float32, for devices."""

from __future__ import annotations

from pathlib import Path

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

