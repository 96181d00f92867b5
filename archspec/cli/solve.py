"""`archspec solve`: a spec that meets a budget."""

from __future__ import annotations

import shlex
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from archspec.cli import DONE, NO
from archspec.cli.completed import files, nothing, specs, to_free
from archspec.cli.options import overrides, spec_of
from archspec.errors import InputError, shorten
from archspec.io.places import kind_of, user_path
from archspec.search.cost import FIGURES, amount, share, shown

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from archspec.search.dials import Dial
    from archspec.search.solve import Solved

NEAREST = 6
"""Candidates that are shown."""
OF_FIGURES, LEAST = 64, 16
"""Characters of a row behind what is set, and of that at least."""
NEAR = 0.1
"""Results that are that far from the budget are near enough to ask for a larger tolerance."""


@click.command()
@click.argument("spec", shell_complete=specs)
@overrides
@click.option("--free", multiple=True, required=True, metavar="KEY[=BASE],...", shell_complete=to_free,
              help="What may change: a key of the stages (widths, repeats, cardinality, se) or of one (stages.stage3.repeats), "
                   "input, a number anywhere (let.wider); several with bases of a compound rule; depth_and_width, compound.")
@click.option("--macs", metavar="N", shell_complete=nothing, help="Multiply-adds for one image: 4.1G.")
@click.option("--params", metavar="N", shell_complete=nothing, help="Trainable parameters: 25M.")
@click.option("--memory", metavar="N", shell_complete=nothing, help="Bytes of training with --batch images a step: 8GiB.")
@click.option("--round", "step", type=click.IntRange(min=1), metavar="N",
              help="What values are multiples of.  [default: 8 of widths, 1 of others]")
@click.option("--tolerance", default="1%", show_default=True, shell_complete=nothing,
              help="How far from the budget the result may be.")
@click.option("--batch", type=click.IntRange(min=1), default=32, show_default=True, help="Images a step, for --memory.")
@click.option("-v", "--verbose", is_flag=True, help="Show all candidates, those too that are not valid.")
@click.option("-o", "--output", metavar="FILE", shell_complete=files, help="The spec to write.  [default: standard output]")
def solve(spec: str, overrides: tuple[str, ...], free: tuple[str, ...], macs: str | None, params: str | None,
          memory: str | None, step: int | None, tolerance: str, batch: int, verbose: bool, output: str | None) -> int:
    """Find a spec near SPEC that meets a budget, and write it as a spec that extends SPEC.

    The uniform scale is bisected; where rounding leaves it out of tolerance, single values are moved one step from it. Of
    several budgets the one that is used up first is met, and no other is exceeded by more than the tolerance.
    """
    from archspec.author.new import extended_by
    from archspec.network import lower, with_overrides
    from archspec.search.dials import dials_of
    from archspec.search.solve import solve as search
    from archspec.search.written import extending, write
    asked = {"macs": macs, "params": params, "memory": memory}
    budget = {figure: amount(text, f"--{figure}", of_bytes=figure == "memory") for figure, text in asked.items()
              if text is not None}
    if not budget:
        raise InputError("no budget: give --macs, --params or --memory\n"
                         "  hint: archspec solve resnet50 --macs 2G --free widths")
    allowed, path = share(tolerance, "--tolerance"), None if output is None else _file(output)
    extended = extended_by(Path("fitted.yaml") if path is None else path, spec, "archspec solve ",
                           "the spec that is printed" if path is None else "")
    base = spec_of(spec, overrides)
    dials = dials_of(base, free, step)
    _refuse_both(overrides, dials)
    result = search(base, dials, budget, allowed, batch)
    changes = (*_others(overrides, result.nearest.overrides), *result.nearest.overrides)
    close = _close(result)
    _show(result, aside=path is None, verbose=verbose)
    for note in result.notes:
        click.echo(note, err=path is None)
    if not result.reached:
        click.echo(_missed(result, tolerance, changes, close, coarse=any(dial.step > 1 for dial in dials)), err=True)
        return NO
    fitted = with_overrides(base, result.nearest.overrides)
    text = extending(extended, changes, "\n".join([f"{base.name} fitted to a budget by `{_command()}`: {close}.",
                                                   *(f"{note[:1].upper()}{note[1:]}." for note in result.notes)]),
                     f"{base.name} with {shorten(', '.join(changes))}", fitted)
    if path is None:
        click.echo(text, nl=False)
    else:
        write(path, text, lower(fitted).fingerprint)
        click.echo(f"{path}: {close}")
    return DONE


def _refuse_both(overrides: tuple[str, ...], dials: tuple[Dial, ...]) -> None:
    """Raises InputError where --set says of one stage what is turned for all: the spec that is written would say both."""
    from archspec.spec.indexed import steps_of
    turned = [steps_of(f"stages.{dial.key}") for dial in dials if dial.stages and not dial.names]
    for each in overrides:
        key = each.partition("=")[0]
        match steps_of(key):
            case ["stages", str(), str(name), *_] if ["stages", name] in turned:
                raise InputError(f"--set {shorten(key)} says of one stage what --free turns for all of them\n"
                                 f"  hint: --set stages.{name} with a list says it of all, or free the other stages alone")


def _others(overrides: tuple[str, ...], found: tuple[str, ...]) -> list[str]:
    """What --set says of other keys than those that were turned."""
    from archspec.spec.indexed import steps_of
    turned = [steps_of(each.partition("=")[0]) for each in found]
    return [each for each in overrides if steps_of(each.partition("=")[0]) not in turned]


def _missed(result: Solved, tolerance: str, changes: tuple[str, ...], close: str, *, coarse: bool) -> str:
    """Why there is no result: how near the nearest comes, and what kept others from being nearer."""
    off = result.nearest.off
    lines = [f"not within {tolerance}; the nearest, {' '.join(f'--set {shorten(each)}' for each in changes)}: {close}"]
    failed = [each for each in result.tried if each.cost is None]
    if failed:
        lines.append(f"{len(failed)} of {_candidates(len(result.tried))} are not valid; "
                     f"with --set {shorten(' '.join(failed[0].overrides))}: {failed[0].message}")
    wider = [f"--tolerance {ceil(off * 1000) / 10:g}%"] if off <= NEAR else []
    grouped = any("divisible" in each.message for each in failed)
    more = [*wider, *["another --round"] * grouped, *["a smaller --round"] * (coarse and not grouped),
            *["change with --set what makes them not valid"] * bool(failed)]
    lines.append(f"  hint: {', or '.join([*more, '--free more keys'])}")
    return "\n".join(lines)


def _candidates(number: int) -> str:
    return f"{number} candidate{'' if number == 1 else 's'}"


def _command() -> str:
    """The command that was given, without where it writes and how much it tells: it finds the same again."""
    context = click.get_current_context()
    said = ["archspec", "solve"]
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in ("output", "verbose") or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        option = [] if isinstance(parameter, click.Argument) else [parameter.opts[0]]
        values = context.params[name] if parameter.multiple else (context.params[name],)
        said.extend(word for value in values for word in (*option, str(value)))
    return shlex.join(said)


def _file(output: str) -> Path:
    """The file that -o names for a spec. Raises InputError where it is there already, or is no YAML file."""
    path = user_path(output, "-o")
    if path.suffix not in (".yaml", ".yml"):
        raise InputError(f"{path}: a spec is a YAML file\n  hint: -o {path.with_suffix('').name or 'fitted'}.yaml")
    if kind_of(path) != "none":
        raise InputError(f"{path} is there already\n  hint: name another file, or remove it")
    return path


def _close(result: Solved) -> str:
    """How near the nearest comes to each budget."""
    cost = result.nearest.cost
    assert cost is not None
    said = []
    for figure, most in result.budget.items():
        off = getattr(cost, figure) / most - 1
        where = "as asked" if round(off, 4) == 0 else f"{abs(off):.2%} {'above' if off > 0 else 'below'} {shown(figure, most)}"
        said.append(f"{getattr(cost, figure):,} {FIGURES[figure]}, {where}")
    return "; ".join(said)


def _show(result: Solved, *, aside: bool, verbose: bool) -> None:
    """The candidates, on standard error where the spec goes to standard output."""
    from archspec.cli.screen import Screen, screen
    console = Screen(stderr=True, highlight=False, width=120) if aside else screen(120)
    console.print(_table(result, console, verbose=verbose))
    for each in result.tried if verbose else ():
        if each.cost is None:
            console.print(f"not valid: {' '.join(each.overrides)}: {each.message}", markup=False, soft_wrap=True)


def _table(result: Solved, console: Console, *, verbose: bool) -> Table:
    """The valid candidates below a line about them, the nearest last; a line each, unless all are asked for."""
    from rich.markup import escape
    from rich.table import Table

    from archspec.views.numbers import count
    room = max(console.width - OF_FIGURES, LEAST)
    valid = sorted((each for each in result.tried if each.cost), key=lambda each: -each.off)
    failed = len(result.tried) - len(valid)
    more = f"; --verbose shows {'all' if failed == 0 else 'these, too'}" if failed or len(valid) > NEAREST else ""
    title = f"{_candidates(len(result.tried))}{f', {failed} of them not valid' if failed else ''}, the nearest last"
    console.print(f"{title}{'' if verbose else more}", markup=False)
    table = Table(box=None)
    table.add_column("what is set", overflow="fold")
    for name in ("multiply-adds", "parameters", "training memory", "of budget"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in valid if verbose else valid[-NEAREST:]:
        assert each.cost is not None
        said = " ".join(each.overrides)
        table.add_row(escape(said if verbose or len(said) <= room else f"{said[:room - 1]}…"), count(each.cost.macs),
                      count(each.cost.params), shown("memory", each.cost.memory), f"{each.share:.2%}")
    return table
