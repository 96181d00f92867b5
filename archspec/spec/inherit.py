"""`extends` and `--set`: the chain of files that make a spec, brought into long form and merged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence as Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path

from archspec.errors import Problem, SpecError, Where, nearest, shorten
from archspec.io.places import shipped
from archspec.schema.tree import MappingTree, Scalar, Tree, kind, overlay
from archspec.spec.files import extended, locate, recipe_names
from archspec.spec.include import Included, included
from archspec.spec.indexed import PART, is_indexed, steps_of, with_entry
from archspec.spec.longform import kinds_written_out, normal
from archspec.spec.merge import changes_item, merge, without
from archspec.spec.recipe import DECIDED
from archspec.spec.source import MAX_DEPTH, parse, read
from archspec.spec.stage_keys import names_in, stages_changed

MAX_CHAIN = 20
SET = "--set"
NOT_INHERITED = ("name", "description", "reference", "published", "extends", "archspec")


@dataclass(frozen=True, slots=True, eq=False)
class SpecLayer:
    """One file of the chain, or one --set, in long form. `recipe`: the one that it names."""

    file: str
    tree: MappingTree
    recipe: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Resolved:
    """The merged tree, and the layers that made it, the base first."""

    tree: MappingTree
    layers: tuple[SpecLayer, ...]
    path: Path
    problems: tuple[Problem, ...]
    included: tuple[Included, ...] = ()

    @property
    def recipe(self) -> str:
        """The name of the recipe that the train section stands on; '' of none."""
        return next((layer.recipe for layer in reversed(self.layers) if layer.recipe), "")


def resolve(reference: str, overrides: Sequence[str] = ()) -> Resolved:
    """The spec of a path or a shipped name, with `key.path=value` overrides.

    Its problems are kept with it. Raises SpecError where a file cannot be found or read at all.
    """
    path = locate(reference)
    problems: list[Problem] = []
    layers = [*reversed(list(_chain(path, problems)))]
    problems.extend(_nulls(layers[0].tree))
    tree = _merged(layers, problems)
    found = _included(tree, path, problems)
    return changed(Resolved(tree, tuple(layers), path, tuple(problems), found), overrides)


def changed(resolved: Resolved, overrides: Sequence[str]) -> Resolved:
    """The same with `key.path=value` overrides."""
    problems: list[Problem] = []
    changes = list(_assignments(overrides, problems))
    # as one change, shorter paths first, so that their order is of no meaning unless they set the same path
    tree = _with_changes(resolved.tree, changes, resolved.path, problems)
    found = _included_again(resolved, tree, problems)
    layers = (SpecLayer(SET, change, _recipe_named(change)) for change in changes)
    return Resolved(tree, (*resolved.layers, *layers), resolved.path,
                    (*resolved.problems, *problems), found)


def undone(resolved: Resolved, number: int, path: Sequence[str]) -> Resolved:
    """The same without what one of its layers says at a path."""
    layers = [*resolved.layers]
    layers[number] = replace(layers[number], tree=_pruned(layers[number].tree, path))
    tree = _merged([layer for layer in layers if layer.file != SET], [])
    tree = _with_changes(tree, [layer.tree for layer in layers if layer.file == SET], resolved.path, [])
    return Resolved(tree, tuple(layers), resolved.path, resolved.problems, _included_again(resolved, tree, []))


def _merged(files: Sequence[SpecLayer], problems: list[Problem]) -> MappingTree:
    """The files of a chain on top of each other, the base first."""
    tree = _with_stages(files[0].tree, None, files[0].tree, problems)
    for layer in files[1:]:
        tree = _on_top(without(tree, NOT_INHERITED), layer.tree, problems, recipe=bool(layer.recipe))
    return tree


def names_by_layer(layers: Sequence[SpecLayer]) -> list[list[str]]:
    """For each layer, what the stages that it changes are called; of the first what it calls them itself."""
    files = [layer for layer in layers if layer.file != SET]
    merged = [_merged(files[:max(1, min(number, len(files)))], []) for number in range(len(layers))]
    return [names_in(tree.entries.get("stages")) for tree in merged]


def _included(tree: MappingTree, path: Path, problems: list[Problem]) -> tuple[Included, ...]:
    """What the files bring that a merged tree includes."""
    found = included(tree.entries.get("include"), path, problems)
    problems.extend(problem for file in found for problem in _nulls(file.blocks, ("blocks",)))
    return found


def _included_again(resolved: Resolved, tree: MappingTree, problems: list[Problem]) -> tuple[Included, ...]:
    """The same for a tree that has changed: files are read again only where it includes others."""
    same = tree.entries.get("include") is resolved.tree.entries.get("include")
    return resolved.included if same else _included(tree, resolved.path, problems)


def _with_changes(tree: MappingTree, changes: Sequence[MappingTree], path: Path, problems: list[Problem]) -> MappingTree:
    """A tree of the spec in the file `path` with what --set says."""
    plain = sorted((change for change in changes if not is_indexed(change)), key=_length)
    if plain:
        whole = reduce(overlay, plain)
        tree = _on_top(tree, with_recipe(whole, problems), problems, recipe=recipe_of(whole) is not None)
    for change in sorted((change for change in changes if is_indexed(change)), key=_length):
        tree = with_entry(tree, change, path, problems)
    return tree


def _length(change: MappingTree) -> int:
    """How many keys and entries the path of a --set has: shorter ones come first."""
    return len(steps_of(change.where.path))


def _on_top(base: MappingTree, changes: MappingTree, problems: list[Problem], *, recipe: bool) -> MappingTree:
    """The base with the changes; where these name a recipe, without what the base says of what recipes decide."""
    train = base.entries.get("train")
    if recipe and isinstance(train, MappingTree):
        base = MappingTree({**base.entries, "train": without(train, DECIDED)}, base.where, base.keys)
    return _with_stages(merge(base, changes), base.entries.get("stages"), changes, problems)


def _with_stages(tree: MappingTree, base: Tree | None, changes: MappingTree, problems: list[Problem]) -> MappingTree:
    """A tree with what a file says of single stages of those that it changes."""
    stages = stages_changed(base, changes.entries.get("stages"), problems)
    return tree if stages is None else replace(tree, entries={**tree.entries, "stages": stages})


def _pruned(tree: MappingTree, path: Sequence[str]) -> MappingTree:
    """A mapping without what stands at a path, and without mappings that are empty then."""
    key, *rest = path
    below = tree.entries.get(key)
    kept = _pruned(below, rest) if rest and isinstance(below, MappingTree) else None
    entries = {name: value for name, value in tree.entries.items() if name != key}
    return MappingTree(entries if kept is None or not kept.entries else {**entries, key: kept}, tree.where, tree.keys)


def _assignments(overrides: Sequence[str], problems: list[Problem]) -> Iterator[MappingTree]:
    """Each --set in long form."""
    for override in overrides:
        try:
            yield normal(assignment(override), problems)
        except SpecError as error:
            problems.extend(error.problems)


def _chain(path: Path, problems: list[Problem]) -> Iterator[SpecLayer]:
    """The file and what it extends, the file itself first."""
    seen: list[Path] = []
    while True:
        seen.append(path.resolve())
        tree = read(path, problems)
        yield SpecLayer(str(path), with_recipe(normal(tree, problems), problems), _recipe_named(tree))
        base = tree.entries.get("extends")
        if base is None:
            return
        if not isinstance(base, Scalar) or not isinstance(base.value, str):
            raise SpecError([*problems, Problem("extends", base.where, f"extends is the name of a spec, this is {kind(base)}",
                                                "a spec extends one other: extends: resnet50")])
        path = extended(base, path)
        if len(seen) > MAX_CHAIN:
            raise SpecError([*problems, Problem("extends-chain", base.where, f"more than {MAX_CHAIN} specs extend each other",
                                                "extend the first of them")])
        if path.resolve() in seen:
            circle = " -> ".join(item.stem for item in (*seen, path))
            raise SpecError([*problems, Problem("extends-cycle", base.where,
                                                f"the specs extend each other in a circle: {circle}",
                                                "one of them has to stand on its own")])


def assignment(override: str) -> MappingTree:
    """`key.path=value` as a tree. Raises SpecError."""
    key, equals, value = override.partition("=")
    where = Where(SET, 1, 1, key, override)
    parts = key.split(".")
    if not equals or not all(parts) or len(parts) > MAX_DEPTH:
        colon = re.fullmatch(r"([\w.]+): *(.+)", override)
        raise SpecError([Problem("set", where, f"'{shorten(override)}' is not an override",
                                 f"write {shorten(f'{colon[1]}={colon[2]}' if colon else 'key.path=value: stages.se=16')}")])
    if key != key.strip():
        raise SpecError([Problem("set", where, "there are no spaces around =",
                                 f"write {shorten(f'{key.strip()}={value.strip()}')}")])
    odd = next((part for part in parts if not PART.fullmatch(part)), None)
    if odd is not None:
        raise SpecError([Problem("set", where, f"'{shorten(odd)}' is neither a key nor an entry of a list",
                                 "an entry is counted from 0: stages.widths[2]=256, stem[0].filters=32")])
    if key == "extends":
        raise SpecError([Problem("set", where, "what a spec extends is not set from outside",
                                 "write a file: extends: NAME, and what differs")])
    if not value.strip():
        raise SpecError([Problem("set", where, f"nothing stands after '{shorten(key)}='", "write key=none to switch something "
                                 "off, key=null to take the key away, so that its default holds")])
    tree: Tree = parse(" " * (len(key) + 1) + value, SET, where)
    for name in reversed(parts):
        tree = MappingTree({name: tree}, where, {name: where})
    assert isinstance(tree, MappingTree)
    return tree


def recipe_of(tree: MappingTree) -> Tree | None:
    """The name of the recipe in a tree's train section."""
    train = tree.entries.get("train")
    return train.entries.get("recipe") if isinstance(train, MappingTree) else None


def _recipe_named(tree: MappingTree) -> str:
    """The word that stands there, whether there is such a recipe or not."""
    name = recipe_of(tree)
    return "" if name is None else name.text if isinstance(name, Scalar) else kind(name)


def with_recipe(tree: MappingTree, problems: list[Problem]) -> MappingTree:
    """A tree in long form whose train section stands on top of the recipe that it names."""
    train, name = tree.entries.get("train"), recipe_of(tree)
    if name is None or not isinstance(train, MappingTree):
        return tree
    whole = merge(_recipe(name, problems), without(train, ("recipe",)), ("train",))
    return MappingTree({**tree.entries, "train": whole}, tree.where, tree.keys)


def _recipe(name: Tree, problems: list[Problem]) -> MappingTree:
    """The train section of a shipped recipe."""
    if isinstance(name, Scalar) and name.text in recipe_names():
        tree = read(shipped() / "recipes" / f"{name.text}.yaml").entries.get("train")
        return kinds_written_out(tree) if isinstance(tree, MappingTree) else MappingTree({}, name.where)
    if isinstance(name, Scalar) and name.value is None:
        problems.append(Problem("recipe", name.where, "null takes no recipe away: its keys have been merged by now",
                                "train: null takes the whole section away; or write the keys that differ"))
        return MappingTree({}, name.where)
    known = recipe_names()
    hint = nearest(name.text, known) if isinstance(name, Scalar) else ""
    said = f"'{name.text}'" if isinstance(name, Scalar) else kind(name)
    problems.append(Problem("recipe", name.where, f"there is no recipe {said}", hint or "recipes: " + " ".join(known)))
    return MappingTree({}, name.where)


def _nulls(tree: Tree, path: tuple[str, ...] = ()) -> Iterator[Problem]:
    """Every null of a file that extends nothing, in which it means nothing but in what changes an item of a block."""
    if changes_item(path):
        return
    if isinstance(tree, Scalar):
        if tree.value is None:
            yield Problem("null", tree.where, "null removes a key of the file that is extended, and this file extends none",
                          "leave the key out, or write none where that is a value")
        return
    for key, part in tree.entries.items() if isinstance(tree, MappingTree) else ((".", part) for part in tree.items):
        yield from _nulls(part, (*path, key))
