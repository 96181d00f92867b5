"""What one lowering finds wrong, and how far it may grow."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

from archspec.errors import Problem, Where
from archspec.io.stopping import go_on
from archspec.lowering.place import Place
from archspec.spec.scope import TooLarge

MAX_NODES = 50_000
MAX_ITEMS = 200_000
MAX_NESTING = 60


class Problems:
    """Collects problems. A place that is lowered many times, in each repeat of each stage, is reported once."""

    def __init__(self) -> None:
        self.found: list[Problem] = []
        self._seen: set[tuple[str, Where]] = set()

    def report(self, *problems: Problem, place: Place | None = None) -> None:
        """Keeps problems that were found together, with the calls that lead to their place."""
        new = [problem for problem in problems if (problem.code, problem.where) not in self._seen]
        if not new:
            return
        self._seen.update((problem.code, problem.where) for problem in new)
        notes = () if place is None else place.notes()
        calls = () if place is None else tuple(frame.where for frame in reversed(place.calls))
        self.found.extend(replace(problem, notes=(*problem.notes, *notes), calls=calls) for problem in new)


class Limits:
    """Counts what a network is made of; raises TooLarge where it is more than a spec may ask for."""

    def __init__(self) -> None:
        self.items = 0

    def item(self, where: Where) -> None:
        """Counts an item or a list."""
        go_on()
        self.items += 1
        if self.items > MAX_ITEMS:
            _stop(where, f"the network has more than {MAX_ITEMS} items, those of its blocks and repeats counted", "repeat less")

    def node(self, count: int, where: Where) -> None:
        """Before one more node than `count`."""
        if count >= MAX_NODES:
            _stop(where, f"the network has more than {MAX_NODES} operations", "repeat less")

    def nesting(self, depth: int, where: Where) -> None:
        """Before a list inside `depth` others."""
        if depth >= MAX_NESTING:
            _stop(where, f"operation lists are nested deeper than {MAX_NESTING} levels, calls of blocks counted",
                  "let blocks call fewer blocks")


def _stop(where: Where, message: str, hint: str) -> NoReturn:
    raise TooLarge(Problem("too-large", where, message, hint))
