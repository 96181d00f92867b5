"""`edit`: small changes to the body that a block copies, each at the item that a label names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from archspec.errors import Problem, Where, hinted, listed, nearest
from archspec.schema.tree import ListTree, MappingTree, Tree, kind
from archspec.spec.item_reader import ItemReader
from archspec.spec.items import Arg, Item, Items, Paths, ShortcutCases
from archspec.spec.operations import SLOT, Signature
from archspec.spec.rewrite import parted, with_arguments

LISTS = ("before", "after", "replace")
KEYS = (*LISTS, "change")
"""What may be done at a label."""
EXAMPLE = "edit: {conv2: {change: {kernel: 5x5}}}"


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """What is done at one label: lists of operations by key, and arguments that change those of the item."""

    where: Where
    lists: Mapping[str, ListTree]
    change: Tree | None


def edits_of(tree: Tree, problems: list[Problem]) -> dict[str, Edit]:
    """The `edit` of a block, by label."""
    if not isinstance(tree, MappingTree) or not tree.entries:
        what = "an empty mapping" if isinstance(tree, MappingTree) else kind(tree)
        problems.append(Problem("edit", tree.where, f"edit is a mapping of labels, this is {what}", EXAMPLE))
        return {}
    found = {label: _edit(label, value, tree.key(label), problems) for label, value in tree.entries.items()}
    return {label: edit for label, edit in found.items() if edit is not None}


def _edit(label: str, tree: Tree, where: Where, problems: list[Problem]) -> Edit | None:
    wrong = list(_malformed(label, tree, where))
    problems.extend(wrong)
    if wrong or not isinstance(tree, MappingTree):
        return None
    lists = {key: part for key, part in tree.entries.items() if isinstance(part, ListTree)}
    return Edit(where, lists, tree.entries.get("change"))


def _malformed(label: str, tree: Tree, where: Where) -> Iterator[Problem]:
    if not isinstance(tree, MappingTree) or not tree.entries:
        what = "an empty mapping" if isinstance(tree, MappingTree) else kind(tree)
        yield Problem("edit", where, f"{label}: an edit says before, after, replace or change, this is {what}", EXAMPLE)
        return
    for key, value in tree.entries.items():
        if key not in KEYS:
            yield Problem("edit", tree.key(key), f"{label}: an edit has no '{key}'",
                          nearest(key, KEYS) or f"it has {' '.join(KEYS)}; arguments stand in change: {{{key}: …}}")
        elif key in LISTS and not isinstance(value, ListTree):
            yield Problem("edit", value.where, f"{label}: {key} is a list of operations, this is {kind(value)}",
                          f"{key}: [conv: 3x3 64]")
        elif key in ("before", "after") and isinstance(value, ListTree) and not value.items:
            yield Problem("edit", tree.key(key), f"{label}: {key} says nothing", f"{key}: [conv: 3x3 64], or leave it out")
        elif key == "change" and isinstance(value, MappingTree) and not value.entries:
            yield Problem("edit", tree.key(key), f"{label}: change says nothing", "change: {kernel: 5x5}, or leave it out")
    if {"replace", "change"} <= tree.entries.keys():
        yield Problem("edit", tree.key("change"), f"{label}: change stands beside replace", "keep one of them")


class Editor:
    """Applies the edits of one block to the body that it copies; collects problems.

    `base` is the block that is copied. What is wrong with its own body is told where that is read.
    """

    def __init__(self, base: str, edits: Mapping[str, Edit], signatures: Mapping[str, Signature],
                 problems: list[Problem]) -> None:
        self.base, self.edits, self.problems = base, edits, problems
        self.of_base: list[Problem] = []
        self.reader = ItemReader(signatures, self.of_base)
        self.change_reader = ItemReader(signatures, problems)
        self.labels: dict[str, None] = {}
        """All labels of the body, in order."""

    def body(self, tree: Tree) -> Tree:
        """The body with the edits."""
        changed = self.listed(tree, self.reader.items(tree), "")
        if not self.of_base:
            for label in (label for label in self.edits if label not in self.labels):
                self.problem(self.edits[label].where, f"the body of {self.base} has no item '{label}'", self.meant(label))
        return changed

    def meant(self, label: str) -> str:
        """Hint for a label that no item has: the nearest, and all there are."""
        if label.startswith("shortcut") and not any(known.startswith("shortcut") for known in self.labels):
            return "its shortcut is a word and no list: write one into change: {shortcut: [...]}, at the residual's own label"
        return f"{hinted(self.problems, nearest, label, self.labels)} it has {listed(self.labels) or 'none'}".strip()

    def problem(self, where: Where, message: str, hint: str) -> None:
        self.problems.append(Problem("edit", where, message, hint))

    def listed(self, tree: Tree, items: Items, level: str) -> Tree:
        """A list with the edits at its items, and at those inside of them; the same tree where there are none."""
        if not isinstance(tree, ListTree):
            return tree
        parts = [self.item(entry, item, level) for entry, item in zip(tree.items, items.items, strict=True)]
        if all(len(part) == 1 and part[0] is entry for part, entry in zip(parts, tree.items, strict=True)):
            return tree
        return ListTree(tuple(entry for part in parts for entry in part), tree.where)

    def item(self, tree: Tree, item: Item, level: str) -> tuple[Tree, ...]:
        """What stands in the place of an item."""
        if item.signature is None:
            return (tree,)
        label = level + item.label
        edit = self.edits.get(label)
        if edit is not None and edit.change is not None and item.signature is SLOT:
            self.problem(edit.change.where, f"'{label}' is the list of a name, and has no arguments to change",
                         "give the block that list, or say replace: [...]")
            edit = replace(edit, change=None)
        inside = self.inside(tree, item, level, edit)
        self.labels[label] = None
        if edit is None:
            return (inside,)
        before, after = (edit.lists[key].items if key in edit.lists else () for key in ("before", "after"))
        if "replace" in edit.lists:
            return (*before, *edit.lists["replace"].items, *after)
        return (*before, inside if edit.change is None else self.changed(inside, item.signature, edit.change), *after)

    def changed(self, tree: Tree, signature: Signature, change: Tree) -> Tree:
        """An item with other arguments."""
        given = dict(self.change_reader.arguments(signature, change))
        places = change.keys if isinstance(change, MappingTree) else {}
        return with_arguments(self.reader, signature, tree, MappingTree(given, change.where, places))

    # -- lists inside of an item ------------------------------------------------------------------------------------

    def inside(self, tree: Tree, item: Item, level: str, edit: Edit | None) -> Tree:
        """An item with the edits in the lists that it holds, in long form if there are any."""
        assert item.signature is not None
        held = {key: arg for key, arg in item.args.items() if self.holds(item, arg)}
        if not held:
            return tree
        name, where, argument = parted(tree)
        written = dict(self.reader.arguments(item.signature, argument))
        edited = dict(written)
        for key, arg in held.items():
            known = set(self.labels)
            edited[key] = self.argument(written[key], arg, item, key, level)
            self.check_kept(known, key, level + item.label, edit)
        if all(edited[key] is written[key] for key in held):
            return tree
        whole = argument if isinstance(argument, MappingTree) else None
        keys = {key: part.where for key, part in edited.items()} | ({} if whole is None else dict(whole.keys))
        return MappingTree({name: MappingTree(edited, where, keys)}, where, {name: where})

    def holds(self, item: Item, arg: Arg) -> bool:
        """Whether an argument is an operation list, or several: of an operation by its kind, of a block by its looks."""
        assert item.signature is not None
        if item.signature.is_block:
            return isinstance(arg, ListTree) and self.read(arg) is not None
        return item.signature.holds and isinstance(arg, Items | Paths | ShortcutCases) and not self.is_kind(item, arg)

    @staticmethod
    def is_kind(item: Item, arg: Arg) -> bool:
        """Whether it is a norm or an activation, which is read as a list of one."""
        return any(item.args.get(key) is arg for key in ("norm", "act"))

    def read(self, tree: ListTree) -> Items | None:
        """A list that a block is given as operations; None for another kind of list."""
        problems: list[Problem] = []
        items = ItemReader(self.reader.signatures, problems).items(tree)
        return None if problems or not tree.items else items

    def argument(self, tree: Tree, arg: Arg, item: Item, key: str, level: str) -> Tree:
        """One argument with the edits inside of it."""
        start = level + level_of(item, key)
        match arg:
            case Items():
                return self.listed(tree, arg, start)
            case Paths():
                return self.paths(tree, arg, start)
            case ShortcutCases() if isinstance(tree, MappingTree):
                entries = {name: self.listed(part, case, start) if isinstance(case := getattr(arg, name), Items) else part
                           for name, part in tree.entries.items()}
                return _if_changed(tree, entries)
            case ListTree():
                items = self.read(arg)
                return tree if items is None else self.listed(tree, items, start)
        return tree

    def paths(self, tree: Tree, arg: Paths, start: str) -> Tree:
        """The paths of branches; each is a level of its name."""
        parts = () if not isinstance(tree, MappingTree | ListTree) else \
            tuple(tree.entries.values()) if isinstance(tree, MappingTree) else tree.items
        edited = [self.listed(part, path, f"{start}{name}_") if isinstance(path, Items) else part
                  for part, (name, path) in zip(parts, arg.paths, strict=True)]
        if isinstance(tree, MappingTree):
            return _if_changed(tree, dict(zip(tree.entries, edited, strict=True)))
        same = all(one is other for one, other in zip(parts, edited, strict=True))
        return tree if same else ListTree(tuple(edited), tree.where)

    def check_kept(self, known: set[str], key: str, label: str, edit: Edit | None) -> None:
        """Reports edits inside of what another edit replaces."""
        if edit is None:
            return
        gives = isinstance(edit.change, MappingTree) and key in edit.change.entries
        if "replace" in edit.lists or gives:
            what = "is replaced" if "replace" in edit.lists else f"gets another {key}"
            for inner in (inner for inner in self.edits if inner in self.labels and inner not in known):
                self.problem(self.edits[inner].where, f"'{inner}' stands inside of '{label}', which {what}",
                             "write it into what replaces it, or keep one of them")


def level_of(item: Item, argument: str) -> str:
    """What stands before the labels of a list that an item holds: the levels of layer names that it opens.

    Lowering makes them from the same parts; tests hold that layers of all shipped blocks begin with their labels.
    """
    own = "" if item.given_name is None else f"{item.given_name}_"
    if item.signature is not None and item.signature.is_block:
        return f"{item.label}_{argument}_"
    match item.name, argument:
        case "residual", "shortcut":
            return f"{own if item.apart else ''}shortcut{item.suffix}_"
        case "highway", "gate":
            return f"{own}gate{item.suffix}_"
        case "repeat", _:
            return f"{item.label}_"
        case ("branches" | "parallel" | "join"), "by":
            return f"{own}{item.level_of_paths}by_"
        case "branches", _:
            return own + item.level_of_paths
        case "parallel", _:
            return f"{own}{item.level_of_paths}path_"
    return own


def _if_changed(tree: MappingTree, entries: Mapping[str, Tree]) -> MappingTree:
    same = all(entries[name] is part for name, part in tree.entries.items())
    return tree if same else replace(tree, entries=entries)
