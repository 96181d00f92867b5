"""`archspec sweep`: many variants of a spec, checked and costed, and trained."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from archspec.cli import DONE, NO
from archspec.cli.completed import folders, studies
from archspec.cli.options import as_json, overrides, print_json, spec_of, svg_look
from archspec.cli.sweep_train import (
    claimed,
    documents,
    print_results,
    refuse_what_is_missing,
    train_all,
    write_results,
)
from archspec.cli.wide import EDGELESS, short_keys, short_value, show
from archspec.errors import InputError, SpecError, visible
from archspec.io.places import kind_of, user_path
from archspec.io.signals import INTERRUPTED

if TYPE_CHECKING:
    from archspec.draw.svg import Theme
    from archspec.search.cost import Cost
    from archspec.search.plan import Plan
    from archspec.search.sweep import Candidate, Known, Told
    from archspec.spec.arch import Spec

SHOWN = 40
EVERY = 5.0
"""Seconds from one line about progress to the next."""
SORTS: dict[str, Callable[[Cost], float]] = {
    "macs": lambda cost: _size(cost.macs), "params": lambda cost: cost.params, "memory": lambda cost: _size(cost.memory),
    "depth": lambda cost: cost.depth}


def _size(value: int | None) -> float:
    return float("inf") if value is None else value


@click.command()
@click.argument("file", shell_complete=studies)
@click.option("--train", "trains", is_flag=True,
              help="Train those that fit, one after the other; the same command again goes on.")
@click.option("--sort", type=click.Choice([*SORTS, "name"]), default="macs", show_default=True, help="Order of the candidates.")
@click.option("--top", type=click.IntRange(min=1), default=SHOWN, show_default=True, help="Rows of the table.")
@click.option("--batch", type=click.IntRange(min=1), default=32, show_default=True, help="Images a step, for the memory.")
@click.option("-o", "--output", metavar="DIR", shell_complete=folders,
              help="A folder to write: candidates.json, table.csv, cost.svg; with --train (sweeps/NAME if not given) the runs "
              "and results.")
@svg_look
@as_json
@overrides
def sweep(file: str, trains: bool, sort: str, top: int, batch: int, output: str | None, theme: Theme, background: bool,
          as_json: bool, overrides: tuple[str, ...]) -> int:
    """Check and cost many variants of a spec, those that FILE describes; with --train, train them.

    FILE says a base, the keys that vary, conditions, and how many seeds are trained; docs/search.md has examples. It may be
    the name of a study that ships: docs/studies.md. --set changes the base. Exit code 1 where none fits, or a training failed.
    """
    from archspec.search.plan import plan_file, read_plan, written
    from archspec.search.sweep import costs_alone
    plan = read_plan(plan_file(file))
    path = user_path(output, "-o") if output is not None else Path("sweeps", plan.name) if trains else None
    common = (*written(plan.common), *overrides)
    for each in overrides:
        if (key := each.partition("=")[0]) in plan.vary:
            raise InputError(f"--set {key} sets for all what {file} varies\n  hint: leave one out")
    try:
        base = spec_of(plan.base, common)
    except SpecError as error:
        raise SpecError(plan.placed(error.problems)) from None
    with nullcontext() if path is None else claimed(path):
        if path is None or not trains or kind_of(path) == "none" or costs_alone(path):
            found = _checked(plan, base, path, sort, batch, theme, background)
        else:
            from archspec.search.study import refuse_another
            refuse_another(path, plan, base)
            found = _sorted(_candidates(plan, base, batch), sort)
        fits = [each for each in found if each.state == "fits"]
        if trains and path is not None and fits:
            return _train(plan, base, common, path, found, top, as_json=as_json)
    _print(plan, found, top, as_json=as_json)
    if path is not None:
        click.echo(f"{path}", err=True)
    return DONE if fits else NO


def _checked(plan: Plan, base: Spec, path: Path | None, sort: str, batch: int, theme: Theme,
             background: bool) -> list[Candidate]:
    """The candidates in order, and the folder of what was found out, where one is asked for."""
    from archspec.search.study import PLAN, identity
    from archspec.search.sweep import Folder
    if path is None:
        return _sorted(_candidates(plan, base, batch), sort)
    folder = Folder(path, plan, base, batch)
    try:
        ordered = _sorted(_candidates(plan, base, batch, folder.begin(), folder.add), sort)
    except SpecError:
        folder.drop()
        raise
    finally:
        folder.pause()
    folder.end({**_files(plan.name, ordered, theme, background), PLAN: json.dumps(identity(plan, base), ensure_ascii=False)})
    return ordered


def _candidates(plan: Plan, base: Spec, batch: int, known: Known | None = None,
                told: Told = lambda *found: None) -> list[Candidate]:
    """All, with a line now and then."""
    from archspec.search.sweep import sweep as candidates_of
    found: list[Candidate] = []
    last = monotonic()
    for each in candidates_of(plan, base, batch, known, told):
        found.append(each)
        if monotonic() - last > EVERY:
            last = monotonic()
            fitting = sum(one.state == "fits" for one in found)
            click.echo(f"{len(found)} candidates" + f", of which {fitting} fit" * bool(plan.where or plan.sample), err=True)
    return found


def _train(plan: Plan, base: Spec, common: Sequence[str], path: Path, found: Sequence[Candidate], top: int, *,
           as_json: bool) -> int:
    """Trains those that fit, and tells of all."""
    from archspec.search.study import Study, completed
    from archspec.search.sweep import to_json
    refuse_what_is_missing(base)
    study = Study(path, plan, base, sorted((each for each in found if each.state == "fits"), key=lambda each: each.name))
    try:
        train_all(study, base, common)
    except KeyboardInterrupt:
        click.echo(f"interrupted; what was done is saved in {path}: the same command again goes on", err=True)
        return INTERRUPTED
    results = study.results()
    document = completed(to_json(found), documents(results, plan.metric))
    write_results(path, plan, results, document)
    if as_json:
        print_json(document)
    else:
        print_results(plan, results, top)
    click.echo(f"{path}", err=True)
    return NO if study.failed else DONE


def _sorted(found: Sequence[Candidate], sort: str) -> list[Candidate]:
    """Those that fit first, then those outside, those that are not valid last; by name among equals."""
    states = ("fits", "outside", "same", "invalid")
    def place(each: Candidate) -> tuple[int, float, str]:
        by = SORTS[sort](each.cost) if sort in SORTS and each.cost is not None else 0.0
        return states.index(each.state), by, each.name
    return sorted(found, key=place)


def _print(plan: Plan, found: Sequence[Candidate], top: int, *, as_json: bool) -> None:
    if as_json:
        from archspec.search.sweep import to_json
        print_json(to_json(found))
        return
    from archspec.cli.screen import screen
    console = screen(EDGELESS)
    shown = [each for each in found if each.state == "fits"]
    if shown:
        show(console, _columns(shown[:top]), left=1 + len(plan.vary), title=plan.name)
    for line in _counts(found, len(shown), top, plan.sample):
        console.print(line, soft_wrap=True, markup=False)


def _columns(shown: Sequence[Candidate]) -> list[list[str]]:
    """A row a candidate: what is set in it, and its cost."""
    from archspec.search.cost import shown as figure
    from archspec.views.numbers import count
    keys = list(shown[0].said)
    costs = [each.cost for each in shown if each.cost is not None]
    return [["name", *(each.name for each in shown)],
            *([head, *(short_value(_inline(each.said[key])) for each in shown)]
              for head, key in zip(short_keys(keys), keys, strict=True)),
            ["parameters", *(count(cost.params) for cost in costs)],
            ["multiply-adds", *(count(cost.macs) for cost in costs)],
            ["training memory", *(figure("memory", cost.memory) for cost in costs)]]


def _inline(value: object) -> str:
    from archspec.spec.dump import to_inline
    return to_inline(value)


def _counts(found: Sequence[Candidate], fitting: int, top: int, sample: int | None) -> list[str]:
    """How many there are of each kind, and what is wrong with those that are not valid, the same message once."""
    from archspec.search.sweep import wrongs
    states = Counter(each.state for each in found)
    lines = [f"{len(found)} {'candidates' if sample is None else 'drawn'}: {fitting} {'fits' if fitting == 1 else 'fit'}"
             + f" of {sample} asked for" * (sample is not None and fitting < sample)
             + (f", {top} shown" if fitting > top else "")
             + f", {states['outside']} outside of a condition" * bool(states["outside"])
             + f", {states['same']} the same network as one before" * bool(states["same"])
             + f", {states['invalid']} not valid" * bool(states["invalid"])]
    return [*lines, *(f"not valid: {each}" for each in wrongs(sorted(found, key=lambda each: each.name)))]


def _files(name: str, found: Sequence[Candidate], theme: Theme, background: bool) -> dict[str, str]:
    """The files of results, by name."""
    from archspec.draw.svg import svg
    from archspec.search.plot import plot
    from archspec.search.sweep import to_json
    files = {"candidates.json": json.dumps(to_json(found), indent=1, ensure_ascii=False) + "\n", "table.csv": _csv(found)}
    picture = plot(name, found)
    return files if picture is None else {**files, "cost.svg": svg(picture, theme, background=background)}


def _csv(found: Sequence[Candidate]) -> str:
    text = io.StringIO()
    keys = list(found[0].said) if found else []
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("name", *keys, "state", "same_as", "params", "parameters", "macs", "training_bytes", "depth", "problem"))
    for each in found:
        cost = each.cost
        figures = [""] * 5 if cost is None else [cost.params, cost.parameters, cost.macs, cost.memory, cost.depth]
        table.writerow((each.name, *(_inline(each.said[key]) for key in keys), each.state, each.same_as, *figures,
                        " | ".join(visible(problem.message) for problem in each.problems)))
    return text.getvalue()
