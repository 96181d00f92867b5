"""`extends` and `--set`: the chain of files that make a spec, brought into long form and merged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence as SequenceABC
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from archspec.errors import Problem, SpecError, Where, nearest, shorten
from archspec.io.places import kind_of, reached, shipped
from archspec.schema.keys import OneOf
from archspec.schema.tree import BROKEN, Mapping, Scalar, Sequence, Tree, kind
from archspec.spec.items import ItemReader
from archspec.spec.operations import OPERATIONS
from archspec.spec.recipe import Recipe
from archspec.spec.source import MAX_DEPTH, parse, read

MAX_CHAIN = 20
SET = "--set"
FILE = re.compile(r"/?([\w.+ -]{1,60}/){0,20}[\w.+ -]{1,60}")
NOT_INHERITED = ("name", "description", "reference", "published", "extends", "archspec")
STAGE_LISTS = ("before", "after", "between")
PLURALS = {"widths": "width", "strides": "stride", "blocks": "block"}
KINDS = {("train", name): (key.kind.tag, "") for name, key in Recipe.declared.items() if isinstance(key.kind, OneOf)}
PARTS = {"norm": ("kind", "batch_norm"), "act": ("kind", "relu")}
"""Mappings that are of a kind: the key that says it, and the kind that holds where it is not said."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One file of the chain, or one --set, in long form."""

    file: str
    tree: Mapping


@dataclass(frozen=True, slots=True, eq=False)
class Resolved:
    """The merged tree, and the layers that made it, the base first."""

    tree: Mapping
    layers: tuple[Layer, ...]
    path: Path
    problems: tuple[Problem, ...]


def resolve(reference: str, overrides: SequenceABC[str] = ()) -> Resolved:
    """The spec of a path or a shipped name, with `key.path=value` overrides.

    Its problems are kept with it. Raises SpecError where a file cannot be found or read at all.
    """
    path = locate(reference)
    problems: list[Problem] = []
    layers = [*reversed(list(_chain(path, problems)))]
    problems.extend(_nulls(layers[0].tree))
    tree = layers[0].tree
    for layer in layers[1:]:
        tree = merge(_without(tree, NOT_INHERITED), layer.tree)
    return changed(Resolved(tree, tuple(layers), path, tuple(problems)), overrides)


def changed(resolved: Resolved, overrides: SequenceABC[str]) -> Resolved:
    """The same with `key.path=value` overrides."""
    problems: list[Problem] = []
    changes = list(_assignments(overrides, problems))
    tree = merge(resolved.tree, with_recipe(reduce(_together, changes), problems)) if changes else resolved.tree
    return Resolved(tree, (*resolved.layers, *(Layer(SET, change) for change in changes)), resolved.path,
                    (*resolved.problems, *problems))


def _assignments(overrides: SequenceABC[str], problems: list[Problem]) -> Iterator[Mapping]:
    """Each --set in long form."""
    for override in overrides:
        try:
            yield normal(assignment(override), problems)
        except SpecError as error:
            problems.extend(error.problems)


def _together(first: Mapping, second: Mapping) -> Mapping:
    """Two --set as one change, so that their order is of no meaning unless they set the same key."""
    entries, keys = dict(first.entries), {**first.keys, **second.keys}
    for key, value in second.entries.items():
        old = entries.get(key)
        entries[key] = _together(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return Mapping(entries, second.where, keys)


# -- finding files -----------------------------------------------------------------------------------------------------

def names() -> list[str]:
    """The specs that ship with archspec."""
    return sorted(path.stem for path in shipped().glob("*.yaml"))


def locate(reference: str) -> Path:
    """The file of a SPEC argument: a path, or the name of a shipped spec. Raises SpecError."""
    path = Path(reference)
    found = kind_of(path) if reference else "none"
    if found == "file":
        return path
    own = shipped() / f"{reference}.yaml"
    if path.name == reference and not path.suffix and kind_of(own) == "file":
        return own
    if found != "none":
        what = "a folder" if found == "folder" else "a pipe or a device"
        raise SpecError([Problem("not-a-file", Where(reference), f"this is {what}, a spec is a YAML file")])
    hint = nearest(path.stem, names()) or "`archspec list` shows the specs that ship with archspec"
    raise SpecError([Problem("not-found", Where(reference or "''"), "there is no such file, and no shipped spec of that name",
                             hint)])


def _base(tree: Scalar, path: Path) -> Path:
    """The file that `extends` names."""
    name = tree.text
    if not FILE.fullmatch(name):
        raise SpecError([Problem("extends", tree.where, f"'{shorten(name)}' is neither the name of a spec nor a path",
                                 "extends: resnet50, or extends: folder/file.yaml")])
    if "/" not in name and not name.endswith((".yaml", ".yml")):
        for candidate in (path.with_name(f"{name}.yaml"), shipped() / f"{name}.yaml"):
            if kind_of(candidate) == "file" and not candidate.samefile(path):
                return _within_reach(candidate, path, tree)
        known = {*names(), *(other.stem for other in path.parent.glob("*.yaml"))} - {path.stem}
        raise SpecError([Problem("extends", tree.where, f"there is no spec '{name}' beside this file or shipped",
                                 nearest(name, known) or "write the name of a spec, or a path")])
    candidate = path.parent / name
    target = _within_reach(candidate, path, tree)
    if kind_of(target) != "file":
        raise SpecError([Problem("extends", tree.where, f"there is no file '{name}'", f"looked for {candidate}")])
    return target


def _within_reach(candidate: Path, path: Path, tree: Scalar) -> Path:
    """The file that `extends` in the file `path` leads to. Raises SpecError if it may not lead there."""
    target = reached(candidate, (path.parent, path.resolve().parent, Path.cwd(), shipped()))
    if target is None or candidate.suffix not in (".yaml", ".yml"):
        raise SpecError([Problem("extends", tree.where, f"'{tree.text}' is outside of the folders that are searched",
                                 "a spec extends files below its own folder, below the current one, or shipped ones")])
    return target


def _chain(path: Path, problems: list[Problem]) -> Iterator[Layer]:
    """The file and what it extends, the file itself first."""
    seen: list[Path] = []
    while True:
        seen.append(path.resolve())
        tree = read(path, problems)
        yield Layer(str(path), with_recipe(normal(tree, problems), problems))
        base = tree.entries.get("extends")
        if base is None:
            return
        if not isinstance(base, Scalar) or not isinstance(base.value, str):
            raise SpecError([*problems, Problem("extends", base.where, f"extends is the name of a spec, this is {kind(base)}")])
        path = _base(base, path)
        if len(seen) > MAX_CHAIN:
            raise SpecError([*problems, Problem("extends-chain", base.where, f"more than {MAX_CHAIN} specs extend each other",
                                                "extend the first of them")])
        if path.resolve() in seen:
            circle = " -> ".join(item.stem for item in (*seen, path))
            raise SpecError([*problems, Problem("extends-cycle", base.where,
                                                f"the specs extend each other in a circle: {circle}",
                                                "one of them has to stand on its own")])


def assignment(override: str) -> Mapping:
    """`key.path=value` as a tree. Raises SpecError."""
    key, equals, value = override.partition("=")
    where = Where(SET, 1, 1, key, override)
    parts = key.split(".")
    if not equals or not all(parts) or len(parts) > MAX_DEPTH:
        raise SpecError([Problem("set", where, f"'{shorten(override)}' is not an override",
                                 "write key.path=value: stages.se=16")])
    if key == "extends":
        raise SpecError([Problem("set", where, "what a spec extends is not set from outside",
                                 "write a file: extends: NAME, and what differs")])
    if not value.strip():
        raise SpecError([Problem("set", where, f"nothing stands after '{shorten(key)}='", "write key=none to switch something "
                                 "off, key=null to take the key away, so that its default holds")])
    tree: Tree = parse(" " * (len(key) + 1) + value, SET, where)
    for name in reversed(parts):
        tree = Mapping({name: tree}, where, {name: where})
    assert isinstance(tree, Mapping)
    return tree


# -- one long form -----------------------------------------------------------------------------------------------------

def normal(tree: Mapping, problems: list[Problem]) -> Mapping:
    """The tree with every compact form that can be merged into in its long form."""
    rows = {"stages": _stages, "defaults": _defaults, "train": _train}
    entries = {key: rows[key](value, problems) if key in rows else value for key, value in tree.entries.items()}
    return Mapping(entries, tree.where, tree.keys)


def _train(tree: Tree, problems: list[Problem]) -> Tree:
    """The train section with its kinds as mappings."""
    return _kinds(tree) if isinstance(tree, Mapping) else tree


def with_recipe(tree: Mapping, problems: list[Problem]) -> Mapping:
    """A tree in long form whose train section stands on top of the recipe that it names."""
    train = tree.entries.get("train")
    name = train.entries.get("recipe") if isinstance(train, Mapping) else None
    if name is None or not isinstance(train, Mapping):
        return tree
    whole = merge(_recipe(name, problems), _without(train, ("recipe",)), ("train",))
    return Mapping({**tree.entries, "train": whole}, tree.where, tree.keys)


def recipes() -> list[str]:
    """The training recipes that ship with archspec."""
    return sorted(path.stem for path in (shipped() / "recipes").glob("*.yaml"))


def _recipe(name: Tree, problems: list[Problem]) -> Mapping:
    """The train section of a shipped recipe."""
    if isinstance(name, Scalar) and name.text in recipes():
        tree = read(shipped() / "recipes" / f"{name.text}.yaml").entries.get("train")
        return _kinds(tree) if isinstance(tree, Mapping) else Mapping({}, name.where)
    known = recipes()
    hint = nearest(name.text, known) if isinstance(name, Scalar) else ""
    said = f"'{name.text}'" if isinstance(name, Scalar) else kind(name)
    problems.append(Problem("recipe", name.where, f"there is no recipe {said}", hint or "recipes: " + " ".join(known)))
    return Mapping({}, name.where)


def _kinds(tree: Mapping) -> Mapping:
    entries: dict[str, Tree] = {}
    for name, value in tree.entries.items():
        if ("train", name) in KINDS and isinstance(value, Scalar) and value.value is not None:
            key = KINDS["train", name][0]
            value = Mapping({key: value}, value.where, {key: value.where})
        entries[name] = value
    return Mapping(entries, tree.where, tree.keys)


def _defaults(tree: Tree, problems: list[Problem]) -> Tree:
    if not isinstance(tree, Mapping):
        return tree
    reader = ItemReader(OPERATIONS, problems)
    entries: dict[str, Tree] = {}
    for name, value in tree.entries.items():
        signature = OPERATIONS.get(name)
        compact = isinstance(value, Scalar) and value.value is not None
        if signature is not None and not signature.holds and compact:
            found = reader.arguments(signature, value)
            value = Mapping(dict(found), value.where, {key: part.where for key, part in found})
        entries[name] = _parts(value, reader) if signature is not None and isinstance(value, Mapping) else value
    return Mapping(entries, tree.where, tree.keys)


def _parts(tree: Mapping, reader: ItemReader) -> Mapping:
    """The norm and act among the arguments of an operation in long form."""
    entries = dict(tree.entries)
    for name in PARTS:
        value = entries.get(name)
        if isinstance(value, Scalar) and value.value is not None:
            found = reader.arguments(OPERATIONS[name], value)
            entries[name] = Mapping(dict(found), value.where, {key: part.where for key, part in found})
    return Mapping(entries, tree.where, tree.keys)


def _stages(tree: Tree, problems: list[Problem]) -> Tree:
    if isinstance(tree, Sequence):
        return Sequence(tuple(_singular(row, problems) if isinstance(row, Mapping) else row for row in tree.items), tree.where)
    if isinstance(tree, Mapping):
        columns = _columns(tree, problems)
        return _singular(columns, problems) if isinstance(columns, Mapping) else columns
    return tree


def _singular(stage: Mapping, problems: list[Problem]) -> Mapping:
    entries: dict[str, Tree] = {}
    keys = dict(stage.keys)
    for key, value in stage.entries.items():
        single = PLURALS.get(key, key)
        if single in entries:
            plural = next(name for name, singular in PLURALS.items() if singular == single)
            problems.append(Problem("singular-and-plural", stage.key(key), f"both '{single}' and '{plural}' are given",
                                    "keep one of them"))
        entries[single] = value
        keys[single] = stage.key(key)
    return Mapping(entries, stage.where, keys)


def entries_of(found: Sequence) -> str:
    """How many entries a list has, for messages."""
    return "1 entry" if len(found.items) == 1 else f"{len(found.items)} entries"


def _columns(stages: Mapping, problems: list[Problem]) -> Mapping | Scalar:
    """A table as columns: its first row names them. BROKEN if it cannot be read."""
    table = stages.entries.get("table")
    if table is None or (isinstance(table, Scalar) and table.value is None):
        return stages
    entries = {key: value for key, value in stages.entries.items() if key != "table"}
    keys = dict(stages.keys)
    rows = [row for row in table.items if isinstance(row, Sequence)] if isinstance(table, Sequence) else []
    named = bool(rows) and all(isinstance(cell, Scalar) and isinstance(cell.value, str) for cell in rows[0].items)
    if not isinstance(table, Sequence) or len(rows) != len(table.items) or len(rows) < 2 or not named:
        problems.append(Problem("table", table.where, "a table is a list of rows, its first row names the columns",
                                "write one list a stage: - [width, stride] and then - [64, 1]"))
        return Scalar(BROKEN, "", table.where)
    header = rows[0]
    ragged = [row for row in rows[1:] if len(row.items) != len(header.items)]
    problems.extend(Problem("table-row", row.where, f"this row has {entries_of(row)}, the first row names "
                            f"{len(header.items)} columns", "`default` leaves an entry out") for row in ragged)
    for index, column in enumerate(header.items):
        name = column.text if isinstance(column, Scalar) else ""
        single = PLURALS.get(name, name)
        if single in entries or single in {PLURALS.get(key, key) for key in stages.entries}:
            problems.append(Problem("table-and-beside", column.where, f"'{name}' is in the table and beside it or twice in it",
                                    "keep one of them"))
            continue
        if name in STAGE_LISTS:
            problems.append(Problem("table", column.where, f"'{name}' is an operation list and no column",
                                    f"write {name}: [...] beside the table"))
            continue
        default = Scalar("default", "default", column.where)
        cells = tuple(row.items[index] if index < len(row.items) else default for row in rows[1:])
        entries[single], keys[single] = Sequence(cells, column.where), column.where
    return Mapping(entries, stages.where, keys)


# -- merging -------------------------------------------------------------------------------------------------------------

def merge(base: Mapping, changes: Mapping, path: tuple[str, ...] = ()) -> Mapping:
    """The base with the changes: mappings key by key, null removes, anything else replaces."""
    entries, keys = dict(base.entries), dict(base.keys)
    for key, value in changes.entries.items():
        keys[key] = changes.key(key)
        if isinstance(value, Scalar) and value.value is None:
            entries.pop(key, None)
            continue
        old = entries.get(key)
        if not isinstance(value, Mapping):
            entries[key] = value
        elif not isinstance(old, Mapping) or path == ("blocks",) or _another_kind((*path, key), old, value):
            entries[key] = merge(Mapping({}, value.where), value, (*path, key))
        else:
            entries[key] = merge(old, value, (*path, key))
    return Mapping(entries, changes.where, keys)


def _another_kind(path: tuple[str, ...], old: Mapping, new: Mapping) -> bool:
    """Whether a norm, an act, a schedule… of another kind replaces the whole one before."""
    of_kind = PARTS.get(path[-1]) if path[0] != "train" else KINDS.get((path[0], path[-1])) if len(path) == 2 else None
    if of_kind is None:
        return False
    key, implied = of_kind
    kinds = [found.text if isinstance(found := tree.entries.get(key), Scalar) else implied for tree in (old, new)]
    return key in new.entries and kinds[0] != kinds[1]


def _without(tree: Mapping, keys: tuple[str, ...]) -> Mapping:
    return Mapping({key: value for key, value in tree.entries.items() if key not in keys}, tree.where, tree.keys)


def _nulls(tree: Tree) -> Iterator[Problem]:
    """Every null of a file that extends nothing, in which it means nothing."""
    if isinstance(tree, Scalar):
        if tree.value is None:
            yield Problem("null", tree.where, "null removes a key of the file that is extended, and this file extends none",
                          "write none, or leave the key out")
        return
    for part in tree.entries.values() if isinstance(tree, Mapping) else tree.items:
        yield from _nulls(part)
