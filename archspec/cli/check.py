"""`archspec check`: every problem of every file, before TensorFlow loads."""

from __future__ import annotations

from dataclasses import asdict

import click

from archspec.cli import DONE, WRONG_INPUT
from archspec.cli.completed import specs
from archspec.cli.options import as_json, overrides, print_json, tell_hidden
from archspec.errors import Problem, SpecError
from archspec.io.streams import aside
from archspec.network import load


@click.command()
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True, shell_complete=specs)
@overrides
@click.option("--strict", is_flag=True, help="Exit code 2 for warnings, too.")
@as_json
def check(specs: tuple[str, ...], overrides: tuple[str, ...], strict: bool, as_json: bool) -> int:
    """Find every problem of each SPEC. Exit code 2 if there is one."""
    found: list[Problem] = []
    doubts: list[Problem] = []
    for spec in specs:
        problems, warnings, rate = _problems(spec, overrides)
        found.extend(problems)
        doubts.extend(warnings)
        if not as_json:
            lines = [*map(str, problems), *(f"warning: {warning}" for warning in warnings)]
            click.echo("\n".join(lines if problems else [*lines, f"{spec}: no problems{rate}"]))
    found, doubts = list(dict.fromkeys(found)), list(dict.fromkeys(doubts))
    if as_json:
        print_json({"ok": not found, "problems": [_document(problem) for problem in found],
                    "warnings": [_document(warning) for warning in doubts]})
    elif found:
        codes = " ".join(sorted({problem.code for problem in found}))
        aside(f"{len(found)} problem{'s' if len(found) > 1 else ''}; what they mean: archspec explain {codes}")
    return WRONG_INPUT if found or (strict and doubts) else DONE


def _problems(spec: str, overrides: tuple[str, ...]) -> tuple[tuple[Problem, ...], tuple[Problem, ...], str]:
    """What is wrong with a spec, what is doubtful in it, and the learning rate where it follows from a rate per batch."""
    tell_hidden(spec)
    try:
        loaded = load(spec, overrides)
    except SpecError as error:
        return error.problems, (), ""
    recipe = loaded.train
    return (), loaded.warnings, f"; {recipe.rate_said}" if recipe.reckoned else ""


def _document(problem: Problem) -> dict[str, object]:
    where = asdict(problem.where)
    del where["text"], where["called"]
    return {"code": problem.code, **where, "message": problem.message, "hint": problem.hint, "notes": list(problem.notes)}
