"""A spec that extends another and says only what is changed in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from os import getpid
from pathlib import Path
from textwrap import wrap

from archspec.errors import InputError
from archspec.io.files import write_text
from archspec.io.places import kind_of
from archspec.network import load, lower
from archspec.schema.tree import MappingTree, overlay, plain
from archspec.search.dials import tree_at
from archspec.spec.arch import Spec
from archspec.spec.dump import to_text
from archspec.spec.inherit import assignment

LINE = 100
"""Characters of a comment's line."""


def extending(extended: str, overrides: Sequence[str], comment: str, description: str, spec: Spec) -> str:
    """The text of a spec that extends another, with overrides `key.path=value` of it, below a comment.

    `spec` has these overrides: a file says whole lists, so that where one sets an entry, the list is said as it is there.
    """
    changes = [_whole(assignment(override), spec) for override in overrides]
    whole = reduce(overlay, sorted(changes, key=lambda change: change.where.path.count(".")), MappingTree({}, changes[0].where))
    data = {"archspec": 1, "extends": extended, "description": description, **_plain(whole)}
    lines = [f"# {line}" for part in comment.splitlines() for line in wrap(part, LINE)]
    return "\n".join([*lines, to_text(data)])


def _whole(change: MappingTree, spec: Spec) -> MappingTree:
    """A change as a file can say it: the whole list where it is one of an entry."""
    path, bracket, _ = change.where.path.partition("[")
    found = tree_at(spec, path) if bracket else None
    if found is None:
        return change
    where = replace(change.where, path=path)
    tree = reduce(lambda below, key: MappingTree({key: below}, where), reversed(path.split(".")), found)
    assert isinstance(tree, MappingTree)
    return MappingTree(tree.entries, where)


def _plain(tree: MappingTree) -> dict[str, object]:
    found = plain(tree)
    assert isinstance(found, dict)
    return found


def write(path: Path, text: str, fingerprint: str) -> None:
    """Writes a spec, whole or not at all, once it is known to mean the network of this fingerprint.

    Raises InputError where there is something of that name.
    """
    if kind_of(path) != "none":
        raise InputError(f"{path} is there already\n  hint: name another file, or remove it")
    path.parent.mkdir(parents=True, exist_ok=True)
    trial = path.with_name(f"{path.stem}.trial-{getpid()}{path.suffix}")  # what extends and a name mean depends on the place
    try:
        trial.write_text(text, encoding="utf-8")
        if lower(load(str(trial))).fingerprint != fingerprint:
            raise RuntimeError(f"{path} would mean another network than the one that was found")
        write_text(path, text)
    finally:
        trial.unlink(missing_ok=True)
