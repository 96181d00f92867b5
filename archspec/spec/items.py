"""Operation lists as read: an Item is one operation or block call whose arguments are still as written (trees).

Their values are known only where the item stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from archspec.errors import Where
from archspec.schema.tree import Scalar, Tree
from archspec.spec.operations import APART, Signature


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """An operation list. `[]` is the identity."""

    items: tuple[Item, ...]
    where: Where


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """The paths of `branches`, each with the name it has in layer names."""

    paths: tuple[tuple[str, Items | Scalar], ...]
    where: Where
    named: bool
    """Whether the names are the spec's, and not counted."""


@dataclass(frozen=True, slots=True, eq=False)
class ShortcutCases:
    """`shortcut: {matching, differing}`."""

    matching: Items | Scalar
    differing: Items | Scalar
    where: Where


Arg = Tree | Items | Paths | ShortcutCases
NONE: Mapping[str, Arg] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One operation or block call with its arguments as written.

    `ordinal` is its place among the items of its `kind` in the body it was written in, `count` how many those are.
    """

    name: str
    where: Where
    signature: Signature | None
    args: Mapping[str, Arg] = field(default_factory=lambda: NONE)
    condition: Tree | None = None
    given_name: str | None = None
    kind: str = ""
    ordinal: int = 1
    count: int = 1
    apart: bool = False
    """Whether its paths, or its shortcut, stand a level down in layer names, since those of another item of the body have
    layers of the same names."""

    @property
    def broken(self) -> bool:
        """Whether a problem in it has been reported already, so that nothing follows from it."""
        return self.signature is None

    @property
    def suffix(self) -> str:
        """Its number among its kind; empty where there is one of the kind."""
        return str(self.ordinal) if self.count > 1 else ""

    @property
    def label(self) -> str:
        """The item's part of a layer name."""
        return self.given_name or self.kind + self.suffix

    @property
    def level_of_paths(self) -> str:
        """What stands before the names of its paths: its label where another item of the body would have the same names.

        Before paths that merge as rows, weighted, select or attend it stands always.
        """
        crowded = self.suffix or self.apart or self.kind in APART
        return f"{self.label}_" if crowded and self.given_name is None else ""


def every_item(items: Items) -> Iterator[Item]:
    """Every item of a list and of the lists that it holds as written."""
    for item in items.items:
        yield item
        for arg in item.args.values():
            parts = (arg.matching, arg.differing) if isinstance(arg, ShortcutCases) else \
                [path for _, path in arg.paths] if isinstance(arg, Paths) else [arg]
            for part in parts:
                if isinstance(part, Items):
                    yield from every_item(part)
