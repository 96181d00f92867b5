"""A SavedModel as TensorFlow Serving wants it: one version of a model, signature serving_default, labels among its assets."""

from __future__ import annotations

import tempfile
from pathlib import Path

import tensorflow as tf

from archspec.export import labels
from archspec.export.exportable import Exportable
from archspec.export.predictor import Predictor
from archspec.io.files import write_text

PLACE = "saved_model/1"
"""The server takes the number for the version; it never sees a half-written one, since the name comes last."""


def write(made: Exportable, path: Path) -> None:
    """Writes the folder `path`."""
    predictor = Predictor(made)
    with tempfile.TemporaryDirectory(prefix="archspec-") as folder:
        write_text(Path(folder) / labels.NAME, labels.text(made.artifact.classes))
        predictor.labels = tf.saved_model.Asset(str(Path(folder) / labels.NAME))
        tf.saved_model.save(predictor, str(path), signatures={"serving_default": predictor.predict})

