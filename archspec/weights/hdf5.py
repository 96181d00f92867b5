"""HDF5 from strangers: only what lies in this file, each object once, and nothing larger than it says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, takewhile
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from archspec.weights.tensors import Unreadable, shown

MOST_DEPTH = 32
"""Groups within groups; a model in a model in a model has ten."""
LONGEST = 1024
"""Characters of a name."""
MOST_NAMES = 100_000
DAMAGED = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, OverflowError, NotImplementedError,
           MemoryError)
"""What h5py raises over a damaged file, UnicodeError among the ValueErrors."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what h5py stumbles over into Unreadable."""
    try:
        yield
    except DAMAGED as error:
        raise Unreadable(path, f"this HDF5 file is damaged ({type(error).__name__}: {error})") from None


@contextmanager
def opened(path: Path, source: Any) -> Iterator[h5py.File]:
    """An HDF5 file: a path, or an open file. Raises Unreadable."""
    with explained(path):
        file = h5py.File(source, "r")
    with file:
        yield file


def child(path: Path, group: h5py.Group, name: str) -> Any:
    """The group or array at a name, all its parts within this file. Raises Unreadable."""
    found: Any = group
    for part in name.split("/"):
        if not isinstance(found, h5py.Group) or not linked(found, part):
            raise Unreadable(path, f"{shown(name)} in it is missing or a link, which may lead to any file")
        found = found[part]
    if isinstance(found, h5py.Dataset):
        _check(path, found)
    elif not isinstance(found, h5py.Group):
        raise Unreadable(path, f"{shown(name)} in it is neither a group nor an array")
    return found


def linked(group: h5py.Group, name: str) -> bool:
    """Whether a group has a member of its own by this name; links that may leave the file do not count."""
    return isinstance(group.get(name, getlink=True), h5py.HardLink)


def _check(path: Path, data: h5py.Dataset) -> None:
    """Raises Unreadable for an array that is elsewhere, holds other than numbers, or unpacks to more than it says."""
    if data.external or data.is_virtual:
        raise Unreadable(path, f"{shown(data.name)} in it is kept in another file")
    if data.shape is None or data.dtype.kind not in "fiu":
        raise Unreadable(path, f"{shown(data.name)} in it holds no numbers")
    if data.id.get_create_plist().get_nfilters():
        raise Unreadable(path, f"{shown(data.name)} in it is compressed, which Keras never does",
                         "h5repack -f NONE unpacks it")
    if data.chunks is not None and prod(data.chunks) > 4 * prod(data.shape) + 65536:
        raise Unreadable(path, f"{shown(data.name)} in it is kept in pieces larger than itself")


def array(path: Path, data: h5py.Dataset) -> np.ndarray:
    """The numbers of an array. Raises Unreadable."""
    with explained(path):
        return np.asarray(data[()])


def groups(path: Path, root: h5py.Group, skipped: frozenset[str]) -> Iterator[tuple[str, h5py.Group]]:
    """Every group below with its place, in the order of their names; one that has several names only by the first.

    Those of the names in `skipped`, and what is in them, are left out.
    """
    seen = {_address(root)}
    waiting = [("", root)]
    while waiting:
        place, group = waiting.pop()
        if place:
            yield place, group
        if place.count("/") >= MOST_DEPTH:
            raise Unreadable(path, f"its groups are nested more than {MOST_DEPTH} deep")
        inner = [(name, child(path, group, name)) for name in group if name not in skipped]
        fresh = [(f"{place}/{text(path, name)}", each) for name, each in inner
                 if isinstance(each, h5py.Group) and _address(each) not in seen]
        seen |= {_address(each) for _, each in fresh}
        waiting.extend(reversed(fresh))


def _address(group: h5py.Group) -> int:
    """Where an object lies in the file, which is the same by all its names."""
    return int(h5py.h5o.get_info(group.id).addr)


def texts(path: Path, group: h5py.Group, name: str) -> list[str]:
    """A list of texts that belongs to a group; one too long for HDF5 is in parts, name0, name1, …"""
    parts = [name] if name in group.attrs else takewhile(group.attrs.__contains__, (f"{name}{i}" for i in count()))
    return [text(path, value) for part in parts for value in _values(path, group, part)]


def _values(path: Path, group: h5py.Group, name: str) -> Any:
    """A list in an attribute."""
    attribute = h5py.h5a.open(group.id, name.encode())
    if attribute.shape == (0,):
        return []
    if len(attribute.shape) != 1 or attribute.shape[0] > MOST_NAMES or h5py.check_string_dtype(attribute.dtype) is None:
        raise Unreadable(path, f"{name} in it is no list of up to {MOST_NAMES:,} names")
    return group.attrs[name]


def name(path: Path, group: h5py.Group) -> str:
    """The attribute `name` of a group, or ''. Raises Unreadable where it is no text."""
    if "name" not in group.attrs:
        return ""
    if h5py.h5a.open(group.id, b"name").shape != ():
        raise Unreadable(path, "a name in it is no text")
    return text(path, group.attrs["name"])


def text(path: Path, value: object) -> str:
    """A name in the file. Raises Unreadable for a number, or what is not UTF-8."""
    try:
        found = value.decode() if isinstance(value, bytes) else value
        if isinstance(found, str) and len(found.encode()) <= LONGEST:
            return found
    except UnicodeError:
        raise Unreadable(path, f"a name in it is not UTF-8: {ascii(value)[:30]}") from None
    raise Unreadable(path, f"a name in it is no text of up to {LONGEST:,} bytes: {ascii(value)[:30]}")
