"""Packing a data set: into a new folder, or on from where an earlier start was stopped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archspec.data.check import Checked, checked
from archspec.data.looking import Tick
from archspec.data.pack.images import Scaled, maker, white_of
from archspec.data.pack.layout import TEST, TRAIN, Part, divided, expected, parts
from archspec.data.pack.place import SKIPPED, STATE, begun, refuse_others, refuse_strays, state
from archspec.data.pack.shard import FIRST, Packing, read_shard, write_shard
from archspec.data.source import Source, without
from archspec.data.sources.listed import INDEX, Entry, write_index
from archspec.data.sources.tfrecord import NAMES, names_of
from archspec.errors import InputError, visible
from archspec.io.files import write_json, write_text
from archspec.io.lock import Taken, alone
from archspec.preprocess.rule import Preprocess
from archspec.spec.data import Data

FORMAT = 1


@dataclass(frozen=True)
class Wish:
    """How a data set is to be packed: near how many bytes a file has, and how images are scaled, if they are."""

    size: int
    scaled: Scaled | None


@dataclass(frozen=True)
class Packed:
    """What lies in the folder: the images, files and bytes of each split, what was left out, and what reads it."""

    splits: dict[str, dict[str, int]]
    classes: int
    skipped: tuple[str, ...]
    section: dict[str, Any]
    """What `train.data` says in a spec that trains on it."""


@dataclass(frozen=True, eq=False)
class Half:
    """A split on its way: its name in the folder, how its images are packed, and bytes that each will take, (n,)."""

    name: str
    packing: Packing
    now: np.ndarray
    sizes: np.ndarray
    scaled: Scaled | None

    @property
    def images(self) -> int:
        """How many there are."""
        return self.packing.split.size

    def expected(self) -> np.ndarray:
        """Bytes that each image will take, (n,) float64."""
        return expected(self.packing.split, self.now, self.sizes, self.packing.make, self.scaled)


def pack(source: Source, section: Data, rule: Preprocess, out: Path, wish: Wish, tick: Tick) -> Packed:
    """Packs both splits. Raises InputError for what cannot be packed, or where `out` holds something else.

    What was written by an earlier start, for the same images and the same wish, is looked through and kept.
    """
    source.check(len(source.classes))
    refuse_others(out)
    names, white = names_text(source.classes), white_of(source)
    found = checked(source, section, rule, tick)
    halves = _halves(source, found, rule, wish.scaled)
    asked = {"format": FORMAT, "source": source.name, "digest": found.index.digest, "white": white,
             "several": halves[0].packing.wanted.several, "size": wish.size,
             "shorter": wish.scaled and wish.scaled.shorter, "quality": wish.scaled and wish.scaled.quality,
             "channels": wish.scaled and rule.channels, "decoder": wish.scaled and rule.decoder}
    try:
        with alone(out):
            files = _begin(out, halves, asked, wish.size)
            write_text(out / NAMES, names)
            if found.reasons:
                write_text(out / SKIPPED, "".join(f"{reason}\n" for reason in found.reasons))
            entries = {half.name: list(_entries(out, half, files[half.name], tick)) for half in halves}
            write_index(out / INDEX, [entry for each in entries.values() for entry in each], halves[0].packing.wanted)
    except Taken:
        raise InputError(f"{visible(str(out))}: another process packs into this folder") from None
    return Packed({half.name: _counted(half, entries[half.name]) for half in halves}, len(source.classes), found.reasons,
                  _section(out, white, halves[0].packing))


def names_text(classes: tuple[str, ...]) -> str:
    """The text of labels.txt: a name a line, or `number:name` where names themselves look so. Raises InputError."""
    for text in ("".join(f"{name}\n" for name in classes),
                 "".join(f"{number}:{name}\n" for number, name in enumerate(classes, FIRST))):
        if names_of(text, FIRST, NAMES) == classes:
            return text
    wrong = next((name for name in classes if name != name.strip()), classes[0])
    raise InputError(f"a class is called '{wrong}': {NAMES} cannot hold this name as it is\n"
                     "  hint: a name without blanks at its ends")


def _halves(source: Source, found: Checked, rule: Preprocess, scaled: Scaled | None) -> list[Half]:
    halves = []
    for name, split, listing, sizes, skipped in ((TRAIN, source.train, found.index.train, found.train_sizes, found.train),
                                                 (TEST, source.test, found.index.test, found.test_sizes, found.test)):
        own = without(split, skipped)
        packing = Packing(own, maker(own, sizes, rule, scaled), source.classes)
        halves.append(Half(name, packing, np.delete(listing.sizes, skipped), sizes, scaled))
    return halves


def _begin(out: Path, halves: list[Half], asked: dict[str, Any], size: int) -> dict[str, list[Part]]:
    """The files of each split, as an earlier start has decided, or as it is decided now."""
    counts = begun(out, asked, {half.name: half.images for half in halves})
    if counts is None:
        sizes = [half.expected() for half in halves]
        _refuse_without_room(out, float(sum(each.sum() for each in sizes)))
        counts = {half.name: divided(each, size) for half, each in zip(halves, sizes, strict=True)}
        write_json(out / STATE, state(asked, counts))
    files = {name: list(parts(name, each)) for name, each in counts.items()}
    refuse_strays(out, (part.name for each in files.values() for part in each))
    return files


def _refuse_without_room(out: Path, needed: float) -> None:
    there = next(path for path in (out, *out.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise InputError(f"{visible(str(out))}: the packed images take about {needed / 1e6:,.1f} MB, and {free / 1e6:,.1f} "
                         "MB are free there\n  hint: a folder on another disk, or smaller images: --shorter")


def _entries(out: Path, half: Half, files: list[Part], tick: Tick) -> Iterator[Entry]:
    """The files of a split, one after another: those that are there are looked through, the others written."""
    def ticked(what: str) -> Callable[[int], None]:
        return lambda done: tick(f"{what} {half.name} images", done, half.images)
    for part in files:
        path = out / part.name
        if path.exists():
            yield read_shard(path, half.packing, part.begin, part.end)
            ticked("looking through")(part.end)
        else:
            yield write_shard(path, half.packing, part.begin, part.end, ticked("packing"))


def _counted(half: Half, entries: list[Entry]) -> dict[str, int]:
    return {"images": half.images, "files": len(entries), "bytes": sum(entry.size for entry in entries)}


def _section(out: Path, white: float, packing: Packing) -> dict[str, Any]:
    several = {"several": True} if packing.wanted.several else {}
    deep = {"white": int(white) if white == int(white) else white} if white else {}
    return {"source": "tfrecord", "path": str(out), **several, **deep}
