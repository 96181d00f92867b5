"""A SavedModel as TensorFlow Serving wants it: one version of a model, with all that explains it inside."""

from __future__ import annotations

import tempfile
from pathlib import Path

import tensorflow as tf

from archspec.export import companions, labels, warmup
from archspec.export.exportable import Exportable
from archspec.export.signatures import Signatures
from archspec.io.files import write_text

PLACE = "saved_model/1"
"""The server takes the number for the version; it never sees a half-written one, since the name comes last."""


def write(made: Exportable, path: Path) -> None:
    """Writes the folder `path`."""
    signatures = Signatures(made)
    with tempfile.TemporaryDirectory(prefix="archspec-") as folder:
        write_text(Path(folder) / labels.NAME, labels.text(made.artifact.classes))
        signatures.labels = tf.saved_model.Asset(str(Path(folder) / labels.NAME))
        tf.saved_model.save(signatures, str(path), signatures=signatures.functions)
    companions.write(made.artifact, path / companions.EXTRA)
    warmup.write(made, path)
