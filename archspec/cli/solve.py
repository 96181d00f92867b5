"""`archspec solve`: a spec that meets a budget."""

from __future__ import annotations

import shlex
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
    from rich.table import Table

    from archspec.search.solve import Solved

MOST_SHOWN = 30


@click.command()
@click.argument("spec", shell_complete=specs)
@overrides
@click.option("--free", multiple=True, required=True, metavar="KEY[=BASE],...", shell_complete=to_free,
              help="What may change: a key of the stages (widths, repeats, cardinality, base_width, growth), input, a number "
                   "anywhere (let.wider); several with the bases of a compound rule; depth_and_width, compound.")
@click.option("--macs", metavar="N", shell_complete=nothing, help="Multiply-adds for one image: 4.1G.")
@click.option("--params", metavar="N", shell_complete=nothing, help="Trainable parameters: 25M.")
@click.option("--memory", metavar="N", shell_complete=nothing, help="Bytes of training with --batch images a step: 8GiB.")
@click.option("--round", "step", type=click.IntRange(min=1), metavar="N",
              help="What values are multiples of.  [default: 8 of widths, 1 of others]")
@click.option("--tolerance", default="1%", show_default=True, shell_complete=nothing,
              help="How far from the budget the result may be.")
@click.option("--batch", type=click.IntRange(min=1), default=32, show_default=True, help="Images a step, for --memory.")
@click.option("-o", "--output", metavar="FILE", shell_complete=files, help="The spec to write.  [default: standard output]")
def solve(spec: str, overrides: tuple[str, ...], free: tuple[str, ...], macs: str | None, params: str | None,
          memory: str | None, step: int | None, tolerance: str, batch: int, output: str | None) -> int:
    """Find a spec near SPEC that meets a budget, and write it as a spec that extends SPEC.

    The uniform scale is bisected; where rounding leaves it out of tolerance, single stages are moved a step. Of several
    budgets the one that is used up first is met, and no other is exceeded by more than the tolerance.
    """
    from archspec.network import lower, with_overrides
    from archspec.search.dials import dials_of
    from archspec.search.solve import solve as search
    from archspec.search.written import extending, write
    budget = {figure: amount(text, f"--{figure}") for figure, text in (("macs", macs), ("params", params), ("memory", memory))
              if text is not None}
    if not budget:
        raise InputError("no budget: give --macs, --params or --memory\n"
                         "  hint: archspec solve resnet50 --macs 2G --free widths")
    allowed, path = share(tolerance, "--tolerance"), None if output is None else _file(output)
    base = spec_of(spec, overrides)
    result = search(base, dials_of(base, free, step), budget, allowed, batch)
    changes = (*overrides, *result.nearest.overrides)
    close = _close(result)
    text = extending(spec, changes, f"{base.name} fitted to a budget by `{_command()}`: {close}.",
                     f"{base.name} with {shorten(', '.join(changes))}", Path() if path is None else path.parent)
    _show(result, aside=path is None)
    if not result.reached:
        click.echo(f"not within {tolerance}; the nearest, {' '.join(f'--set {shorten(each)}' for each in changes)}: {close}\n"
                   "  hint: a larger --tolerance, a smaller --round, or --free more keys", err=True)
        return NO
    if path is None:
        click.echo(text, nl=False)
    else:
        write(path, text, lower(with_overrides(base, result.nearest.overrides)).fingerprint)
        click.echo(f"{path}: {close}")
    return DONE


def _command() -> str:
    """The command that was given, without where it writes: it finds the same again."""
    context = click.get_current_context()
    said = ["archspec", "solve"]
    for parameter in context.command.params:
        name = parameter.name or ""
        if name == "output" or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
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


def _show(result: Solved, *, aside: bool) -> None:
    """The candidates, on standard error where the spec goes to standard output."""
    from archspec.cli.screen import Screen, screen
    console = Screen(stderr=True, highlight=False, width=120) if aside else screen(120)
    console.print(_table(result))


def _table(result: Solved) -> Table:
    from rich.table import Table

    from archspec.views.numbers import count
    table = Table(title=f"{len(result.tried)} candidates, those nearest to the budget last", title_justify="left", box=None)
    table.add_column("what is set", overflow="fold")
    for name in ("multiply-adds", "parameters", "training memory", "of budget"):
        table.add_column(name, justify="right")
    for each in sorted(result.tried, key=lambda each: -each.off)[-MOST_SHOWN:]:
        if each.cost is None:
            table.add_row(" ".join(each.overrides), each.message, "", "", "")
        else:
            table.add_row(" ".join(each.overrides), count(each.cost.macs), count(each.cost.params),
                          shown("memory", each.cost.memory), f"{each.share:.2%}")
    return table
