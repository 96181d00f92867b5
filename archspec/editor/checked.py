"""What the checker says of a text: its problems, and where there is none the spec and its graph."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from archspec.errors import Problem, SpecError
from archspec.graph.ir import Graph
from archspec.io.unsaved import unsaved
from archspec.network import loaded, lower
from archspec.schema.tree import MappingTree
from archspec.spec.arch import Spec
from archspec.spec.blocks import BlockTable
from archspec.spec.inherit import Resolved, resolve
from archspec.spec.scope import TooLarge

ABOUT = re.compile(r"^(archspec|extends|input|classes|stem|stages|head|blocks)[ \t]*:", re.MULTILINE)
"""By these keys a text is taken for a spec, or a file of blocks."""
OF_BLOCKS = {"archspec", "description", "blocks"}
"""The keys of a file of blocks, one that specs include or one that ships: it is no spec of its own."""


@dataclass(frozen=True)
class Checked:
    """A text as the checker sees it. `files` are those that it was made of, links resolved, its own among them."""

    path: Path
    text: str
    files: frozenset[Path]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    resolved: Resolved | None = field(default=None, repr=False)
    spec: Spec | None = field(default=None, repr=False)
    graph: Graph | None = field(default=None, repr=False)


def is_spec(text: str) -> bool:
    """Whether a text means to be a spec or a file of blocks."""
    return ABOUT.search(text) is not None


def check(path: Path, texts: Mapping[Path, str]) -> Checked:
    """Checks a file as an editor holds it; `texts` are all that the editor holds, by their paths with links resolved."""
    text = texts[path.resolve()]
    with unsaved(texts) as asked:
        resolved = None
        try:
            resolved = resolve(str(path))
            blocks = resolved.tree.entries.get("blocks")
            if isinstance(blocks, MappingTree) and resolved.tree.entries.keys() <= OF_BLOCKS:
                return Checked(path, text, frozenset(asked), _of_blocks(blocks, resolved.problems))
            spec = loaded(resolved)
        except SpecError as error:
            return Checked(path, text, frozenset(asked), error.problems, resolved=resolved)
        return Checked(path, text, frozenset(asked), (), tuple(spec.warnings), resolved, spec, lower(spec))


def _of_blocks(blocks: MappingTree, problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """What is wrong with the blocks of a file, as far as it shows where no network calls them; `problems` are known."""
    try:
        return SpecError((*problems, *BlockTable(None, [blocks]).problems)).problems
    except TooLarge as error:
        return (*problems, error.problem)
