"""A difference as lines for a terminal: what each section costs, then what differs in blocks, recipes and runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from archspec.compare.alike import Distinct
from archspec.compare.keys import KeyPair
from archspec.compare.layers import Status
from archspec.compare.network import SectionPair
from archspec.compare.report import Report, input_text, key_text, lines, more_repeats, resized, tuned
from archspec.views.numbers import count, memory, shape
from archspec.views.tables import grid

STYLES: dict[Status, str] = {"=": "dim", "≠": "magenta", "+": "cyan", "−": "yellow"}


def text(report: Report) -> Iterator[RenderableType]:
    """The parts of a report, one below the other."""
    network = report.network
    yield Text(f"{network.a.name} → {network.b.name}", style="bold")
    if not network.equal:
        yield _sections(report)
        yield from (Text(line) for line in _facts(report))
        for each in report.blocks:
            yield ""
            yield _block(each)
    else:
        yield "the same network"
    for title, pairs in (("recipe", report.recipe), ("runs", report.runs)):
        if pairs:
            yield ""
            yield _keys(title, pairs, (network.a.name, network.b.name))


def _sections(report: Report) -> Table:
    """A row a section: what the second costs, and how much more that is than the first."""
    network = report.network
    table = grid("", "stage", "blocks", "output", "parameters", "", "multiply-adds", "", "activations", "", left=2)
    for section in network.sections:
        figures = [_three(cost.trainable, cost.macs, cost.activations) if cost else (0, 0, 0) for cost in section.costs]
        table.add_row(section.status, section.name, *_both(section), *_figures(*figures), style=STYLES[section.status])
    table.add_section()
    costs = network.a.cost, network.b.cost
    totals = [_three(cost.parameters.trainable, cost.macs, cost.memory.activations) for cost in costs]
    table.add_row("", "whole network" if network.part else "total", "", "", *_figures(*totals), style="bold")
    return table


def _both(section: SectionPair) -> list[str]:
    """Blocks and output, of both sides where they differ."""
    costs = [cost for cost in section.costs if cost]
    return [" → ".join(dict.fromkeys(values)) for values in ([str(cost.blocks) for cost in costs],
                                                            [shape(cost.output) for cost in costs])]


_Three = tuple[int | None, int | None, int | None]
"""Parameters, multiply-adds, bytes of activations."""


def _three(parameters: int, macs: int | None, activations: int | None) -> _Three:
    return parameters, macs, activations


def _figures(a: _Three, b: _Three) -> list[str]:
    """What the second has, and how much more that is than the first's, of each figure."""
    return [count(b[0]), _change(a[0], b[0]), count(b[1]), _change(a[1], b[1]), memory(b[2]), _change(a[2], b[2], memory)]


def _change(a: int | None, b: int | None, said: Callable[[int | None], str] = count) -> str:
    """+25,392; = where both are the same."""
    if a == b:
        return "="
    if a is None or b is None:
        return "?"
    return ("+" if b > a else "−") + said(abs(b - a))


def _facts(report: Report) -> Iterator[str]:
    network = report.network
    if told := input_text(network):
        yield told
    for section in network.sections:
        if more := more_repeats(section):
            yield f"{section.name}: {', '.join(f'{status} {what}' for status, what in more)}"
    if sizes := resized(network):
        yield f"the same layers on other sizes: {', '.join(sizes)}"
    yield from tuned(network)
    renamed = list(report.renamed)
    if renamed:
        yield f"{len(renamed)} layers are the same under other names, such as {renamed[0][0]} → {renamed[0][1]}"


def _block(each: Distinct) -> RenderableType:
    head = Text(each.title, style="bold")
    if each.heading:
        head.append(f"  {each.heading}", style="not bold dim")
    table = grid("", "", "", left=3, fold=True)
    table.show_header = False
    for line in lines(each):
        said = f"{line.a} → {line.b}" if line.a and line.b else line.a or line.b
        table.add_row(Text(line.status), Text(line.name), Text(said), style=STYLES[line.status])
    return Group(head, table)


def _keys(title: str, pairs: tuple[KeyPair, ...], names: tuple[str, str]) -> Table:
    table = grid(title, *names, left=3, fold=True)
    for pair in pairs:
        table.add_row(Text(pair.path), Text(key_text(pair.a)), Text(key_text(pair.b)))
    return table
