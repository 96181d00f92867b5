"""A spec that extends another and says only what is changed in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from os import getpid
from os.path import relpath
from pathlib import Path
from textwrap import wrap

from archspec.errors import InputError
from archspec.io.files import write_text
from archspec.io.places import kind_of, shipped
from archspec.network import load, lower
from archspec.schema.tree import MappingTree, overlay, plain
from archspec.spec.dump import to_text
from archspec.spec.files import FILE, locate
from archspec.spec.inherit import assignment

LINE = 100
"""Characters of a comment's line."""


def extending(reference: str, overrides: Sequence[str], comment: str, description: str, folder: Path) -> str:
    """The text of a spec for a file in `folder`: `reference` with overrides `key.path=value`, below a comment.

    Raises InputError for an override that a file cannot say, of an entry of a list, or where `reference` is out of reach.
    """
    changes = [assignment(override) for override in overrides]
    for change in changes:
        if "[" in change.where.path:
            raise InputError(f"--set {change.where.path}: a spec that extends another says whole lists, not entries of them\n"
                             f"  hint: --set {change.where.path.partition('[')[0]}=[…] with all entries")
    whole = reduce(overlay, sorted(changes, key=lambda change: change.where.path.count(".")), MappingTree({}, changes[0].where))
    data = {"archspec": 1, "extends": name_for(reference, folder), "description": description, **_plain(whole)}
    lines = [f"# {line}" for part in comment.splitlines() for line in wrap(part, LINE)]
    return "\n".join([*lines, to_text(data)])


def _plain(tree: MappingTree) -> dict[str, object]:
    found = plain(tree)
    assert isinstance(found, dict)
    return found


def name_for(reference: str, folder: Path) -> str:
    """What `extends` says in a file of `folder` to mean the spec that a SPEC argument means. Raises InputError."""
    path = locate(reference)
    if path.parent.resolve() == shipped().resolve():
        if kind_of(folder / f"{path.stem}.yaml") == "none":
            return path.stem
    elif path.resolve().is_relative_to(folder.resolve()):
        name = str(path.resolve().relative_to(folder.resolve()))
        if FILE.fullmatch(name):
            return name if "/" in name or name.endswith((".yaml", ".yml")) else f"./{name}"
    elif path.resolve().is_relative_to(Path.cwd()):
        name = relpath(path.resolve(), folder.resolve())
        if FILE.fullmatch(name):
            return name
    raise InputError(f"a spec in {folder} cannot extend {path}: it names files below its own folder, below the current one, or "
                     "shipped ones\n  hint: write it beside that spec")


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
