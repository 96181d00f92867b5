"""`archspec check`: every problem of every file, before TensorFlow loads."""

from __future__ import annotations

from dataclasses import asdict

import click

from archspec.cli.options import as_json, overrides, print_json
from archspec.errors import Problem, SpecError
from archspec.network import load, lower


@click.command()
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@overrides
@as_json
def check(specs: tuple[str, ...], overrides: tuple[str, ...], as_json: bool) -> int:
    """Find every problem of each SPEC. Exit code 2 if there is one."""
    found: list[Problem] = []
    for spec in specs:
        problems = _problems(spec, overrides)
        found.extend(problems)
        if not as_json:
            click.echo("\n".join(map(str, problems)) if problems else f"{spec}: no problems")
    found = list(dict.fromkeys(found))
    if as_json:
        print_json({"ok": not found, "problems": [_document(problem) for problem in found]})
    elif found:
        click.echo(f"{len(found)} problem{'s' if len(found) > 1 else ''}", err=True)
    return 2 if found else 0


def _problems(spec: str, overrides: tuple[str, ...]) -> tuple[Problem, ...]:
    try:
        lower(load(spec, overrides))
    except SpecError as error:
        return error.problems
    return ()


def _document(problem: Problem) -> dict[str, object]:
    where = asdict(problem.where)
    del where["text"]
    return {"code": problem.code, **where, "message": problem.message, "hint": problem.hint, "notes": list(problem.notes)}
