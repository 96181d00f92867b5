"""What is odd about a data set whose images were looked into and decoded, and whether a run would stop for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from archspec.data.check import SKIP, counts, skipped, too_small
from archspec.data.looking import MOST, Looked, way
from archspec.data.nearby import Nearby
from archspec.data.source import BYTE, FROM_ONE, Source, Split
from archspec.data.sources.listing import KINDS
from archspec.data.weighting import class_weights
from archspec.errors import InputError
from archspec.preprocess.check import MISSING, problem_code
from archspec.preprocess.rule import Preprocess
from archspec.preprocess.window import TooSmall
from archspec.spec.data import Data, Encoded, Npz, Tfrecord
from archspec.spec.recipe import Recipe

SMALL, LARGE, THIN = 1 / 4, 4, 4
"""What is odd: a shorter side below that share of the median one, or above that many times it; a longer side that many times
the shorter."""
DARK = 1 / 4
"""Images of 16 bits are dark if none has a pixel above that share of white: 14 bits, or fewer."""
TINY = 1 / 10
"""A class with fewer images than that share of the median is tiny, and so is one of a single image."""


@dataclass(frozen=True)
class Finding:
    """Something odd: a stable code, the file ('' if it is not about one), a sentence.

    And whether a training would stop for it, or skip the file.
    """

    code: str
    file: str
    message: str
    stops: bool = False
    skips: bool = False


def findings(looked: Looked, recipe: Recipe, rule: Preprocess, classes: int | None) -> Iterator[Finding]:
    """All of them, the gravest first, for a run of a recipe with its rule, and a network of so many classes if it is known."""
    source = looked.source
    yield from _wrong_classes(source, classes)
    yield from _wrong_weights(source, recipe)
    yield from _unreadable(looked, recipe.data, rule.channels)
    for split in (source.train, source.test):
        yield from _suffixes(looked, split)
        if split is source.test or not recipe.crops:
            yield from _too_small(looked, split, rule)
    yield from _odd_sizes(looked)
    yield from _dark(looked, rule.channels)
    yield from _duplicates(looked)
    yield from _few(source, recipe.data)
    if source.left_out:
        yield Finding("left-out", "", f"left out: {source.left_out}")


def _wrong_classes(source: Source, classes: int | None) -> Iterator[Finding]:
    try:
        source.check(len(source.classes) if classes is None else classes)
    except InputError as error:
        yield Finding("classes", "", str(error), stops=True)


def _wrong_weights(source: Source, recipe: Recipe) -> Iterator[Finding]:
    try:
        class_weights(recipe, source)
    except InputError as error:
        yield Finding("class-weights", "", str(error), stops=True)


def _unreadable(looked: Looked, section: Data, channels: int) -> Iterator[Finding]:
    skips, nearby = isinstance(section, Encoded) and section.on_error == SKIP, Nearby()
    for split in (looked.source.train, looked.source.test):
        for index in looked.unreadable(split, channels).tolist():
            why = looked.reason(split, index)
            code = problem_code(why)
            instead = nearby.instead(split.file(index)) if code == MISSING and split.file else ""
            yield Finding(code, split.path(index), f"{why}; {instead}" if instead else why, stops=not skips, skips=skips)
    if isinstance(section, Encoded) and skips:
        try:
            skipped(looked, section, channels)
        except InputError as error:
            yield Finding("skipped", "", str(error), stops=True)


def _suffixes(looked: Looked, split: Split) -> Iterator[Finding]:
    """Files whose names say another kind than their bytes, which count."""
    kinds, texts = looked.rows(split)["kind"].tolist(), looked.texts(split)
    for index, (name, number) in enumerate(zip(split.keys.all_raw(), kinds, strict=True)):
        suffix = b"." + name.rpartition(b".")[2].lower()
        said, kind = KINDS.get(suffix, ""), texts[number]
        if said and kind and said != kind:
            yield Finding("suffix", split.path(index), f"a {kind}, though called {suffix.decode()}; it is read as what it is")


def _too_small(looked: Looked, split: Split, rule: Preprocess) -> Iterator[Finding]:
    rows = looked.rows(split)
    sizes = np.stack([rows["height"], rows["width"]], axis=1)
    for index in too_small(sizes, rule).tolist():
        height, width = sizes[index].tolist()
        yield Finding("too-small", split.path(index), str(TooSmall(height, width, rule)), stops=True)


def _odd_sizes(looked: Looked) -> Iterator[Finding]:
    halves = looked.source.train, looked.source.test
    sides = [np.sort(np.stack([looked.rows(split)["height"], looked.rows(split)["width"]]), axis=0) for split in halves]
    known = np.concatenate([each[0] for each in sides])
    median = float(np.median(known[known > 0])) if known.any() else 0.0
    for split, (shorter, longer) in zip(halves, sides, strict=True):
        small, large, thin = shorter < SMALL * median, shorter > LARGE * median, longer > THIN * shorter
        for index in np.flatnonzero((shorter > 0) & (small | large | thin)).tolist():
            row = looked.rows(split)[index]
            what = "long and thin" if thin[index] else "small" if small[index] else "large"
            beside = "" if thin[index] else f" beside the others, whose shorter side has {median:.0f} in the middle"
            yield Finding("size", split.path(index), f"{row['width']}x{row['height']} pixels: {what}{beside}")


def _dark(looked: Looked, channels: int) -> Iterator[Finding]:
    """Images of 16 bits of which none is bright: of a camera of 12, say, so that the upper 8 are nearly black."""
    for split in (looked.source.train, looked.source.test):
        brightest = _brightest(looked, split, channels)
        white = split.white or MOST
        most = int(brightest.max(initial=0))
        if 0 < most <= white * DARK:
            bits, many = most.bit_length(), f"{len(brightest)} {split.name} image{'s' * (len(brightest) > 1)}"
            yield Finding("dark", "", f"no pixel of {many} of 16 bits is brighter than {most} of {white:g}: they are nearly "
                                      "black\n"
                                      f"  hint: --set train.data.white={(1 << bits) - 1}, if {bits} bits are what they hold")


def _brightest(looked: Looked, split: Split, channels: int) -> np.ndarray:
    """The brightest level, or the most that it can be, (k,) int64, of each image of 16 bits that was decoded."""
    rows, texts = looked.rows(split), looked.texts(split)
    deep = [number for number, text in enumerate(texts.known) if text.endswith("16 bit")]
    known = (rows["decoded"] == way(split, channels)) & (rows["damage"] == 0) & (rows["brightest"] >= 0)
    sixteen = np.isin(rows["mode"], deep) if split.encoded else np.full(split.size, BYTE < split.white <= MOST)
    chosen = rows["brightest"][known & sixteen].astype(np.int64)
    return np.asarray(chosen << 8 | 255 if split.eight_bits else chosen)


def _duplicates(looked: Looked) -> Iterator[Finding]:
    """Files with the same bytes as one before; those in both splits, or of several classes, have codes of their own."""
    train, test = looked.source.train, looked.source.test
    rows = np.concatenate([looked.rows(train)[["content", "hashed"]], looked.rows(test)[["content", "hashed"]]])
    places = np.flatnonzero(rows["hashed"])
    _, first, which = np.unique(rows["content"][places], return_index=True, return_inverse=True)
    for place, same in zip(places.tolist(), places[first[which]].tolist(), strict=True):
        if place != same:
            yield _duplicate(looked.source, same, place)


def _duplicate(source: Source, first: int, second: int) -> Finding:
    (one, i), (other, j) = (_at(source, place) for place in (first, second))
    labels = _label(source, one, i), _label(source, other, j)
    said = f"the same bytes as {one.path(i)}"
    if labels[0] != labels[1]:
        return Finding("duplicate-classes", other.path(j), f"{said}, but that is '{labels[0]}' and this is '{labels[1]}'")
    if one is not other:
        return Finding("duplicate-splits", other.path(j), f"{said}, which is trained on: the test knows its answer")
    return Finding("duplicate", other.path(j), said)


def _at(source: Source, place: int) -> tuple[Split, int]:
    return (source.train, place) if place < source.train.size else (source.test, place - source.train.size)


def _label(source: Source, split: Split, index: int) -> str:
    label = split.labels[index]
    return ", ".join(source.classes[each] for each in ([label] if split.labels.ndim == 1 else np.flatnonzero(label)))


def _few(source: Source, section: Data) -> Iterator[Finding]:
    """Classes without images in a split, or with few."""
    found = [(split, counts(split.labels, len(source.classes))) for split in (source.train, source.test)]
    nowhere = sum(int(each[0]) for _, each in found) == 0
    for split, number in found:
        for each in np.flatnonzero(number == 0).tolist():
            hint = ""
            if isinstance(section, Tfrecord) and not each and nowhere:
                hint = f"; if labels begin at {(first := section.first_label + 1)}: --set train.data.first_label={first}"
            if isinstance(section, Npz) and not each and nowhere and source.classes[0] == "0":
                hint = f"; {FROM_ONE}"
            yield Finding("class-missing", "", f"class '{source.classes[each]}' has no {split.name} image{hint}")
    split, number = found[0]
    median = float(np.median(number))
    for each in np.flatnonzero((number > 0) & ((number < 2) | (number < TINY * median))).tolist():
        yield Finding("class-tiny", "", f"class '{source.classes[each]}' has {number[each]} {split.name} "
                                        f"image{'s' * int(number[each] > 1)}, others {median:.0f} in the middle")
