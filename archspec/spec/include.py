"""`include`: files that hold blocks and nothing else, for specs that share them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archspec.errors import Problem, SpecError, shorten
from archspec.schema.tree import ListTree, MappingTree, Scalar, Tree, kind
from archspec.spec.files import included_file
from archspec.spec.source import read

MOST = 20
"""Files that a spec may include."""


@dataclass(frozen=True, slots=True, eq=False)
class Included:
    """The blocks of one file, and where the spec names it."""

    named: Scalar
    blocks: MappingTree


def included(tree: Tree | None, spec: Path, problems: list[Problem]) -> tuple[Included, ...]:
    """What the `include` of a spec brings; `spec` is the file that --set means by its own folder."""
    named = () if tree is None else tree.items if isinstance(tree, ListTree) else (tree,)
    found = list[Included]()
    if len(named) > MOST:
        problems.append(Problem("include", named[MOST].where, f"a spec includes at most {MOST} files", "put blocks into one"))
    for name in named[:MOST]:
        try:
            found.extend(_one(name, spec, problems))
        except SpecError as error:
            problems.extend(error.problems)
    problems.extend(_twice(found))
    return tuple(found)


def _one(name: Tree, spec: Path, problems: list[Problem]) -> Iterator[Included]:
    if not isinstance(name, Scalar) or not isinstance(name.value, str):
        problems.append(Problem("include", name.where, f"include is the name of a file or a list of them, this is {kind(name)}",
                                "include: blocks.yaml"))
        return
    beside = Path(name.where.file) if Path(name.where.file).suffix else spec
    tree = read(included_file(name, beside), problems, "a file of blocks")
    odd = next((key for key in tree.entries if key != "blocks"), None)
    blocks = tree.entries.get("blocks")
    if odd is not None:
        problems.append(Problem("include", name.where, "a file that is included holds blocks and nothing else, this one has "
                                f"'{shorten(odd)}'", "a whole spec is extended: extends: NAME", (f"at {tree.key(odd)}",)))
    elif not isinstance(blocks, MappingTree):
        what = "none" if blocks is None else kind(blocks)
        problems.append(Problem("include", (blocks or tree).where, f"blocks is a mapping of blocks, this is {what}",
                                "blocks: {NAME: {body: […]}}"))
    if isinstance(blocks, MappingTree):
        yield Included(name, blocks)


def _twice(files: list[Included]) -> Iterator[Problem]:
    """Files that are named twice, and blocks that stand in two of them."""
    seen: dict[str, Included] = {}
    for number, file in enumerate(files):
        if any(file.blocks.where == other.blocks.where for other in files[:number]):
            yield Problem("include", file.named.where, f"'{shorten(file.named.text)}' is here twice", "keep one of them")
            return
        for name in file.blocks.entries:
            if name in seen:
                first = seen[name].blocks.key(name)
                yield Problem("include", file.named.where, f"the block '{name}' is in two of the files",
                              "rename one of them, or include one file", (f"at {first} and at {file.blocks.key(name)}",))
                return
        seen |= dict.fromkeys(file.blocks.entries, file)
