"""TensorBoard's files of a run, written anew from its history: after a kill no epoch is in them twice."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import tensorflow as tf

from archspec.io.files import read_bytes, remove
from archspec.train.progress import Row


class TensorBoard:
    """A writer of one event file, begun with what has happened before."""

    def __init__(self, folder: Path, history: Sequence[Row]) -> None:
        remove(folder)
        self._writer = tf.summary.create_file_writer(str(folder))
        for row in history:
            self.add(row)

    def add(self, row: Row) -> None:
        """One epoch."""
        with self._writer.as_default():
            for name, value in row.items():
                if name not in ("epoch", "step"):
                    tf.summary.scalar(name, value, step=int(row["epoch"]))
        self._writer.flush()

    def picture(self, path: Path) -> None:
        """Shows a PNG file, if it is there and can be read."""
        with suppress(OSError, ValueError, tf.errors.OpError):
            image = tf.io.decode_png(read_bytes(path), channels=3)
            with self._writer.as_default():
                tf.summary.image(path.stem, image[None], step=0)

    def close(self) -> None:
        """Ends the event file."""
        self._writer.close()
