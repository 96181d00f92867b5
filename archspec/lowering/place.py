"""Where a list is lowered: everything that what it holds has to know of where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from archspec.graph.ir import Cursor, Frame, Role, Value
from archspec.spec.expressions import UNKNOWN, Datum
from archspec.spec.scope import Binding, Scope

SHAPE_NAMES = ("channels", "map_height", "map_width")
"""What expressions know of the value that has come as far as where they stand."""
UNKNOWN_SHAPE: Mapping[str, Binding] = MappingProxyType({name: Binding(UNKNOWN) for name in SHAPE_NAMES})
MAX_CALLS = 3
"""How many calls of blocks a message shows."""


@dataclass(frozen=True, slots=True)
class Place:
    """The start of its layer names, the names its expressions know, its unit, and where its nodes stand in the network.

    `depth` is the number of lists around it. `first_bias` is where the bias of its last operation starts, if something
    asks for that (a highway's gate).
    """

    prefix: str
    scope: Scope
    unit: str
    cursor: Cursor
    depth: int = 0
    first_bias: float | None = None

    @property
    def calls(self) -> tuple[Frame, ...]:
        """The blocks around it, the outermost first."""
        return self.cursor.calls

    def level(self, name: str) -> Place:
        """One level further down in the layer names."""
        return Place(f"{self.prefix}_{name}", self.scope, self.unit, self.cursor, self.depth, self.first_bias)

    def knowing(self, **names: Datum) -> Place:
        """The same place with more names."""
        return self.within(self.scope.knowing(**names))

    def at(self, value: Value | None) -> Place:
        """The same place where a value has come that far: what expressions know of its shape."""
        return self.within(self.scope.holding(shape_names(value)))

    def reading(self, scope: Scope, unit: str) -> Place:
        """The same place for a list that was written elsewhere: its names and unit, the shape of the value here."""
        return self.within(scope.holding({name: Binding(self.scope[name]) for name in SHAPE_NAMES}), unit)

    def within(self, scope: Scope, unit: str | None = None) -> Place:
        """The same place with other names, and another unit if that is given."""
        return Place(self.prefix, scope, self.unit if unit is None else unit, self.cursor, self.depth, self.first_bias)

    def calling(self, frame: Frame, scope: Scope, unit: str) -> Place:
        """The place of a block's body."""
        return Place(frame.prefix, scope, unit, self.cursor.calling(frame), self.depth, self.first_bias)

    def inside(self) -> Place:
        """The same place in a list."""
        return Place(self.prefix, self.scope, self.unit, self.cursor, self.depth + 1)

    def on(self, role: Role) -> Place:
        """The same place on a side path."""
        return replace(self, cursor=self.cursor.on(role))

    def starting(self, first_bias: float | None) -> Place:
        """The same place with the bias that its last operation starts with."""
        return self if first_bias == self.first_bias else replace(self, first_bias=first_bias)

    def notes(self) -> tuple[str, ...]:
        """The calls of blocks that lead here, the innermost first, for messages."""
        return tuple(str(frame) for frame in reversed(self.calls[-MAX_CALLS:]))


def shape_names(value: Value | None) -> Mapping[str, Binding]:
    """Those names for a value; of a vector, and of a map whose size is open, there is no height and width."""
    return UNKNOWN_SHAPE if value is None else _names_of(value.type.shape)


@lru_cache(maxsize=1024)
def _names_of(shape: tuple[int | None, ...]) -> Mapping[str, Binding]:
    height, width = shape[:2] if len(shape) == 3 else (None, None)
    return MappingProxyType(dict(zip(SHAPE_NAMES, map(Binding, (shape[-1], height, width)), strict=True)))
