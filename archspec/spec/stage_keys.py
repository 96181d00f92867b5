"""A stage's name as a key of `stages`: what a file, or --set, changes in that stage alone.

In columns it stays a key, whose values hold over those of the columns, until a later file says the same of all stages. In
rows it becomes part of the row. Names are those of the file that is changed, so a stage that is renamed keeps its changes.
"""

from __future__ import annotations

from collections.abc import Mapping

from archspec.errors import Problem, Where, listed, nearest
from archspec.schema.tree import ListTree, MappingTree, Scalar, Tree, kind
from archspec.spec.longform import STAGE_LISTS, singular
from archspec.spec.merge import merge, without

DEFAULT = "default"
"""What a column has where a stage is given nothing."""


def columns_of(stages: MappingTree) -> dict[str, ListTree]:
    """The columns that are lists, with one entry a stage."""
    return {key: value for key, value in stages.entries.items() if isinstance(value, ListTree) and key not in STAGE_LISTS}


def names_in(stages: Tree | None) -> list[str]:
    """What the stages are called, in order."""
    if isinstance(stages, ListTree):
        said = [row.entries.get("name") if isinstance(row, MappingTree) else None for row in stages.items]
    elif isinstance(stages, MappingTree):
        name, columns = stages.entries.get("name"), columns_of(stages)
        count = min((len(column.items) for column in columns.values()), default=1)
        said = list(name.items[:count]) if isinstance(name, ListTree) else [name] * count
    else:
        return []
    return [tree.text if isinstance(tree, Scalar) and tree.text != DEFAULT else f"stage{number}"
            for number, tree in enumerate(said, 1)]


def stages_changed(base: Tree | None, changes: Tree | None, problems: list[Problem]) -> Tree | None:
    """The stages of a file on top of those it changes; None where nothing is told of single stages."""
    if isinstance(base, ListTree) and isinstance(changes, MappingTree):
        return _rows(base, changes, problems)
    if isinstance(changes, MappingTree):
        return _columns(base if isinstance(base, MappingTree) else MappingTree({}, changes.where), changes, problems)
    return None


# -- rows ----------------------------------------------------------------------------------------------------------------

def _rows(base: ListTree, changes: MappingTree, problems: list[Problem]) -> ListTree | None:
    """Rows with what is said of some by name; None where columns replace them."""
    names, rows = names_in(base), list(base.items)
    if not changes.entries or not (changes.entries.keys() & set(names) or
                                   all(isinstance(value, MappingTree) for value in changes.entries.values())):
        return None
    for name, value in changes.entries.items():
        row = rows[names.index(name)] if name in names else None
        if isinstance(row, MappingTree) and isinstance(value, MappingTree):
            rows[names.index(name)] = merge(row, _of_one_stage(name, value, problems), ("stages", name))
        else:
            problems.append(_no_row(name, value, changes.key(name), names))
    return ListTree(tuple(rows), base.where)


def _no_row(name: str, value: Tree, where: Where, names: list[str]) -> Problem:
    if name in names:
        return Problem("stage-key", where, f"what changes in the stage {name} is a mapping of its keys, this is {kind(value)}",
                       f"{name}: {{width: 64}}")
    return Problem("stage-key", where, f"there is no stage '{name}'",
                   f"{nearest(name, names)} the stages that are extended are rows, and a key is the name of one: "
                   f"{listed(names)}".strip())


def _of_one_stage(name: str, tree: MappingTree, problems: list[Problem]) -> MappingTree:
    """What is said of one stage, in the singular and without what it cannot be given."""
    if "name" in tree.entries:
        problems.append(Problem("stage-key", tree.key("name"), f"the stage {name} is not given another name here",
                                "write a column of names, one for each stage: name: […]"))
    if "between" in tree.entries:
        problems.append(Problem("between", tree.key("between"), "one stage has no 'between': it stands between all stages",
                                f"write before: in {name}"))
    return singular(without(tree, ("name", "between")), problems)


# -- columns -------------------------------------------------------------------------------------------------------------

def _columns(base: MappingTree, changes: MappingTree, problems: list[Problem]) -> MappingTree | None:
    old = names_in(base)
    before = _said_of_one(base, old)
    whole = merge(without(base, before), changes, ("stages",))
    new = names_in(whole)
    now = {key: value for key, value in changes.entries.items()
           if key in (*old, *new) and (isinstance(value, MappingTree) or _is_null(value))}
    if not (before or now) or "block" not in whole.entries:
        return None
    called = {name: new[index] if name not in new and index < len(new) else name for index, name in enumerate(old)}
    kept = {called[name]: without(tree, changes.entries) for name, tree in before.items()}
    places = {name: tree.where for name, tree in kept.items()}
    for key, value in now.items():
        name = called.get(key, key)
        said = kept.pop(name, MappingTree({}, value.where))
        if isinstance(value, MappingTree):
            kept[name], places[name] = _on_one(said, _of_one_stage(key, value, problems)), changes.key(key)
    kept = {name: tree for name, tree in kept.items() if tree.entries}
    rest = without(whole, now)
    return MappingTree({**rest.entries, **kept}, rest.where, {**rest.keys, **places})


def _said_of_one(stages: MappingTree, names: list[str]) -> Mapping[str, MappingTree]:
    return {name: tree for name in names if isinstance(tree := stages.entries.get(name), MappingTree)}


def _is_null(tree: Tree) -> bool:
    return isinstance(tree, Scalar) and tree.value is None


def _on_one(before: MappingTree, changes: MappingTree) -> MappingTree:
    """What is said of one stage, with more; null gives it nothing, whatever the column says."""
    nothing = {key: Scalar(DEFAULT, DEFAULT, value.where) for key, value in changes.entries.items() if _is_null(value)}
    merged = merge(before, without(changes, nothing), ("stages", ""))
    return MappingTree({**merged.entries, **nothing}, changes.where, {**merged.keys, **changes.keys})
