"""Which images of a run's data cannot be read, and what the recipe says is to be done about them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial

import numpy as np

from archspec.data.index import NONE, Index, indexed
from archspec.data.looking import Decode, Looked, Tick, decode_all, look_into, way
from archspec.data.nearby import Nearby
from archspec.data.source import Item, Source, Split
from archspec.errors import FEW, InputError
from archspec.preprocess.check import MISSING, problem_code
from archspec.preprocess.header import IS_UNREAD
from archspec.preprocess.rule import Preprocess
from archspec.spec.data import Data, Encoded
from archspec.spec.preprocess import AsIs

SKIP = "skip"


@dataclass(frozen=True, eq=False)
class Checked:
    """Data that a run may begin with: their index, and the numbers of the images that it skips, (k,) int64, in each split.

    `reasons` has a line for each of them: its path, and why it cannot be read. The sizes are those of the images that are
    left of a split, (n, 2): height and width as a viewer shows them, 0 where they are not known. `plain` says of each split
    whether all that are left are JPEGs as most are. `stamp`, 32 hex digits, is another one as soon as a file of theirs was
    written to, even if the index does not see it.
    """

    index: Index
    train: np.ndarray
    test: np.ndarray
    reasons: tuple[str, ...]
    train_sizes: np.ndarray
    test_sizes: np.ndarray
    plain: tuple[bool, bool]
    stamp: str
    decoded: bool
    """Whether all of them were decoded whole, now or once before, so that no damage is hidden."""

    @property
    def said(self) -> str:
        """A sentence for the user; '' where nothing is skipped."""
        count = len(self.reasons)
        first = f"{'first: ' if count > 1 else ''}{self.reasons[0]}" if count else ""
        return f"skipped: {count} image{'s' * (count > 1)} that cannot be read ({first})" if count else ""


def checked(source: Source, section: Data, rule: Preprocess, tick: Tick) -> Checked:
    """Looks into the images of a source before they are trained on.

    With `on_error: stop` into their beginnings; raises InputError if some of them are no images. With `on_error: skip`
    all of them are decoded, once: what is found out is kept. Raises InputError if more than `skip_at_most` cannot be read,
    or all of a class.
    """
    looked = look_into(source, tick)
    if not isinstance(section, Encoded) or section.on_error != SKIP:
        refuse(looked, rule.channels)
        return _checked(looked, NONE, NONE, rule.channels)
    decode_both(looked, rule, tick)
    train, test = skipped(looked, section, rule.channels)
    return _checked(looked, train, test, rule.channels)


def _checked(looked: Looked, train: np.ndarray, test: np.ndarray, channels: int) -> Checked:
    index, state, decoded = indexed(looked, train, test), hashlib.sha256(), True
    sizes, plain = list[np.ndarray](), list[bool]()
    wrong = ((looked.source.train, train), (looked.source.test, test))[-len(looked.source.halves):]
    reasons = [reason for split, numbers in wrong for reason in looked.reasons(split, numbers)]
    for split, numbers in ((looked.source.train, train), (looked.source.test, test)):
        rows = looked.rows(split)
        state.update(np.ascontiguousarray(rows["changed"]).data)
        sizes.append(np.delete(np.stack([rows["height"], rows["width"]], axis=1), numbers, axis=0))
        plain.append(bool(np.delete(rows["plain"], numbers).all()))
        decoded &= not split.encoded or bool((np.delete(rows["decoded"], numbers) == way(split, channels)).all())
    return Checked(index, train, test, tuple(reasons), sizes[0], sizes[1], (plain[0], plain[1]),
                   index.digest + state.hexdigest()[:16], decoded)


def decode_both(looked: Looked, rule: Preprocess, tick: Tick) -> None:
    """Decodes all images that can be and are not known yet, as training does."""
    for split in looked.source.halves:
        decode_all(looked, split, rule.channels, partial(decoder, split, rule), tick)


def refuse(looked: Looked, channels: int) -> None:
    """Raises InputError with the first names where some images cannot be read, as far as that is known for so many channels."""
    halves = [(split, looked.unreadable(split, channels)) for split in looked.source.halves]
    count = sum(len(numbers) for _, numbers in halves)
    if count:
        raise InputError(f"{'1 image' if count == 1 else f'{count} images'} cannot be read:\n{_first_reasons(looked, halves)}\n"
                         f"  hint: {_remedy(looked, halves)}")


def _remedy(looked: Looked, halves: list[tuple[Split, np.ndarray]]) -> str:
    """What to do about the images of some numbers, as far as the first of them show."""
    first = [(split, index) for split, numbers in halves for index in numbers[:FEW].tolist()]
    if any(looked.reason(split, index).endswith(IS_UNREAD) for split, index in first):
        return "convert, to JPEG say, replace or remove them"
    gone = [split.file(index) for split, index in first
            if split.file and split.where and problem_code(looked.reason(split, index)) == MISSING]
    if not gone:
        return "replace or remove them"
    nearby = Nearby()
    return next(filter(None, map(nearby.instead, gone)), "mend the lines of the table, or remove them")


def _first_reasons(looked: Looked, halves: list[tuple[Split, np.ndarray]]) -> str:
    """Lines on the first few of the images of some numbers."""
    lines = [f"  {line}" for split, numbers in halves for line in looked.reasons(split, numbers[:FEW])]
    more = sum(len(numbers) for _, numbers in halves) > FEW
    return "\n".join([*lines[:FEW], *(["  …"] if more else [])])


def skipped(looked: Looked, section: Encoded, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the images that cannot be read, (k,) int64, in each split. Raises InputError if they are too many."""
    source = looked.source
    halves = [(split, looked.unreadable(split, channels)) for split in source.halves]
    count, images = sum(len(numbers) for _, numbers in halves), sum(split.size for split in source.halves)
    if count > section.skip_at_most * images:
        raise InputError(f"{count} of {images} images cannot be read ({count / images:.2%}); train.data.skip_at_most allows "
                         f"{section.skip_at_most:.2%}:\n{_first_reasons(looked, halves)}\n"
                         f"  hint: {_remedy(looked, halves)}, or raise train.data.skip_at_most")
    for split, numbers in halves:
        _refuse_emptied(source, split, numbers)
    return halves[0][1], halves[-1][1]


def too_small(sizes: np.ndarray, rule: Preprocess) -> np.ndarray:
    """The numbers, (k,) int64, of images of sizes (n, 2) that are smaller than what the rule cuts out; 0: not known."""
    if not isinstance(rule.resize, AsIs):
        return NONE
    return np.flatnonzero((sizes > 0).all(axis=1) & (sizes < rule.shape[:2]).any(axis=1))


def refuse_too_small(split: Split, sizes: np.ndarray, rule: Preprocess) -> None:
    """Raises InputError if one of a split's images, of sizes (n, 2), is too small."""
    small = too_small(sizes, rule)
    if not len(small):
        return
    height, width = sizes[small[0]].tolist()
    first = split.path(int(small[0]))
    raise InputError(f"{len(small)} of {split.size} {split.name} images are smaller than the input, {rule.width}x{rule.height}"
                     f", and are not scaled: {'first: ' * (len(small) > 1)}{first}, {width}x{height}\n"
                     "  hint: another train.preprocess.resize, or remove them")


def _refuse_emptied(source: Source, split: Split, numbers: np.ndarray) -> None:
    """Raises InputError if of a class no image is left."""
    left = np.delete(split.labels, numbers, axis=0)
    had, has = (counts(each, len(source.classes)) for each in (split.labels, left))
    emptied = np.flatnonzero((had > 0) & (has == 0))
    if len(emptied):
        raise InputError(f"of the class '{source.classes[emptied[0]]}' no {split.name} image can be read\n"
                         "  hint: replace them, or leave the class out")


def counts(labels: np.ndarray, classes: int) -> np.ndarray:
    """How many images have each class, (classes,) int64."""
    if labels.ndim == 1:
        return np.bincount(labels, minlength=classes)
    return np.asarray(labels.sum(axis=0, dtype=np.int64))


def decoder(split: Split, rule: Preprocess) -> Decode:
    """Decodes a split's images as training does. Loads TensorFlow."""
    from archspec.io.quiet import import_tensorflow
    import_tensorflow()
    from archspec.preprocess.decoding import decode

    def decoded(item: Item) -> np.ndarray:
        assert isinstance(item, bytes)
        return decode(item, rule, deep=not split.eight_bits)
    return decoded
