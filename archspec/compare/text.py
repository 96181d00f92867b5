"""A difference as lines for a terminal: what each section costs, then what differs in blocks, recipes and runs."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from archspec.compare.alike import Distinct
from archspec.compare.keys import KeyPair
from archspec.compare.layers import Status
from archspec.compare.network import SectionPair
from archspec.compare.report import Report, input_text, key_text, lines, more_repeats, resized, tuned
from archspec.views.numbers import count, mebibytes, shape
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
        a, b = section.costs
        table.add_row(section.status, section.name, *_both(section), *_figures(
            *((0 if cost is None else cost.parameters) for cost in (a, b)), *((0 if cost is None else cost.macs) for cost in (a, b)),
            *((0 if cost is None else cost.activations) for cost in (a, b))), style=STYLES[section.status])
    table.add_section()
    costs = network.a.cost, network.b.cost
    table.add_row("", "total", "", "", *_figures(*(cost.parameters.total for cost in costs), *(cost.macs for cost in costs),
                                                 *(cost.memory.activations for cost in costs)), style="bold")
    return table


def _both(section: SectionPair) -> list[str]:
    """Blocks and output, of both sides where they differ."""
    found = []
    for values in ([str(cost.blocks) for cost in section.costs if cost], [shape(cost.output) for cost in section.costs if cost]):
        found.append(" → ".join(dict.fromkeys(values)))
    return found


def _figures(parameters: int, parameters_b: int, macs: int | None, macs_b: int | None, kept: int | None,
             kept_b: int | None) -> list[str]:
    return [count(parameters_b), _change(parameters, parameters_b), count(macs_b), _change(macs, macs_b),
            mebibytes(kept_b), _change(kept, kept_b, 2**20 / 10)]


def _change(a: int | None, b: int | None, step: float = 0) -> str:
    """+25,392; = where both are the same; of bytes in MiB."""
    if a is None or b is None:
        return "=" if a == b else "?"
    if a == b:
        return "="
    sign = "+" if b > a else "−"
    return f"{sign}{count(abs(b - a))}" if not step else f"{sign}{abs(b - a) / 2**20:,.1f}" if abs(b - a) >= step else f"{sign}<0.1"


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
