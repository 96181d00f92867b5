"""Which number an item has among its kind in a body, for the names of layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from archspec.spec.items import Item, Items, Paths
from archspec.spec.operations import APART, Signature


def continues(signature: Signature, argument: str) -> bool:
    """Whether a list inside an item is numbered with the list around it."""
    return argument in ("body", "pre") and signature.name not in ("parallel", "repeat")


def numbered_body(lists: tuple[Items, ...], counts: Mapping[str, int]) -> tuple[Items, ...]:
    """The lists of one body with what is known only behind its last item: how many there are of a kind."""
    crowded = _crowded(item for items in lists for item in _same_body(items))
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
