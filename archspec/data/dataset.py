"""Split and Dataset: labelled images that are read one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from archspec.errors import InputError

Shape = tuple[int, int, int]
"""Height, width, channels."""


@dataclass(frozen=True)
class Split:
    """Examples: their labels, (n,) int32, and how the i-th image is read.

    `read` is a TensorFlow function from a number, () int64, to an image, (height, width, channels) float32 from 0 to
    255, at least as large as the network's input. `paths` names the files, where there are some, for messages.
    """

    name: str
    labels: np.ndarray
    read: Callable[[tf.Tensor], tf.Tensor]
    paths: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The number of examples."""
        return len(self.labels)

    def explain(self, error: Exception) -> InputError:
        """The user's mistake behind an error of TensorFlow's pipeline: the first file that cannot be read."""
        for index, path in enumerate(self.paths):
            try:
                self.read(tf.constant(index, tf.int64))
            except tf.errors.OpError as cause:
                return InputError(f"{path}: cannot be read as an image ({_first_line(cause)})\n"
                                  "  hint: replace or remove the file, then run the same command again")
        return InputError(f"the {self.name} images cannot be read: {_first_line(error)}")


@dataclass(frozen=True)
class Dataset:
    """What a data source gives: examples to learn from, examples to test on, and the names of the classes."""

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]

    def check(self, classes: int) -> None:
        """Raises InputError unless the network tells apart as many classes as there are."""
        if len(self.classes) != classes:
            raise InputError(f"data '{self.name}' has {len(self.classes)} classes ({_some(self.classes)}), "
                             f"but the network tells {classes} apart\n  hint: --set classes={len(self.classes)}")


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def _first_line(error: Exception) -> str:
    text = error.message if isinstance(error, tf.errors.OpError) else str(error)
    return text.strip().splitlines()[0].split("} ")[-1][:160] if text.strip() else type(error).__name__
