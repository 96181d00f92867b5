"""Where a list is lowered: everything that what it holds has to know of where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from archspec.errors import Where
from archspec.graph.ir import Cursor, Role, Value
from archspec.graph.types import Tensor
from archspec.spec.expressions import UNKNOWN, Datum
from archspec.spec.scope import Binding, Scope

SHAPE_NAMES = ("channels", "map_height", "map_width")
"""What expressions know of the value that has come as far as where they stand."""
MAX_CALLS = 3
"""How many calls of blocks a message shows."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A call of a block that is being lowered."""

    name: str
    prefix: str
    where: Where

    def __str__(self) -> str:
        return f"in the block {self.name} ({self.prefix}), called from {self.where}"


@dataclass(frozen=True, slots=True)
class Place:
    """The start of its layer names, the names its expressions know, its unit, and where its nodes stand in the network.

    `calls` are the blocks around it, the outermost first; `depth` is the number of lists around it. `first_bias` is where
    the bias of its last operation starts, if something asks for that (a highway's gate).
    """

    prefix: str
    scope: Scope
    unit: str
    cursor: Cursor
    calls: tuple[Frame, ...] = ()
    depth: int = 0
    first_bias: float | None = None

    def level(self, name: str) -> Place:
        """One level further down in the layer names."""
        return Place(f"{self.prefix}_{name}", self.scope, self.unit, self.cursor, self.calls, self.depth, self.first_bias)

    def knowing(self, **names: Datum) -> Place:
        """The same place with more names."""
        return self.within(self.scope.knowing(**names))

    def at(self, value: Value | None) -> Place:
        """The same place where a value has come that far: what expressions know of its shape."""
        return self.within(self.scope.beside(Shape(value)))

    def reading(self, scope: Scope, unit: str) -> Place:
        """The same place for a list that was written elsewhere: its names and unit, the shape of the value here."""
        return self.within(scope.beside(self.scope.table_of("channels")), unit)

    def within(self, scope: Scope, unit: str | None = None) -> Place:
        """The same place with other names, and another unit if that is given."""
        return Place(self.prefix, scope, self.unit if unit is None else unit, self.cursor, self.calls, self.depth,
                     self.first_bias)

    def calling(self, frame: Frame, scope: Scope, unit: str) -> Place:
        """The place of a block's body."""
        return Place(frame.prefix, scope, unit, self.cursor, (*self.calls, frame), self.depth, self.first_bias)

    def inside(self) -> Place:
        """The same place in a list."""
        return Place(self.prefix, self.scope, self.unit, self.cursor, self.calls, self.depth + 1)

    def on(self, role: Role) -> Place:
        """The same place on a side path."""
        return replace(self, cursor=self.cursor.on(role))

    def starting(self, first_bias: float | None) -> Place:
        """The same place with the bias that its last operation starts with."""
        return self if first_bias == self.first_bias else replace(self, first_bias=first_bias)

    def notes(self) -> tuple[str, ...]:
        """The calls of blocks that lead here, the innermost first, for messages."""
        return tuple(str(frame) for frame in reversed(self.calls[-MAX_CALLS:]))


class Shape(Mapping[str, Binding]):
    """Those names for a value. Every item has them and few read them, so each is made when it is read."""

    __slots__ = ("_value",)

    def __init__(self, value: Value | None) -> None:
        self._value = value

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in SHAPE_NAMES else default

    def __getitem__(self, name: str) -> Binding:
        if name not in SHAPE_NAMES:
            raise KeyError(name)
        return Binding(UNKNOWN if self._value is None else _size(self._value.type, name))

    def __iter__(self) -> Iterator[str]:
        return iter(SHAPE_NAMES)

    def __len__(self) -> int:
        return len(SHAPE_NAMES)


def _size(kind: Tensor, name: str) -> int | None:
    """Of a vector, and of a map whose size is open, there is no height and width."""
    if name == "channels":
        return kind.channels
    return kind.shape[SHAPE_NAMES.index(name) - 1] if kind.is_map else None
