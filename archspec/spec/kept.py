"""Values of the network by name: what `keep` gives, and `use`, `join` and `upsample` take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from archspec.graph.ir import Value

PREVIOUS = "previous"
"""What entered the block before: known without `keep`, and never kept."""


class Kept:
    """The names of one body: of one call of a block, or of all lists outside of blocks. What was kept last holds.

    `body` is the block's name, '' outside; `reserved` are the names that are known there without `keep`, if not from the
    start. A value of None stands for one that a reported problem has made unknown. `touched` counts how often a name was
    given or taken, but for `previous`: what leaves it as it is has nothing to do with the names. `looked_back` of the outermost
    body counts how often `previous` was asked for in any.
    """

    def __init__(self, body: str = "", reserved: Iterable[str] = ()) -> None:
        self.body, self.reserved = body, frozenset((*reserved, PREVIOUS))
        self._values: list[dict[str, Value | None]] = [{}]
        self.touched = self.looked_back = 0

    def put(self, name: str, value: Value | None) -> None:
        """Gives a value a name from here on."""
        self._values[-1].pop(name, None)  # the names are listed in the order in which they were kept
        self._values[-1][name] = value
        self.touched += name != PREVIOUS

    def __contains__(self, name: str) -> bool:
        return any(name in values for values in self._values)

    def __getitem__(self, name: str) -> Value | None:
        self.touched += name != PREVIOUS
        return next(values[name] for values in reversed(self._values) if name in values)

    def entered(self, now: Value | None) -> Value | None:
        """What entered the block before, or, before the first, what enters now."""
        known = PREVIOUS in self
        return self[PREVIOUS] if known else now

    def names(self) -> list[str]:
        """All that are known, in the order in which they became so."""
        return list(dict.fromkeys(name for values in self._values for name in values))

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What is kept inside is known inside alone: of an auxiliary classifier."""
        self._values.append({})
        try:
            yield
        finally:
            self._values.pop()
