"""Which number an item has among its kind in a body, for the names of layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from archspec.schema.tree import Scalar
from archspec.spec.items import Item, Items, Paths, ShortcutCases
from archspec.spec.operations import APART, Signature


def continues(signature: Signature, argument: str) -> bool:
    """Whether a list inside an item is numbered with the list around it."""
    return argument in ("body", "pre") and signature.name not in ("parallel", "repeat")


def numbered_body(lists: tuple[Items, ...], counts: Mapping[str, int]) -> tuple[Items, ...]:
    """The lists of one body with what is known only behind its last item: how many there are of a kind."""
    body = [item for items in lists for item in _same_body(items)]
    crowded = _crowded(body) | _crowded_shortcuts(body, counts)
    return tuple(_numbered(items, counts, crowded) for items in lists)


def _numbered(items: Items, counts: Mapping[str, int], crowded: set[int]) -> Items:
    return Items(tuple(_with_count(item, counts, crowded) for item in items.items), items.where)


def _with_count(item: Item, counts: Mapping[str, int], crowded: set[int]) -> Item:
    if item.signature is None:
        return item
    held = {name: _numbered(arg, counts, crowded) for name, arg in _held(item)}
    args = MappingProxyType({**item.args, **held}) if held else item.args
    return replace(item, count=counts[item.kind], args=args, apart=id(item) in crowded)


def _held(item: Item) -> Iterator[tuple[str, Items]]:
    """The lists inside an item that are numbered with the list around it."""
    if item.signature is not None and item.signature.holds and item.given_name is None:
        for name, arg in item.args.items():
            if isinstance(arg, Items) and continues(item.signature, name):
                yield name, arg


def _same_body(items: Items) -> Iterator[Item]:
    for item in items.items:
        yield item
        for _, inside in _held(item):
            yield from _same_body(inside)


def _crowded(items: Iterable[Item]) -> set[int]:
    """Those among the branches and parallel of a body that merge differently, and whose layers would have the same names."""
    found: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        if item.name in ("branches", "parallel") and item.given_name is None and item.kind not in APART:
            for start in _starts(item):
                found.setdefault(start, []).append(item)
    return {id(item) for same in found.values() if len({item.kind for item in same}) > 1 for item in same}


def _starts(item: Item) -> set[tuple[str, str]]:
    """The layers right in the paths of an item: the path's name and the layer's."""
    paths, body = item.args.get("paths"), item.args.get("body")
    named = paths.paths if isinstance(paths, Paths) else (("path", body),)
    return {(name, inner.label) for name, path in named if isinstance(path, Items) for inner in _same_body(path)}


def _crowded_shortcuts(items: Iterable[Item], counts: Mapping[str, int]) -> set[int]:
    """The residuals with a name whose shortcut is a list, and has layers that are called as another's of the body."""
    found: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        if item.name == "residual":
            suffix = replace(item, count=counts[item.kind]).suffix
            for label in set(_labels_of_shortcut(item)):
                found.setdefault((suffix, label), []).append(item)
    return {id(item) for same in found.values() if len(same) > 1 for item in same if item.given_name is not None}


def _labels_of_shortcut(item: Item) -> Iterator[str]:
    """The layers right in the lists of a shortcut; of a list that has a name, that name."""
    shortcut = item.args.get("shortcut")
    for part in (shortcut.matching, shortcut.differing) if isinstance(shortcut, ShortcutCases) else (shortcut,):
        if isinstance(part, Items):
            yield from (inner.label for inner in _same_body(part))
        elif isinstance(part, Scalar) and part.text.startswith("$"):
            yield part.text
