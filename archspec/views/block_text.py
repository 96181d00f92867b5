"""A block as its file has it, comments and all, or with what it copies."""

from __future__ import annotations

from pathlib import Path

from archspec.errors import InputError, SpecError, Where
from archspec.schema.tree import MappingTree, Tree, plain
from archspec.spec.blocks import BlockTable
from archspec.spec.dump import to_text
from archspec.spec.source import parse


def block_text(table: BlockTable, name: str, expand: bool) -> str:
    """A file of blocks with one block in it; `expand` puts in the place of `like` and `edit` what they come to.

    Raises InputError where there is no such block.
    """
    if name not in table:
        raise InputError(f"there is no block '{name}'\n  hint: {table.meant(name)}")
    tree = table.tree(name) if expand else table.as_written(name)
    return (None if expand else _lines(tree, name)) or to_text({"blocks": {name: plain(tree)}})


def _lines(tree: MappingTree, name: str) -> str | None:
    """The lines of the block's file, where they mean the block by themselves: nothing is merged in or named elsewhere."""
    where = tree.where
    try:
        text = Path(where.file).read_text(encoding="utf-8")
        found = "blocks:\n" + _from(text.splitlines(), where)
        same = _blocks(parse(found, where.file)) == {name: plain(tree)}
    except (OSError, UnicodeDecodeError, SpecError):
        return None
    return found if same else None


def _from(lines: list[str], where: Where) -> str:
    """The lines from a key on that stand further to the right than it."""
    first, *rest = lines[where.line - 1:]
    indent = len(first) - len(first.lstrip(" "))
    ends = (number for number, line in enumerate(rest) if line.strip() and not line.startswith(" " * (indent + 1)))
    return "\n".join([first, *rest[:next(ends, len(rest))]]).rstrip() + "\n"


def _blocks(tree: Tree) -> object:
    return plain(tree.entries["blocks"]) if isinstance(tree, MappingTree) and "blocks" in tree.entries else None
