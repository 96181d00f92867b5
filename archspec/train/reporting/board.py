"""TensorBoard's files of a run, written anew from its history: after a kill no epoch and no step is in them twice.

Two runs beside each other, `train` and `test`, so that their losses and accuracies share an axis. What is told at the end of
an epoch lies under epoch/ and over epochs, what is told within one under step/ and over steps. What cannot be made anew from
the history, weights and images of an epoch, has files of its own, one an epoch: those that are done stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from archspec.io.files import read_bytes, remove
from archspec.train.progress import Row

TEST = "test_"
"""Begins the names of a row's values that were measured on the test images."""
SHARED = {"top1": "accuracy"}
"""What of the test images is told under the name that it has in training."""
PLACES = ("epoch", "step")
"""Values of a row that say where it stands."""
WEIGHTS, IMAGES, REPORT = "weights", "images", "report"
"""TensorBoard's names for what is told beside training and test."""
END = ".end"
"""Ends the name of the file that says that a run is finished."""


class Board:
    """Writers of event files, begun with what has happened before. `spec` is the file of the resolved spec.

    `choices` are what TensorBoard compares runs by, its hyper-parameters; see `flat`.
    """

    def __init__(self, folder: Path, spec: Path, choices: Mapping[str, Any], history: Iterable[Row],
                 steps: Iterable[Row]) -> None:
        rows = list(history)
        self._folder = folder
        _clear(folder, len(rows))
        _tell_choices(folder, choices)
        self._train, self._test = (tf.summary.create_file_writer(str(folder / name)) for name in ("train", "test"))
        with suppress(OSError, ValueError), self._train.as_default():
            tf.summary.text("spec", f"```yaml\n{read_bytes(spec).decode('utf-8')}\n```", step=0)
        for row in rows:
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
        with self._train.as_default():
            _show(path, 0)

    def histograms(self, values: Mapping[str, tf.Tensor], epoch: int) -> None:
        """How the numbers of each weight are spread."""
        with _of_epoch(self._folder / WEIGHTS, epoch):
            for name, value in values.items():
                tf.summary.histogram(name, value, step=epoch)

    def image(self, name: str, pixels: np.ndarray, epoch: int) -> None:
        """A picture of an epoch, (h, w, 3) uint8."""
        with _of_epoch(self._folder / IMAGES, epoch):
            tf.summary.image(name, pixels[None], step=epoch)

    def flush(self) -> None:
        """Writes down what has been told."""
        self._train.flush()
        self._test.flush()

    def close(self) -> None:
        """Ends the event files."""
        self._train.close()
        self._test.close()


def finish(folder: Path, pictures: Iterable[Path], epochs: int) -> None:
    """Shows the pictures of a finished run, and says that it is finished. May be done again; a link is not followed."""
    from tensorboard.plugins.hparams import api_pb2, summary
    if not _is_folder(folder):
        return
    remove(folder / REPORT)
    with _writing(folder / REPORT):
        for picture in pictures:
            _show(picture, epochs)
    for old in folder.glob(f"*{END}"):
        remove(old)
    with _writing(folder, END):
        tf.summary.experimental.write_raw_pb(summary.session_end_pb(api_pb2.STATUS_SUCCESS).SerializeToString(), step=0)


def flat(value: object, path: str = "") -> Iterator[tuple[str, bool | float | str]]:
    """The keys of a mapping of mappings, with dots between, and what TensorBoard takes for a value; those of none left out."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flat(inner, f"{path}.{key}" if path else str(key))
    elif value is not None:
        yield path, value if isinstance(value, bool | int | float) else str(value)


def _tell_choices(folder: Path, choices: Mapping[str, Any]) -> None:
    """In a run above `train` and `test`, so that what these tell counts as the result of what was chosen.

    It is a trial of its own, or TensorBoard would take runs of equal choices for one.
    """
    from tensorboard.plugins.hparams import summary_v2
    told = summary_v2.hparams_pb(dict(flat(choices)), trial_id=str(folder.parent))
    with _writing(folder):
        tf.summary.experimental.write_raw_pb(told.SerializeToString(), step=0)


def _clear(folder: Path, done: int) -> None:
    """Removes all but what was told of weights and images after the epochs that are done; a link is not followed."""
    if not _is_folder(folder):
        remove(folder)
        return
    for each in folder.iterdir():
        if each.name not in (WEIGHTS, IMAGES) or not _is_folder(each):
            remove(each)
            continue
        for file in each.iterdir():
            if _epoch(file) > done:
                remove(file)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _epoch(file: Path) -> float:
    """The epoch that the name of an event file ends in; more than any of another file."""
    number = file.name.rpartition(".")[2]
    return int(number) if number.isdecimal() else float("inf")


@contextmanager
def _of_epoch(folder: Path, epoch: int) -> Iterator[None]:
    """What is told in it stands in a file of this epoch; one that was begun before is gone."""
    for old in folder.glob(f"*.{epoch:08d}"):
        remove(old)
    with _writing(folder, f".{epoch:08d}"):
        yield


@contextmanager
def _writing(folder: Path, suffix: str = ".v2") -> Iterator[None]:
    writer = tf.summary.create_file_writer(str(folder), filename_suffix=suffix)
    with writer.as_default():
        yield
    writer.close()


def _show(path: Path, step: int) -> None:
    with suppress(OSError, ValueError, tf.errors.OpError):
        tf.summary.image(path.stem, tf.io.decode_png(read_bytes(path), channels=3)[None], step=step)


def _write(writer: tf.summary.SummaryWriter, group: str, values: Mapping[str, float], place: float) -> None:
    with writer.as_default():
        for name, value in values.items():
            if name not in PLACES:
                tf.summary.scalar(f"{group}/{name}", float(value), step=int(place))
