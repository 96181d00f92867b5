"""What a file says, before anything is known of its meaning: scalars, lists and mappings that know their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from archspec.errors import Where, shorten

BROKEN = "\0"
"""The value of what cannot be read; no YAML text holds this character. Nothing follows from it but its own problem."""

Atom = int | float | str | bool | None


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A single value. `text` is what was written; `value` is None for null, which is not the text `none`."""

    value: Atom
    text: str
    where: Where


@dataclass(frozen=True, slots=True, eq=False)
class ListTree:
    """A list."""

    items: tuple[Tree, ...]
    where: Where


@dataclass(frozen=True, slots=True, eq=False)
class MappingTree:
    """A mapping of texts. `keys` says where each key stands."""

    entries: Mapping[str, Tree]
    where: Where
    keys: Mapping[str, Where] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", MappingProxyType(dict(self.entries)))
        object.__setattr__(self, "keys", MappingProxyType(dict(self.keys)))

    def key(self, name: str) -> Where:
        """The place of a key."""
        return self.keys.get(name, self.where)


Tree = Scalar | ListTree | MappingTree


def plain(tree: Tree) -> object:
    """The tree as lists, dicts and atoms."""
    match tree:
        case MappingTree():
            return {key: plain(value) for key, value in tree.entries.items()}
        case ListTree():
            return [plain(item) for item in tree.items]
        case Scalar():
            return tree.value


def overlay(base: MappingTree, changes: MappingTree) -> MappingTree:
    """The base with the keys that are given: mappings merge, everything else replaces."""
    entries, keys = dict(base.entries), dict(base.keys)
    for key, value in changes.entries.items():
        old = entries.get(key)
        entries[key] = overlay(old, value) if isinstance(old, MappingTree) and isinstance(value, MappingTree) else value
        keys[key] = changes.key(key)
    return MappingTree(entries, changes.where, keys)


def tree_of(data: object, where: Where) -> Tree:
    """Lists, dicts and atoms as a tree whose parts stand at `where`, each with its key path."""
    if isinstance(data, Mapping):
        places = {str(key): replace(where, path=f"{where.path}.{key}".lstrip(".")) for key in data}
        return MappingTree({str(key): tree_of(value, places[str(key)]) for key, value in data.items()}, where, places)
    if isinstance(data, list | tuple):
        return ListTree(tuple(tree_of(item, where) for item in data), where)
    if data is None or isinstance(data, int | float | str):
        return Scalar(data, written(data), where)
    raise TypeError(f"a tree holds mappings, lists, numbers, texts, true, false and None, this is {type(data).__name__}")


def written(value: object) -> str:
    """A single value as one writes it in YAML."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def kind(tree: Tree) -> str:
    """What a part of a tree is, for messages."""
    match tree:
        case MappingTree():
            return "a mapping"
        case ListTree():
            return "a list"
        case Scalar(value=None):
            return "null"
        case Scalar(value=bool()):
            return f"{tree.text} (true or false)"
        case Scalar(value=""):
            return "an empty text"
        case Scalar(value=str()):
            return f"the text '{shorten(tree.text)}'"
    return f"the number {tree.text}"
