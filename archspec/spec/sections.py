"""The train and export sections: what pydantic finds wrong in them, with the place in the YAML."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from archspec.errors import Problem, Where, nearest
from archspec.spec.export import ExportSection
from archspec.spec.recipe import Recipe, Section
from archspec.spec.source import Mapping, Scalar, Sequence, Tree, kind, plain

SECTIONS: dict[str, type[Section]] = {"train": Recipe, "export": ExportSection}


def check(section: str, tree: Tree) -> Iterator[Problem]:
    """Every problem of a section."""
    if not isinstance(tree, Mapping):
        yield Problem("not-a-mapping", tree.where, f"{section} is a mapping of keys, this is {kind(tree)}")
        return
    try:
        SECTIONS[section].model_validate(plain(tree))
    except ValidationError as error:
        for found in error.errors(include_url=False):
            yield _problem(section, tree, found)


def _problem(section: str, tree: Mapping, error: ErrorDetails) -> Problem:
    part, where, path = _locate(tree, error["loc"])
    dotted = ".".join((section, *path))
    if error["type"] == "extra_forbidden":
        owner = ".".join((section, *path[:-1]))
        return Problem("unknown-key", where, f"{owner} has no key '{path[-1]}'",
                       nearest(path[-1], _keys(Section)) or "see the train section in docs/language.md")
    if error["type"] == "missing":
        return Problem("missing", where, f"{dotted} needs '{error['loc'][-1]}'")
    shown = f", this is {kind(part)}" if isinstance(part, Scalar) else ""
    message = error["msg"].replace("Input should be", "has to be").replace("Value error, ", "")
    return Problem("recipe", where, f"{dotted} {message}{shown}" if "has to be" in message else f"{dotted}: {message}")


def _locate(tree: Mapping, loc: tuple[int | str, ...]) -> tuple[Tree, Where, list[str]]:
    """The part of the tree that an error's location names, its place, and the keys that lead to it."""
    part: Tree = tree
    where, path = tree.where, list[str]()
    for step in loc:
        if isinstance(part, Mapping) and step in part.entries:
            where = part.key(str(step))
            part = part.entries[str(step)]
            path.append(str(step))
        elif isinstance(part, Sequence) and isinstance(step, int) and step < len(part.items):
            part = part.items[step]
            where = part.where
    return part, part.where if isinstance(part, Scalar) and path and loc[-1] == path[-1] else where, path


def _keys(section: type[Section]) -> set[str]:
    return set(section.model_fields).union(*(_keys(kind) for kind in section.__subclasses__()))
