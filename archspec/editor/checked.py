"""What the checker says of a text: its problems, and where there is none of the network the spec and its graph."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from archspec.editor.near import made_of
from archspec.errors import Problem, SpecError, Where
from archspec.graph.ir import Graph
from archspec.io.unsaved import unsaved
from archspec.network import loaded, lower
from archspec.schema.tree import MappingTree, Tree
from archspec.spec.arch import Spec
from archspec.spec.blocks import BlockTable
from archspec.spec.files import spec_names
from archspec.spec.inherit import Resolved, resolve
from archspec.spec.merge import without
from archspec.spec.scope import TooLarge
from archspec.spec.sections import SPEC
from archspec.spec.source import read

TOP = re.compile(r"^\ufeff?['\"]?([A-Za-z_][\w.-]*)['\"]?[ \t]*:", re.MULTILINE)
"""The keys at the top of a text, be it YAML or not yet."""
EXTENDS = re.compile(r"^\ufeff?extends[ \t]*:[ \t]*([\w.-]+)[ \t]*(?:#.*)?$", re.MULTILINE)
ITS_OWN = {"extends", "input", "stem", "head", "blocks"}
"""Keys one of which every spec and every file of blocks has."""
BESIDE = ("train", "export")
"""Sections that say nothing of the network."""
MOST_USERS = 10
"""Specs in which the blocks of a file that they include are looked at: those that are open first."""
OF_BLOCKS = {"archspec", "description", "blocks"}
"""The keys of a file of blocks, one that specs include or one that ships: it is no spec of its own."""


@dataclass(frozen=True)
class Checked:
    """A text as the checker sees it. `files` are those that it was made of, links resolved, its own among them."""

    path: Path
    text: str
    files: frozenset[Path]
    tree: Tree | None = field(default=None, repr=False)
    """The text alone, as far as it can be read."""
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    resolved: Resolved | None = field(default=None, repr=False)
    spec: Spec | None = field(default=None, repr=False)
    """As the graph there where no problem is of the network itself."""
    graph: Graph | None = field(default=None, repr=False)
    of_blocks: bool = False
    """Whether it is a file of blocks, and no spec of its own."""


def is_spec(text: str, path: Path) -> bool:
    """Whether a text means to be a spec or a file of blocks.

    One that extends a spec does; else one that has more keys that a spec has than others, and among them one of its own.
    """
    keys, extends = {*TOP.findall(text)}, EXTENDS.search(text)
    if extends is not None and (extends[1] in spec_names() or path.with_name(f"{extends[1]}.yaml").is_file()):
        return True
    known = len(keys & SPEC.keys())
    return bool(keys & ITS_OWN) and known > len(keys) - known


def may_become_spec(text: str, path: Path) -> bool:
    """Whether it is one, or has no key that a spec has not."""
    return is_spec(text, path) or {*TOP.findall(text)} <= SPEC.keys()


def check(path: Path, texts: Mapping[Path, str]) -> Checked:
    """Checks a file as an editor holds it; `texts` are all that the editor holds, by their paths. Links of all are resolved."""
    found = check_alone(path, texts)
    return _in_networks(found, texts) if found.of_blocks else found


def _in_networks(found: Checked, texts: Mapping[Path, str]) -> Checked:
    """A file of blocks with what is wrong with them in the networks that include it, each mistake once."""
    near = made_of(found.path, texts).texts
    users = [check_alone(user, {**texts, **near}) for user in islice(near, MOST_USERS)]
    inside = [problem for user in users for problem in user.problems if Path(problem.where.file).resolve() == found.path]
    known = {(problem.code, problem.where): problem for problem in (*reversed(inside), *found.problems)}
    return replace(found, files=found.files.union(*(user.files for user in users)), problems=SpecError(known.values()).problems)


def check_alone(path: Path, texts: Mapping[Path, str]) -> Checked:
    """The same, but of a file of blocks only what shows without a network that calls them."""
    text = texts[path]
    with unsaved(texts) as asked:
        tree = resolved = None
        try:
            tree = read(path, [])
            resolved = resolve(str(path))
            blocks = resolved.tree.entries.get("blocks")
            if isinstance(blocks, MappingTree) and resolved.tree.entries.keys() <= OF_BLOCKS:
                problems = _of_blocks(blocks, resolved.problems)
                return Checked(path, text, frozenset(asked), tree, problems, (), resolved, of_blocks=True)
            spec = loaded(resolved)
        except SpecError as error:
            network = (None, None) if resolved is None else _network_of(resolved, error.problems)
            return Checked(path, text, frozenset(asked), tree, error.problems, (), resolved, *network)
        return Checked(path, text, frozenset(asked), tree, (), tuple(spec.warnings), resolved, spec, lower(spec))


def _network_of(resolved: Resolved, problems: Sequence[Problem]) -> tuple[Spec, Graph] | tuple[None, None]:
    """The spec and its graph where all problems are of sections that no graph depends on, and it holds without these."""
    if not all(re.split(r"[.\[]", problem.where.path)[0] in BESIDE for problem in problems):
        return None, None
    try:
        alone = loaded(replace(resolved, tree=without(resolved.tree, BESIDE), problems=()))
        return replace(alone, resolved=resolved), lower(alone)
    except SpecError:
        return None, None


def _of_blocks(blocks: MappingTree, problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """What is wrong with the blocks of a file, as far as it shows where no network calls them; `problems` are known."""
    try:
        return SpecError((*problems, *BlockTable(None, [blocks]).problems)).problems
    except TooLarge as error:
        return (*problems, error.problem)


def named_in(found: Checked, other: Where) -> Where:
    """Where a text names the file in which another place is: at its `include` or `extends`, else at its beginning."""
    included = found.resolved.included if found.resolved is not None else ()
    named = next((each.named.where for each in included if each.blocks.where.file == other.file), None)
    if named is not None and Path(named.file).resolve() == found.path:
        return named
    extends = found.tree.entries.get("extends") if isinstance(found.tree, MappingTree) else None
    return Where(str(found.path)) if extends is None else extends.where
