"""How one tree changes another."""

from __future__ import annotations

from collections.abc import Collection

from archspec.schema.tree import MappingTree, Scalar
from archspec.spec.longform import KINDS, NAMED, PARTS


def merge(base: MappingTree, changes: MappingTree, path: tuple[str, ...] = ()) -> MappingTree:
    """The base with the changes: mappings key by key, null removes, anything else replaces."""
    entries, keys = dict(base.entries), dict(base.keys)
    for key, value in changes.entries.items():
        keys[key] = changes.key(key)
        if isinstance(value, Scalar) and value.value is None and not changes_item(path):
            entries.pop(key, None)
            continue
        old = entries.get(key)
        if not isinstance(value, MappingTree):
            entries[key] = value
        elif not isinstance(old, MappingTree) or path == ("blocks",) or _another_kind((*path, key), old, value):
            entries[key] = merge(MappingTree({}, value.where), value, (*path, key))
        else:
            entries[key] = merge(old, value, (*path, key))
    return MappingTree(entries, changes.where, keys)


def _another_kind(path: tuple[str, ...], old: MappingTree, new: MappingTree) -> bool:
    """Whether a norm, an act, a schedule… of another kind replaces the whole one before."""
    if path in NAMED:
        return not old.entries.keys() & new.entries.keys()
    of_kind = PARTS.get(path[-1]) if path[0] != "train" else KINDS.get((path[0], path[-1])) if len(path) == 2 else None
    if of_kind is None:
        return False
    key, implied = of_kind
    if implied is None:
        return key in new.entries
    kinds = [found.text if isinstance(found := tree.entries.get(key), Scalar) else implied for tree in (old, new)]
    return key in new.entries and kinds[0] != kinds[1]


def changes_item(path: tuple[str, ...]) -> bool:
    """Whether a path leads into the arguments that an edit of a block changes, where null takes one of the item's away."""
    return path[:1] == ("blocks",) and path[2:3] == ("edit",) and path[4:5] == ("change",)


def without(tree: MappingTree, keys: Collection[str]) -> MappingTree:
    """A mapping less some keys."""
    return MappingTree({key: value for key, value in tree.entries.items() if key not in keys}, tree.where, tree.keys)
