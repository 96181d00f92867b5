"""Parts of tensors: `qkv.weight[0 of 3]` is the first of three equal parts of qkv.weight, along its first axis."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from archspec.weights.tensors import Stored

PART = re.compile(r"(.+)\[([0-9]{1,4}) of ([0-9]{1,4})\]")


def whole(name: str) -> str:
    """The tensor that a name is a part of; itself, where it is none."""
    part = PART.fullmatch(name)
    return part[1] if part else name


def with_parts(tensors: Mapping[str, Stored], names: Iterable[str]) -> dict[str, Stored]:
    """The tensors, and their parts among these names. What cannot be parted so has no such part."""
    found = dict(tensors)
    for name in names:
        part = PART.fullmatch(name)
        if part is not None and part[1] in tensors:
            stored, index, count = tensors[part[1]], int(part[2]), int(part[3])
            if index < count and stored.shape and stored.shape[0] % count == 0:
                found[name] = _part(stored, index, stored.shape[0] // count)
    return found


def _part(stored: Stored, index: int, size: int) -> Stored:
    return Stored((size, *stored.shape[1:]), lambda: stored.read()[index * size:(index + 1) * size])
