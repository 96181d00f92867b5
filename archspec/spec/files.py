"""Which files make a spec: the one that was asked for, those it extends, and how far that may lead."""

from __future__ import annotations

import os
import re
from pathlib import Path

from archspec.errors import Problem, SpecError, Where, closest, nearest, shorten
from archspec.io.places import beside, kind_of, reached, shipped
from archspec.io.unsaved import unsaved_text
from archspec.schema.tree import Scalar

FILE = re.compile(r"/?([\w.+ -]{1,60}/){0,20}[\w.+ -]{1,60}")


def spec_names() -> list[str]:
    """The specs that ship with archspec."""
    return _names(shipped())


def recipe_names() -> list[str]:
    """The training recipes that ship with archspec."""
    return _names(shipped() / "recipes")


def _names(folder: Path) -> list[str]:
    """What the YAML files of a folder are called: asked for with every recipe that is named, and `glob` takes long."""
    return sorted(name.removesuffix(".yaml") for name in os.listdir(folder) if name.endswith(".yaml"))


def locate(reference: str) -> Path:
    """The file of a SPEC argument: a path, or the name of a shipped spec. Raises SpecError."""
    path = Path(reference)
    found = _kind(path) if reference else "none"
    if found == "file":
        return path
    own = shipped() / f"{reference}.yaml"
    if path.name == reference and not path.suffix and kind_of(own) == "file":
        return own
    if found != "none":
        what = "a folder" if found == "folder" else "a pipe or a device"
        raise SpecError([Problem("not-a-file", Where(reference), f"this is {what}, a spec is a YAML file")])
    hint = like(reference) or "`archspec list` shows the specs that ship with archspec"
    raise SpecError([Problem("not-found", Where(reference or "''"), "there is no such file, and no shipped spec of that name",
                             hint)])


def _kind(path: Path) -> str:
    """What lies at a path, or is held for it by an editor."""
    return "file" if unsaved_text(path) is not None else kind_of(path)


def hidden(reference: str) -> Path | None:
    """The file NAME.yaml or NAME.yml here that a SPEC argument NAME does not mean, since a spec of that name ships; or None."""
    if reference not in spec_names() or kind_of(Path(reference)) == "file":
        return None
    there = (here for here in (Path(f"{reference}.yaml"), Path(f"{reference}.yml")) if kind_of(here) == "file")
    return next((here for here in there if not here.samefile(shipped() / f"{reference}.yaml")), None)


def like(reference: str) -> str:
    """'did you mean …?' for a SPEC argument that is none: a file beside, as it has to be typed, or a shipped spec; or ''."""
    path = Path(reference)
    there = {each.stem: each.name for each in path.parent.glob("*.y*ml") if kind_of(each) == "file"}
    found = closest(path.stem, (*there, *spec_names()))  # of a file and a spec of one name, the file
    return f"did you mean '{beside(reference, there[found])}'?" if found in there else nearest(path.stem, spec_names())


def extended(tree: Scalar, path: Path) -> Path:
    """The file that `extends` in the file `path` names. Raises SpecError."""
    return _named(tree, path, "spec", "extends: resnet50, or extends: folder/file.yaml")


def included_file(tree: Scalar, path: Path) -> Path:
    """The file that `include` in the file `path` names. Raises SpecError."""
    return _named(tree, path, "file of blocks", "include: blocks, or include: folder/blocks.yaml")


def _named(tree: Scalar, path: Path, what: str, example: str) -> Path:
    name = tree.text
    if not FILE.fullmatch(name):
        raise SpecError([Problem("extends", tree.where, f"'{shorten(name)}' is neither the name of a {what} nor a path",
                                 example)])
    if "/" not in name and not name.endswith((".yaml", ".yml")):
        for candidate in (path.with_name(f"{name}.yaml"), shipped() / f"{name}.yaml"):
            if _kind(candidate) == "file" and candidate.resolve() != path.resolve():
                return _within_reach(candidate, path, tree)
        known = {*spec_names(), *(other.stem for other in path.parent.glob("*.yaml"))} - {path.stem}
        raise SpecError([Problem("extends", tree.where, f"there is no {what} '{name}' beside this file or shipped",
                                 nearest(name, known) or f"write the name of a {what}, or a path")])
    candidate = path.parent / name
    target = _within_reach(candidate, path, tree)
    if _kind(target) != "file":
        raise SpecError([Problem("extends", tree.where, f"there is no file '{name}'",
                                 f"looked for {candidate}: put it there, or correct the name")])
    return target


def _within_reach(candidate: Path, path: Path, tree: Scalar) -> Path:
    """The file that a name in the file `path` leads to. Raises SpecError if it may not lead there."""
    target = reached(candidate, (path.parent, path.resolve().parent, Path.cwd(), shipped()))
    if target is None or candidate.suffix not in (".yaml", ".yml"):
        raise SpecError([Problem("extends", tree.where, f"'{tree.text}' is outside of the folders that are searched",
                                 "a spec names files below its own folder, below the current one, or shipped ones")])
    return target
