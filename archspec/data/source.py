"""What a data source gives: classes, and by number an image, as it is stored, with its label. All else is the pipeline's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from archspec.data.names import Names
from archspec.errors import InputError, some

Item = bytes | np.ndarray
"""An encoded image, or pixels (h, w, c)."""


@dataclass(frozen=True)
class Head:
    """What is known of an item without decoding it: its bytes, how many and the first few, and what is wrong with it.

    Of an encoded image its header says more, see preprocess/check.py's Look: height and width as a viewer shows it.
    """

    size: int
    first: bytes
    problem: str = ""
    height: int = 0
    width: int = 0
    kind: str = ""
    mode: str = ""
    orientation: int = 1


@dataclass(frozen=True)
class Split:
    """Examples by number: their labels, (n,) int32, their names, and how the i-th is read.

    `keys` are relative to `place`, which is for messages alone: '' in memory. `item` and `head` may be called from any
    thread. `white` is the value that stands for white where items are arrays, which may have one channel for all; it is
    None where items are encoded images.
    """

    name: str
    labels: np.ndarray
    keys: Names
    item: Callable[[int], Item]
    head: Callable[[int], Head]
    white: float | None
    place: str
    file: Callable[[int], bytes] | None = None
    """The path of the file in which the i-th lies; None where it lies in none that is read while training."""

    @property
    def encoded(self) -> bool:
        """Whether items are encoded images; else they are arrays."""
        return self.white is None

    @property
    def size(self) -> int:
        """The number of examples."""
        return len(self.labels)

    def path(self, index: int) -> str:
        """What a message calls the i-th."""
        return f"{self.place}/{self.keys[index]}" if self.place else self.keys[index]


@dataclass(frozen=True)
class Source:
    """Examples to learn from, examples to test on, and the names of the classes in the order of their labels.

    `left_out` counts, by what it is, what lies among the data and is not used, in words for one line.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    test: Split
    left_out: str = ""

    def check(self, classes: int) -> None:
        """Raises InputError unless the network tells apart as many classes as there are: two at least, each with a name."""
        for name, count in Counter(self.classes).items():
            if not name.strip() or count > 1:  # two names in different encodings may look alike
                said = "two classes" if count > 1 else "a class"
                raise InputError(f"data '{self.name}' has {said} called '{name}': labels.txt could not tell which is which\n"
                                 "  hint: rename the folder")
        if len(self.classes) < 2:
            raise InputError(f"data '{self.name}' has one class ({some(self.classes)}): there is nothing to tell apart\n"
                             "  hint: the data's path is the folder above the class folders, or above train and validation")
        if len(self.classes) != classes:
            raise InputError(f"data '{self.name}' has {len(self.classes)} classes ({some(self.classes)}), "
                             f"but the network tells {classes} apart\n  hint: --set classes={len(self.classes)}")


def in_memory(name: str, labels: np.ndarray, keys: Names, images: np.ndarray, white: float) -> Split:
    """A split of images (n, h, w, c) that are held in memory."""
    def head(index: int) -> Head:
        return Head(images[index].nbytes, images[index].tobytes())
    return Split(name, labels, keys, lambda index: np.asarray(images[index]), head, white, "")
