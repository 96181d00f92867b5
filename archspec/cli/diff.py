"""`archspec diff`: two networks or two runs, what is the same and what is not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from os.path import isdir, isfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli import DONE
from archspec.cli.completed import files, keys_to_set_b, specs, stages
from archspec.cli.options import as_json, overrides, print_json, spec_of, svg_file, svg_look, told
from archspec.cli.screen import screen
from archspec.errors import InputError
from archspec.io.files import write_text
from archspec.io.places import expanded
from archspec.spec.arch import Spec
from archspec.spec.files import spec_names

if TYPE_CHECKING:
    from archspec.compare.report import Report
    from archspec.draw.svg import Theme
    from archspec.train.reporting.listing import Entry


@click.command()
@click.argument("a", shell_complete=specs)
@click.argument("b", shell_complete=specs)
@overrides
@click.option("--set-b", "overrides_b", multiple=True, metavar="KEY=VALUE", shell_complete=keys_to_set_b,
              help="Change B alone: --set-b stages.se=16. May be repeated.")
@click.option("-o", "--output", metavar="FILE", shell_complete=files,
              help="A picture to write, an SVG: both side by side.")
@click.option("--stage", metavar="NAME", shell_complete=stages, help="One stage alone, or the stem or the head.")
@click.option("--no-recipe", "recipe", flag_value=False, default=True, help="Without how the two are trained.")
@svg_look
@as_json
def diff(a: str, b: str, overrides: tuple[str, ...], overrides_b: tuple[str, ...], output: str | None, stage: str | None,
         recipe: bool, theme: Theme, background: bool, as_json: bool) -> int:
    """Say in what B differs from A, two specs or two runs: structure, sizes, cost and recipe.

    Runs are told by their folders, and differ in data and results, too. An inserted block or layer shifts nothing behind
    it: stages are put beside each other by name, then by order, layers by name within their block, then by what they are
    and where they stand.
    """
    path = None if output is None else svg_file(output)
    first, second = _Side.of(a, overrides), _Side.of(b, (*overrides, *overrides_b))
    report = _report(first, second, _names(a, b, overrides_b))
    report = replace(report, network=report.network.only(stage) if stage else report.network,
                     recipe=report.recipe if recipe else ())
    written = "" if path is None or report.equal else _draw(report, path, theme, background)
    if as_json:
        from archspec.compare.report import to_json
        print_json(to_json(report))
    elif report.equal:
        where = f" in {stage}" if stage else ""
        click.echo(f"{report.network.a.name} and {report.network.b.name}: no difference{where}")
    else:
        from archspec.compare.text import text
        console = screen(120)
        for part in text(report):
            console.print(part, soft_wrap=isinstance(part, str), markup=False)
    if path is not None:
        click.echo(written or f"{path} is not written: there is no difference to draw", err=True)
    return DONE


@dataclass(frozen=True)
class _Side:
    """A spec, or a run with its spec."""

    spec: Spec
    run: Entry | None

    @classmethod
    def of(cls, reference: str, overrides: tuple[str, ...]) -> _Side:
        """What a path or name stands for. Raises InputError, SpecError."""
        run, place = None, expanded(reference)
        if isfile(place / "manifest.json") or (isdir(place) and reference not in spec_names()):
            if overrides:
                raise InputError(f"{reference} is a run, which is as it was trained: --set and --set-b change specs\n"
                                 f"  hint: leave them out, or name the spec: {place / 'spec.yaml'}")
            run = _entry(place)
            reference = str(place / "spec.yaml")
        return cls(spec_of(reference, overrides), run)


def _entry(place: Path) -> Entry:
    from archspec.train.reporting.listing import find, read_entry
    found = list(find([place]))
    if found != [place]:
        raise InputError(f"{place} holds runs and is none itself\n  hint: name one of them, such as {found[0]}")
    return read_entry(place)


def _report(a: _Side, b: _Side, names: tuple[str, str]) -> Report:
    """All that differs between two sides under these names."""
    from archspec.compare.report import compared
    if a.run is None or b.run is None:
        return compared(a.spec, b.spec, names)
    from archspec.compare.runs import outcomes
    return compared(a.spec, b.spec, names, outcomes(a.run, b.run))


def _names(a: str, b: str, changes: tuple[str, ...]) -> tuple[str, str]:
    """What the two are called: as they were typed, the second with what is changed in it alone."""
    return a, ", ".join((b, *changes))


def _draw(report: Report, path: Path, theme: Theme, background: bool) -> str:
    """Writes the picture, and says what is written."""
    from archspec.compare.picture import picture
    from archspec.draw.svg import svg
    drawn = picture(report)
    write_text(path, svg(drawn, theme, background=background))
    return told(path, drawn)
