"""TensorBoard's files of a run, written anew from its history: after a kill no epoch and no step is in them twice.

Two runs beside each other, `train` and `test`, so that their losses and accuracies share an axis. What is told at the end of
an epoch lies under epoch/ and over epochs, what is told within one under step/ and over steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import tensorflow as tf

from archspec.io.files import read_bytes, remove
from archspec.train.progress import Row

TEST = "test_"
"""Begins the names of a row's values that were measured on the test images."""
SHARED = {"top1": "accuracy"}
"""What of the test images is told under the name that it has in training."""
PLACES = ("epoch", "step")
"""Values of a row that say where it stands."""


class Board:
    """Writers of event files, begun with what has happened before. `spec` is the file of the resolved spec."""

    def __init__(self, folder: Path, spec: Path, history: Iterable[Row], steps: Iterable[Row]) -> None:
        remove(folder)
        self._train, self._test = (tf.summary.create_file_writer(str(folder / name)) for name in ("train", "test"))
        with suppress(OSError, ValueError), self._train.as_default():
            tf.summary.text("spec", f"```yaml\n{read_bytes(spec).decode('utf-8')}\n```", step=0)
        for row in history:
            self.epoch(row)
        for row in steps:
            self.step(row)

    def epoch(self, row: Row) -> None:
        """One epoch."""
        test = {name.removeprefix(TEST): value for name, value in row.items() if name.startswith(TEST)}
        train = {name: value for name, value in row.items() if not name.startswith(TEST)}
        _write(self._train, "epoch", train, row["epoch"])
        _write(self._test, "epoch", {SHARED.get(name, name): value for name, value in test.items()}, row["epoch"])
        self.flush()

    def step(self, row: Row) -> None:
        """One step; see Records.step."""
        _write(self._train, "step", row, row["step"])

    def picture(self, path: Path) -> None:
        """Shows a PNG file, if it is there and can be read."""
        with suppress(OSError, ValueError, tf.errors.OpError):
            image = tf.io.decode_png(read_bytes(path), channels=3)
            with self._train.as_default():
                tf.summary.image(path.stem, image[None], step=0)

    def histograms(self, values: Mapping[str, tf.Tensor], epoch: int) -> None:
        """How the numbers of each weight are spread."""
        with self._train.as_default():
            for name, value in values.items():
                tf.summary.histogram(name, value, step=epoch)

    def flush(self) -> None:
        """Writes down what has been told."""
        self._train.flush()
        self._test.flush()

    def close(self) -> None:
        """Ends the event files."""
        self._train.close()
        self._test.close()


def _write(writer: tf.summary.SummaryWriter, group: str, values: Mapping[str, float], place: float) -> None:
    with writer.as_default():
        for name, value in values.items():
            if name not in PLACES:
                tf.summary.scalar(f"{group}/{name}", value, step=int(place))
