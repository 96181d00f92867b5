"""What `archspec import` prints of a plan: what matched, section by section, and every tensor that did not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.markup import escape
from rich.table import Table

from archspec.graph.ir import Graph
from archspec.views.tables import grid
from archspec.weights.match import Match, Misfit, Missing, Plan
from archspec.weights.tensors import Shape

SHOWN = 20
"""Rows of a table of what does not fit; the rest is a count."""

Cells = tuple[str, str, str, str]


def tables(plan: Plan, graph: Graph) -> Iterator[Table]:
    """The table of sections, and one of tensors without a place if there are any."""
    yield _sections(plan, graph)
    rows = [*_misfits(plan.misfits), *_missing("missing", plan.missing), *_missing("new head", plan.fresh),
            *(("unexpected", name, "", _shape(shape)) for name, shape in plan.unexpected.items())]
    if rows:
        yield _details(rows)


def _sections(plan: Plan, graph: Graph) -> Table:
    table = grid("section", "matched", "missing", "other shape", "new",
                 title=f"{escape(graph.name)} by the mapping {plan.mapping.name}")
    kinds = (plan.matched, plan.missing, plan.misfits, plan.fresh)
    for section in graph.sections:
        table.add_row(section, *(_count(kind, section) for kind in kinds))
    table.add_section()
    table.add_row("total", *(str(len(kind)) for kind in kinds), style="bold")
    table.add_row("unexpected in the file", str(len(plan.unexpected)))
    return table


def _count(kind: Iterable[Match | Missing | Misfit], section: str) -> str:
    return str(sum(each.section == section for each in kind))


def _details(rows: list[Cells]) -> Table:
    table = grid("", "tensor of the file", "array of the network", "shape", left=3, fold=True, title="without a place")
    for row in rows[:SHOWN]:
        table.add_row(*map(escape, row))  # a name in a file may look like rich's markup
    if len(rows) > SHOWN:
        table.add_row(f"and {len(rows) - SHOWN} more")
    return table


def _misfits(misfits: Iterable[Misfit]) -> Iterator[Cells]:
    for each in misfits:
        yield "other shape", each.tensor, f"{each.layer} {each.array}", f"{_shape(each.theirs)} for {_shape(each.ours)}"


def _missing(word: str, missing: Iterable[Missing]) -> Iterator[Cells]:
    for each in missing:
        yield word, each.tensor or "–", f"{each.layer} {each.array}", _shape(each.shape)


def _shape(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "number"
