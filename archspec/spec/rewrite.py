"""Items changed as trees: what is written for one, in long form, with other arguments on top of it."""

from __future__ import annotations

from archspec.errors import Where
from archspec.schema.tree import MappingTree, Scalar, Tree
from archspec.spec.item_reader import ItemReader
from archspec.spec.longform import PARTS
from archspec.spec.merge import merge
from archspec.spec.operations import OPERATIONS, Signature


def parted(tree: Tree) -> tuple[str, Where, Tree | None]:
    """An item as written: its name, where that stands, and what stands behind the colon."""
    if isinstance(tree, MappingTree):
        (name, argument), = tree.entries.items()
        return name, tree.key(name), argument
    assert isinstance(tree, Scalar)
    return tree.text, tree.where, None


def with_arguments(reader: ItemReader, signature: Signature, tree: Tree, changes: MappingTree) -> MappingTree:
    """An item in long form with other arguments: mappings merge, null takes away, anything else replaces."""
    name, where, argument = parted(tree)
    written = dict(reader.arguments(signature, argument))
    entries = {key: _as_kind(key, part, changes.entries.get(key), reader) for key, part in written.items()}
    keys = {key: part.where for key, part in entries.items()}
    merged = merge(MappingTree(entries, changes.where, keys), changes, ("arguments",))
    return MappingTree({name: merged}, where, {name: where})


def _as_kind(key: str, tree: Tree, change: Tree | None, reader: ItemReader) -> Tree:
    """A norm or act as a mapping where arguments of it change."""
    named = isinstance(tree, Scalar) and not tree.text.startswith("$")
    if key not in PARTS or not named or not isinstance(change, MappingTree):
        return tree
    found = reader.arguments(OPERATIONS[key], tree)
    return MappingTree(dict(found), tree.where, {name: part.where for name, part in found})
