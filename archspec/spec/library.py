"""The blocks that ship with archspec. A file of them is read when one of its blocks is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from archspec.io.places import relative, shipped
from archspec.schema.tree import MappingTree
from archspec.spec.source import read

BLOCK_LINE = re.compile(r"^  ([A-Za-z][A-Za-z0-9_]*):", re.MULTILINE)
"""A block's line in a shipped file. Reading all files to know the names would be a third of a `check`;
tests/spec/test_shipped.py holds that this finds the blocks that reading finds."""


class Library(Mapping[str, MappingTree]):
    """Blocks as trees, by name."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._read: dict[Path, Mapping[str, MappingTree]] = {}

    def __getitem__(self, name: str) -> MappingTree:
        path = self._files[name]
        if path not in self._read:
            self._read[path] = blocks_of(path)
        return self._read[path][name]

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def family(self, name: str) -> str:
        """The name of the file in which a block stands."""
        return self._files[name].stem


def block_names(text: str) -> list[str]:
    """The names of the blocks in a shipped file."""
    return BLOCK_LINE.findall(f"\n{text}".partition("\nblocks:\n")[2])


def blocks_of(path: Path) -> dict[str, MappingTree]:
    """The blocks of a file, each at the place of its name. Raises SpecError."""
    blocks = read(path).entries.get("blocks")
    entries = blocks.entries if isinstance(blocks, MappingTree) else {}
    return {name: replace(tree, where=blocks.key(name)) for name, tree in entries.items()
            if isinstance(blocks, MappingTree) and isinstance(tree, MappingTree)}


def shipped_blocks() -> Library:
    """The blocks of specs/blocks/*.yaml."""
    return _library(relative(shipped() / "blocks" / "NAME.yaml"))


@lru_cache(maxsize=2)
def _library(called: str) -> Library:
    """They are read anew in a folder from which messages call the files otherwise; what they call one says it of all."""
    paths = sorted((shipped() / "blocks").glob("*.yaml"))
    return Library({name: path for path in paths for name in block_names(path.read_text(encoding="utf-8"))})
