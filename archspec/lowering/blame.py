"""Which value is to blame: a problem that shows inside a block is told at the value that the user wrote."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from pathlib import Path

from archspec.errors import Problem, SpecError, Where
from archspec.io.places import shipped
from archspec.schema.tree import Scalar, Tree
from archspec.spec.expressions import ExpressionError, is_expression, names_in
from archspec.spec.scope import Binding, Scope

LOOKED_AT = 200
"""How many values are looked at for one problem."""


def blamed(error: SpecError, tree: Tree, scope: Scope) -> SpecError:
    """The error with its problems at the values that `tree` got from the user, where it is not the user's own."""
    return SpecError([_at(problem, tree, scope) if problem.where == tree.where else problem for problem in error.problems])


def blame_one(problem: Problem, trees: Iterable[Tree], scope: Scope) -> Problem:
    """A problem of a shipped item at the value nearest to the user that its arguments depend on, if there is one such."""
    origins = {origin for tree in trees for origin in _origins(tree, scope)}
    least = min(map(distance, origins), default=0)
    nearest = [origin for origin in origins if distance(origin) == least < distance(problem.where)]
    return moved(problem, nearest[0]) if len(nearest) == 1 else problem


def _at(problem: Problem, tree: Tree, scope: Scope) -> Problem:
    nearest = min(_origins(tree, scope), key=distance, default=tree.where)
    if distance(nearest) < distance(tree.where) or (problem.code == "argument" and _is_given(tree, scope)):
        return moved(problem, nearest)
    return problem


def moved(problem: Problem, origin: Where) -> Problem:
    """The problem at another place, with a note that says where it shows."""
    if origin == problem.where:
        return problem
    line = problem.where.text.strip()
    return replace(problem, where=origin, notes=(f"used at {problem.where}: {line}", *problem.notes))


def _is_given(tree: Tree, scope: Scope) -> bool:
    """Whether a value is nothing but a parameter that was given to a block."""
    binding = scope.find(tree.text[1:]) if isinstance(tree, Scalar) and is_expression(tree.value) else None
    return binding is not None and binding.given


def _origins(tree: Tree, scope: Scope) -> list[Where]:
    """Where the values were written that a tree is made of; the tree's own place if it names none."""
    return list(islice(_written(tree, scope), LOOKED_AT))


def _written(tree: Tree, scope: Scope) -> Iterator[Where]:
    waiting, seen = [(tree, scope)], set[int]()
    while waiting:
        tree, scope = waiting.pop(0)
        bindings = [binding for binding in _read(tree, scope) if id(binding) not in seen]
        seen.update(map(id, bindings))
        waiting.extend((binding.tree, binding.scope) for binding in bindings
                       if binding.tree is not None and binding.scope is not None)
        if not any(binding.tree is not None for binding in bindings):
            yield tree.where


def _read(tree: Tree, scope: Scope) -> list[Binding]:
    if not isinstance(tree, Scalar) or not is_expression(tree.value):
        return []
    try:
        names = sorted(names_in(tree.text), key=tree.text.index)
    except ExpressionError:
        return []
    return [found for name in names if (found := scope.find(name)) is not None]


def distance(where: Where) -> int:
    """How far a file is from the user: their own and --set, a shipped spec, a shipped block."""
    return _file_distance(where.file, os.getcwd())


@lru_cache(maxsize=64)
def _file_distance(file: str, here: str) -> int:
    path = Path(here, file)
    return 2 if path.is_relative_to(shipped() / "blocks") else 1 if path.is_relative_to(shipped()) else 0
