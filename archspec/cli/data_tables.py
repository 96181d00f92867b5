"""What `archspec data check` prints: tables of what is there, then what is wrong or odd."""

from __future__ import annotations

import click
from rich.table import Table

from archspec.cli.screen import screen
from archspec.data.findings import Finding
from archspec.data.report import SHARES, Report
from archspec.errors import FEW
from archspec.views.numbers import count
from archspec.views.tables import grid

_TITLES = {0: "least", 50: "median", 100: "most"}


def show(report: Report, name: str) -> None:
    """Prints a report on the data of `name`."""
    if report.images:
        total = sum(report.images.values())
        click.echo(f"{name}: {report.source}, {count(total)} images, {count(len(report.classes))} classes")
        console = screen(120)
        console.print(_splits(report))
        if report.sizes:
            console.print(_sizes(report))
        click.echo("; ".join(f"{count(number)} {kind}" for kind, number in report.kinds.items()))
    by_code = dict[str, list[Finding]]()
    for finding in report.findings:
        by_code.setdefault(finding.code, []).append(finding)
    for code, findings in by_code.items():
        click.echo(f"{code}: {count(len(findings))}")
        click.echo("\n".join(f"  {_line(finding)}" for finding in findings[:FEW]) + "\n  …" * (len(findings) > FEW))
    click.echo(_verdict(report))


def _line(finding: Finding) -> str:
    return f"{finding.file}: {finding.message}" if finding.file else finding.message.replace("\n", "\n  ")


def _verdict(report: Report) -> str:
    if not report.ok:
        return "a training would stop"
    many = f"{count(report.skipped)} image{'s' * (report.skipped > 1)}"
    return f"a training would skip {many}" if report.skipped else "a training would read all of it"


def _splits(report: Report) -> Table:
    table = grid("split", "images", "classes", "fewest of a class", "most of a class")
    for name, classes in report.splits.items():
        there = sorted((number, each) for each, number in classes.items() if number)
        ends = [f"{count(number)} ({each})" for number, each in (there[0], there[-1])] if there else ["", ""]
        table.add_row(name, count(report.images[name]), count(len(there)), *ends)
    return table


def _sizes(report: Report) -> Table:
    table = grid("pixels", *(_TITLES.get(share, f"{share} %") for share in SHARES))
    for name, values in report.sizes.items():
        table.add_row("width : height" if name == "aspect" else name,
                      *(f"{value:.2f}" if name == "aspect" else count(round(value)) for value in values))
    return table
