"""What a data source gives: classes, and by number an image, as it is stored, with its label. All else is the pipeline's."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from archspec.data.names import Names
from archspec.errors import InputError, some
from archspec.preprocess.check import Look

Item = bytes | np.ndarray
"""An encoded image, or pixels (h, w, c)."""
BYTE = 255.0
"""White in 8 bits, and everywhere behind `Split.levels`."""
GREY_TOO = (1, 3)
"""Channels that a grey array fills."""


@dataclass(frozen=True)
class Split:
    """Examples by number: their labels, their names, and how the i-th is read.

    `labels` are (n,) int32, or (n, classes) uint8 of 0 and 1 where an image may have several. `item` and `head` may be
    called from any thread. `keys` are relative to `place`, which is for messages alone: '' in memory.
    """

    name: str
    labels: np.ndarray
    keys: Names
    item: Callable[[int], Item]
    head: Callable[[int], Look]
    """What is known of the i-th without decoding it: of an array its bytes alone, or what stands for them."""
    place: str
    encoded: bool
    """Whether items are encoded images; else they are arrays."""
    eight_bits: bool
    """Whether pixels have the 8 bits from which they come, or to which `decode` cuts them."""
    white: float
    """The value that stands for white in arrays, and in encoded images of more than 8 bits."""
    channels: int = 0
    """Of arrays; one channel stands for all. 0 where each image has its own."""
    dimensions: tuple[int, int] | None = None
    """Of arrays of one size their height and width."""
    file: Callable[[int], bytes] | None = None
    """The path of the file in which the i-th lies; None where it lies in none that is read while training."""
    where: Callable[[int], str] | None = None
    """What a message says behind the name of the i-th: the place in a table where it is named."""

    @property
    def size(self) -> int:
        """The number of examples."""
        return len(self.labels)

    def path(self, index: int) -> str:
        """What a message calls the i-th."""
        named = os.path.join(self.place, self.keys[index])
        return f"{named} ({self.where(index)})" if self.where else named

    def levels(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels of an array with 255 for white: uint8 if `eight_bits`, else float32.

        Of encoded images that are not `eight_bits` those that `decode` gives with all bits.
        """
        if self.eight_bits:
            return pixels
        white = BYTE if self.encoded and pixels.dtype == np.uint8 else self.white
        return pixels.astype(np.float32) * np.float32(BYTE / white)


def without(split: Split, numbers: np.ndarray) -> Split:
    """A split less the examples of some numbers, (k,) int64; the others move up."""
    return only(split, np.delete(np.arange(split.size), numbers)) if len(numbers) else split


def only(split: Split, kept: np.ndarray) -> Split:
    """The examples of some numbers of a split, (k,) int64, in their order."""
    file, where = split.file, split.where
    return replace(split, labels=split.labels[kept], keys=Names.of(split.keys.raw(index) for index in kept.tolist()),
                   item=lambda index: split.item(int(kept[index])), head=lambda index: split.head(int(kept[index])),
                   file=None if file is None else lambda index: file(int(kept[index])),
                   where=None if where is None else lambda index: where(int(kept[index])))


@dataclass(frozen=True)
class Source:
    """Examples to learn from, examples to test on, and the names of the classes in the order of their labels.

    `left_out` counts, by what it is, what lies among the data and is not used, in words for one line; perhaps with a
    hint in a second one.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    test: Split
    left_out: str = ""

    @property
    def halves(self) -> tuple[Split, ...]:
        """Those to train on and those to test on; of a source whose images are all in both, these alone."""
        return (self.test,) if self.train is self.test else (self.train, self.test)

    def check(self, classes: int) -> None:
        """Raises InputError unless the network tells apart as many classes as there are: two at least, each with a name."""
        for name, count in Counter(self.classes).items():
            if not name.strip() or count > 1:  # two names in different encodings may look alike
                said = "two classes" if count > 1 else "a class"
                raise InputError(f"data '{self.name}' has {said} called '{name}': labels.txt could not tell which is which\n"
                                 f"  hint: {_RENAME.get(self.name, 'give each class a name of its own')}")
        if not self.classes:
            raise InputError(f"data '{self.name}' has no classes")
        if len(self.classes) < 2:
            raise InputError(f"data '{self.name}' has one class ({some(self.classes)}): there is nothing to tell apart"
                             + _ALONE.get(self.name, ""))
        if len(self.classes) != classes:
            raise InputError(f"data '{self.name}' has {len(self.classes)} classes ({some(self.classes)}), "
                             f"but the network tells {classes} apart\n  hint: {self._to_agree(classes)}")

    def _to_agree(self, classes: int) -> str:
        """What to do where the network tells another number of classes apart."""
        used = [split.labels for split in (self.train, self.test) if split.labels.ndim == 1]
        first_unused = len(used) == 2 and not any((labels == 0).any() for labels in used)
        if first_unused and len(self.classes) == classes + 1 and self.name in _FROM_ONE:
            return _FROM_ONE[self.name]
        return f"--set classes={len(self.classes)}"

    def check_channels(self, shape: tuple[int, int, int]) -> None:
        """Raises InputError where arrays have other channels than the network's input (height, width, channels)."""
        height, width, channels = shape
        found = {split.channels for split in (self.train, self.test)} - {0, channels}
        if found and not (found == {1} and channels in GREY_TOO):
            raise InputError(f"data '{self.name}' has images with {found.pop()} channel(s), but the network's input has "
                             f"{channels}\n  hint: --set input={height}x{width}x{max(self.train.channels, 1)}")


_RENAME = {"folder": "rename the folder"}
FROM_ONE = "labels count from 0, and these begin at 1: write y - 1 into the file, for both splits"
_FROM_ONE = {"npz": FROM_ONE,
             "tfrecord": "no image has the first label; if labels begin at the next: --set train.data.first_label=NUMBER"}
"""Where labels are numbers that a file says."""
_ALONE = {"folder": "\n  hint: the data's path is the folder above the class folders, or above train and validation"}


def in_memory(name: str, labels: np.ndarray, keys: Names, images: np.ndarray, white: float) -> Split:
    """A split of images (n, h, w, c) that are held in memory."""
    def head(index: int) -> Look:
        return Look(images[index].nbytes, images[index].tobytes())
    eight_bits = images.dtype == np.uint8 and white == BYTE
    return Split(name, labels, keys, lambda index: np.asarray(images[index]), head, "", encoded=False, eight_bits=eight_bits,
                 white=white, channels=images.shape[-1], dimensions=images.shape[1:3])
