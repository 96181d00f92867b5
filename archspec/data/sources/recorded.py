"""From records with labels to a source: which class each is of, and what the classes are called."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archspec.data.names import Names, readable
from archspec.data.source import Source, Split
from archspec.data.sources.several import table_of
from archspec.data.sources.shards import Records, Shards
from archspec.errors import InputError, some, visible
from archspec.spec.data import MOST_CLASSES

Labelled = tuple[list[np.ndarray], tuple[str, ...]]
"""The label of each label's class, (m,) int32, in each split, and the names of the classes."""


@dataclass(frozen=True)
class Half:
    """A split before its labels are numbers of classes: its name, its files and what is in them."""

    name: str
    paths: tuple[Path, ...]
    records: Records

    def of(self, label: int) -> str:
        """What messages call the record of a label."""
        index = int(self.records.owners()[label])
        return f"{visible(str(self.paths[self.records.shards[index]]))}: record {self.records.numbers()[index]}"


def source_of(name: str, halves: tuple[Half, Half], place: Path, first: int, names: tuple[str, ...] | None,
              white: float, several: bool = False) -> Source:
    """A source of records: `first` is the number of the first class, `names` are those of the classes, if they have any.

    `several`: an image may have several labels, or none.

    Raises InputError for a label that is no class's.
    """
    train, test = halves
    for half in halves:
        if not len(half.records.counts):
            raise InputError(f"{_called(half)}: there are no records in it")
    texts = bool(train.records.texts)
    if texts != bool(test.records.texts) and len(train.records.labels) and len(test.records.labels):
        raise InputError(f"{_called(train)} and {_called(test)} have labels of different kinds: numbers and texts")
    labels, classes = _by_text(halves, names) if texts else _by_number(halves, first, names)
    if several:
        labels = [table_of(len(half.records.counts), len(classes), half.records.owners(), numbers, _called(half))
                  for half, numbers in zip(halves, labels, strict=True)]
    return Source(name, classes, _split(train, labels[0], place, white), _split(test, labels[1], place, white))


def _called(half: Half) -> str:
    return visible(str(half.paths[0]))


def _by_number(halves: tuple[Half, Half], first: int, names: tuple[str, ...] | None) -> Labelled:
    most = max(int(half.records.labels.max(initial=first)) for half in halves)
    last = min(first + len(names) - 1 if names else most, first + MOST_CLASSES - 1)
    for half in halves:
        labels = half.records.labels
        wrong = np.flatnonzero((labels < first) | (labels > last))
        if len(wrong):
            raise InputError(f"{half.of(int(wrong[0]))}: {_no_class(int(labels[wrong[0]]), first, last)}")
    return [(half.records.labels - first).astype(np.int32) for half in halves], (
        names or tuple(map(str, range(first, most + 1))))


def _no_class(label: int, first: int, last: int) -> str:
    if label < 0:
        return f"the label is {label}: the image has none\n  hint: another split, whose images have labels"
    if label < first:
        return f"the label is {label}, but the first class is {first}\n  hint: --set train.data.first_label={label}"
    return (f"the label is {label}, but the last class is {last}\n"
            "  hint: a file with a name for each class, or another train.data.first_label")


def _by_text(halves: tuple[Half, Half], names: tuple[str, ...] | None) -> Labelled:
    classes = tuple(name.encode() for name in names) if names else halves[0].records.texts
    numbers = {text: number for number, text in enumerate(classes)}
    found = []
    for half in halves:
        table = np.array([numbers.get(text, -1) for text in half.records.texts], np.int32)
        labels = table[half.records.labels]
        wrong = np.flatnonzero(labels < 0)
        if len(wrong):
            text = half.records.texts[half.records.labels[wrong[0]]]
            raise InputError(f"{half.of(int(wrong[0]))}: the class '{readable(text)}' is none of "
                             f"{some(map(readable, classes))}")
        found.append(labels)
    return found, tuple(map(readable, classes))


def _split(half: Half, labels: np.ndarray, place: Path, white: float) -> Split:
    records, base = half.records, os.fsencode(place)
    files = tuple(os.fsencode(path) for path in half.paths)
    shards = Shards(files, records.shards, records.offsets, records.sizes)
    short = [os.path.relpath(file, base) for file in files]
    keys = Names.of(b"%s:%d" % (short[shard], number)
                    for shard, number in zip(records.shards.tolist(), records.numbers().tolist(), strict=True))
    return Split(half.name, labels, keys, shards.item, shards.head, readable(base), encoded=True, eight_bits=not white,
                 white=white, file=shards.file)
