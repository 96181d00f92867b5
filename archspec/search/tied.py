"""What goes with a dial: the way in which it costs more, and widths that others have to equal.

Both are found by trial, on candidates that are no results: a block says neither whether a parameter divides, nor that its
shortcut is the identity where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import isinf

from archspec.schema.tree import ListTree, Scalar
from archspec.search.dials import Dial, Values, arguments_of
from archspec.spec.arch import Spec

Share = Callable[[Dial, Values], float | None]
"""The share of the budget that a network uses in which one dial has these values; None where it is not valid."""
TRIALS = 8
GROW = ("width", "repeats", "input")
"""Keys that cost more the larger they are."""


def turned_right(dial: Dial, pace: float, start: float, share: Share) -> Dial:
    """The dial so that its exponent costs more the larger it is. `start`: the share at its own values."""
    if dial.key in GROW or isinf(start):
        return dial
    for number in range(1, TRIALS + 1):
        for exponent in (number * pace, -number * pace):
            values = dial.at(exponent)
            found = None if values == dial.at(0.0) else share(dial, values)
            if found is not None and found != start:
                return replace(dial, way=1 if (found > start) == (exponent > 0) else -1)
    return dial


def untied(spec: Spec, dial: Dial, pace: float, share: Share) -> tuple[Dial, str]:
    """Widths that can be scaled, and what was done for that, as a sentence or ''. `pace`: an exponent, towards the budget.

    Where no network is valid in which the first stage has another width, since a shortcut is the identity: the stem goes
    with that stage if its last convolution says the same number, else one stage stays as it is.
    """
    if dial.key != "width" or 0 not in dial.stages:
        return dial, ""
    exponents = [number * pace / 2 for number in range(1, 2 * TRIALS + 1)]
    points = {values: each for each in exponents if (values := dial.at(each))[0] != dial.start[0]}
    trials = [*points.values()][:TRIALS]

    def valid(other: Dial) -> Iterator[bool]:
        return (share(other, other.at(each)) is not None for each in trials)
    if not trials or any(valid(dial)):
        return dial, ""
    for other, said in _looser(spec, dial):
        if 2 * sum(valid(other)) >= len(trials):
            return other, said
    return dial, ""


def _looser(spec: Spec, dial: Dial) -> Iterator[tuple[Dial, str]]:
    """The dial with the stem, and with one stage as it is."""
    first, stem = spec.stages[0].name, _width_of_stem(spec, dial.start[0])
    if stem:
        yield replace(dial, stem=stem), f"the stem's width goes with that of {first}, which has to equal it: {stem}"
    for index, stage in enumerate(dial.stages if len(dial.start) > 1 else ()):
        yield replace(dial, held=(index,)), f"the width of {spec.stages[stage].name} stays, which has to equal what enters it"


def _width_of_stem(spec: Spec, width: float) -> str:
    """The key path of the filters of the stem's last convolution, where they are this number; else ''."""
    stem = spec.resolved.tree.entries.get("stem")
    for index, item in reversed([*enumerate(stem.items)] if isinstance(stem, ListTree) else []):
        filters = arguments_of(item).get("filters")
        if filters is not None:
            return f"stem[{index}].filters" if isinstance(filters, Scalar) and filters.value == width else ""
    return ""
