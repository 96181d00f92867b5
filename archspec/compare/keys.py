"""The keys in which two recipes differ: how networks are trained, on what data, and how images come in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from archspec.schema.keys import to_json
from archspec.spec.arch import Spec

ROOT = "train"
ABSENT = None
"""Of a key that the other side's recipe has not, such as one of another schedule's."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key, and what it is on both sides."""

    path: str
    a: Any
    b: Any


def recipe(spec: Spec) -> Mapping[str, Any]:
    """What holds when a spec is trained, by path: what it says, and the defaults of what it does not."""
    return dict(flat(to_json(spec.train), ROOT))


def flat(value: object, path: str = "") -> Iterator[tuple[str, Any]]:
    """Nested mappings as paths with values."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from flat(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[KeyPair, ...]:
    """The keys whose values differ, in the order of the first, then of the second."""
    return tuple(KeyPair(name, a.get(name, ABSENT), b.get(name, ABSENT)) for name in dict.fromkeys((*a, *b))
                 if json.dumps(a.get(name, ABSENT), sort_keys=True) != json.dumps(b.get(name, ABSENT), sort_keys=True))
