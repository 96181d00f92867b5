"""Results as rich tables."""

from __future__ import annotations

from rich.table import Table

from archspec.views.catalog import SpecEntry
from archspec.views.numbers import count, mebibytes, shape, short
from archspec.views.summary import Summary


def grid(*columns: str, left: int = 1, fold: bool = False, title: str | None = None) -> Table:
    """A table whose first `left` columns are words, folded where they are long if so asked, and the others numbers."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold", show_footer=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index < left else "right", no_wrap=not fold,
                         overflow="fold" if fold else "ellipsis")
    return table


def summary_table(result: Summary) -> Table:
    """A row a stage, then the totals."""
    table = grid("stage", "blocks", "output", "parameters", "multiply-adds", "activations", "receptive field")
    for row in result.stages:
        reach = "image" if row.reach is None else f"{row.reach[0]}x{row.reach[1]}"
        table.add_row(row.name, str(row.blocks), shape(row.output), count(row.parameters), count(row.macs),
                      mebibytes(row.activations), reach)
    table.add_section()
    table.add_row("total", "", "", count(result.parameters.total), count(result.macs), mebibytes(result.memory.activations), "",
                  style="bold")
    return table


def layers_table(result: Summary) -> Table:
    """A row a layer, then the totals."""
    table = grid("layer", "operation", "output", "parameters", "multiply-adds", left=2)
    for node in result.graph.predicting:
        table.add_row(node.name, node.op.kind, shape(node.output.type.shape), count(node.parameters), count(node.macs))
    table.add_section()
    table.add_row("total", "", "", count(result.parameters.total), count(result.macs), style="bold")
    return table


def catalog_table(entries: list[SpecEntry]) -> Table:
    """The specs by family."""
    table = grid("family", "spec", "input", "parameters", "multiply-adds", "description", left=3)
    table.columns[-1].justify, table.columns[-1].no_wrap, table.columns[-1].overflow = "left", False, "fold"
    family = ""
    for entry in entries:
        if family and entry.family != family:
            table.add_section()
        table.add_row(entry.family if entry.family != family else "", entry.name, entry.input, count(entry.parameters),
                      short(entry.macs), entry.description)
        family = entry.family
    return table
