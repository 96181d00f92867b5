"""`archspec sweep --train`: the trainings of a sweep one after the other, and what they came to."""

from __future__ import annotations

import csv
import io
import json
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from archspec.cli import BUG, NO, WRONG_INPUT
from archspec.cli.apart import run_apart
from archspec.cli.options import spec_of
from archspec.cli.screen import screen
from archspec.cli.wide import EDGELESS, short_keys, short_value, show
from archspec.errors import InputError
from archspec.io.files import remove, write_text
from archspec.io.lock import Taken, alone
from archspec.io.signals import INTERRUPTED

if TYPE_CHECKING:
    from archspec.search.plan import Plan
    from archspec.search.results import Result, Spread
    from archspec.search.study import Study, Task
    from archspec.spec.arch import Spec

EVERY = 30.0
"""Seconds from one line about how far a run is to the next."""


def refuse_what_is_missing(base: Spec) -> None:
    """Raises InputError where the data are not there, or a package is not: told once, and not by each run."""
    from archspec.data.sources import refuse_missing
    from archspec.export import packages
    refuse_missing(base.train.data)
    packages.refuse_missing(base.export.formats)


def train_all(study: Study, base: Spec, overrides: Sequence[str]) -> None:
    """Trains what is not trained yet. `base`, with the overrides of all candidates, is what was costed.

    Raises InputError where its file has changed since.
    """
    say = partial(click.echo, err=True)
    study.train(partial(_train, study.plan, base.to_yaml(expand=True), tuple(overrides), say), say)


def _train(plan: Plan, costed: str, overrides: Sequence[str], say: Callable[[str], object], task: Task,
           until: int | None) -> str:
    """One run in a process of its own; why it failed, or ''. Raises KeyboardInterrupt where it was interrupted."""
    _wait(task.run, say)
    if spec_of(plan.base, tuple(overrides)).to_yaml(expand=True) != costed:
        raise InputError(f"{plan.base} has changed since this sweep began: what is trained next would be another network\n"
                         "  hint: undo the change, and the same command goes on")
    metric, common = plan.metric, (plan.base, *(part for each in overrides for part in ("--set", each)))
    sets = [part for each in task.overrides for part in ("--set", each)]
    pause = [] if until is None else ["--until", str(until)]
    begun = task.log.stat().st_size if task.log.exists() else 0
    code = run_apart(["train", *common, *sets, "--run", str(task.run), *pause], task.log, _Watch(task, metric, say))
    if code == INTERRUPTED:  # by somebody else: of its process alone
        raise KeyboardInterrupt
    return "" if code == 0 else f"{_why(task.log, begun, code)} ({task.log})"


def _wait(run: Path, say: Callable[[str], object]) -> None:
    """Until no other process works in a run: one that a killed sweep has left saves what it has done, and ends."""
    def told(seconds: float) -> None:
        say(f"another archspec works in {run}: this one waits for its end" + (f", for {seconds:.0f} s now" if seconds else ""))
    with alone(run, wait=True, waiting=told):
        pass


def _why(log: Path, begun: int, code: int) -> str:
    """The first line of the message that a command ended with."""
    if code < 0:
        name = signal.Signals(-code).name
        return f"ended by {name}" + ", as where memory does not suffice" * (name == "SIGKILL")
    if code not in (NO, WRONG_INPUT, BUG):
        return f"its process was ended from outside (exit code {code})"
    with log.open("rb") as file:
        file.seek(begun)
        lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    return next((line for line in reversed(lines) if not line[0].isspace()), f"exit code {code}")


class _Watch:
    """Says now and then how far a run is."""

    def __init__(self, task: Task, metric: str, say: Callable[[str], object]) -> None:
        self._task, self._metric, self._say, self._told = task, metric, say, monotonic()

    def __call__(self) -> None:
        if monotonic() - self._told < EVERY:
            return
        from archspec.search.results import rows, shown
        self._told, found = monotonic(), rows(self._task.run)
        if found:
            self._say(f"{self._task.run.name}: epoch {len(found)} of {self._task.epochs}, {self._metric} "
                      f"{shown(self._metric, found[-1].get(self._metric))}; more in {self._task.log}")


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """A sweep's folder for this process alone. Raises InputError if another one works in it."""
    try:
        with alone(path):
            yield
    except Taken:
        raise InputError(f"another archspec works in {path}\n  hint: wait for it, or name another folder with -o") from None


def documents(results: Sequence[Result], metric: str) -> dict[str, dict[str, Any]]:
    """What `sweep --json` says of the candidates that were trained, by name."""
    from archspec.search.results import front, to_json
    fronted = {each.candidate.name for each in front(results, metric, lambda cost: cost.macs)}
    return {each.candidate.name: to_json(each, metric, each.candidate.name in fronted) for each in results}


def write_results(folder: Path, plan: Plan, results: Sequence[Result], document: object) -> None:
    """The files of results beside results.jsonl."""
    from archspec.search.result_plot import FORMATS, draw_axes, draw_costs
    write_text(folder / "candidates.json", json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    write_text(folder / "results.csv", _csv(plan, results))
    drawn = any(each.final is not None for each in results)
    for kind in FORMATS:
        remove(folder / f"plot.{kind}")
        if drawn:
            draw_costs(folder / f"results.{kind}", plan, results)
        if drawn and plan.axes is not None:
            draw_axes(folder / f"plot.{kind}", plan, plan.axes, results)


def print_results(plan: Plan, results: Sequence[Result], top: int) -> None:
    """A row a candidate, the best first, and why runs failed."""
    from archspec.search.cost import shown as figure
    from archspec.search.results import front
    from archspec.spec.dump import to_inline
    from archspec.views.numbers import count
    keys = [key for key, values in plan.vary.items() if len(values) > 1] or list(plan.vary)
    fronted, told = front(results, plan.metric, lambda cost: cost.macs), results[:top]
    costs = [each.candidate.cost for each in told if each.candidate.cost is not None]
    columns = [["name", *(each.candidate.name for each in told)],
               *([head, *(short_value(to_inline(each.candidate.said[key])) for each in told)]
                 for head, key in zip(short_keys(keys), keys, strict=True)),
               ["", *("front" if each in fronted else each.state * (each.state != "finished") for each in told)],
               [plan.metric, *(spelled(plan.metric, each.final) for each in told)],
               ["best epoch", *(spelled(plan.metric, each.best) for each in told)],
               ["epochs", *(f"{each.epoch} of {each.runs[0].epochs}" for each in told)],
               ["runs", *(_runs(each) for each in told)],
               ["parameters", *(count(cost.params) for cost in costs)],
               ["multiply-adds", *(count(cost.macs) for cost in costs)],
               ["training memory", *(figure("memory", cost.memory) for cost in costs)]]
    console = screen(EDGELESS)
    show(console, columns, left=2 + len(keys), title=f"{plan.name}: mean ± standard deviation over seeds")
    for each in results:
        for run in each.runs:
            if run.problem:
                console.print(f"{run.run} failed: {run.problem}", soft_wrap=True, markup=False)


def _runs(found: Result) -> str:
    """How many came to a value, and how many did not."""
    failed = sum(run.state == "failed" for run in found.runs)
    return f"{len(found.runs) - failed}" + f", {failed} failed" * bool(failed)


def spelled(metric: str, found: Spread | None) -> str:
    """97.22% ± 0.31%; one value alone has no deviation."""
    from archspec.search.results import shown
    if found is None:
        return "?"
    return shown(metric, found.mean) + ("" if found.deviation is None else f" ± {shown(metric, found.deviation)}")


def _csv(plan: Plan, results: Sequence[Result]) -> str:
    from archspec.spec.dump import to_inline
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("name", *plan.vary, "state", "epoch", "runs", f"{plan.metric}_mean", f"{plan.metric}_deviation",
                    "best_mean", "best_deviation", "params", "parameters", "macs", "training_bytes", "depth"))
    for each in results:
        cost = each.candidate.cost
        assert cost is not None
        figures = [figure for found in (each.final, each.best) for figure in
                   (("", "") if found is None else (found.mean, "" if found.deviation is None else found.deviation))]
        table.writerow((each.candidate.name, *map(to_inline, each.candidate.said.values()), each.state, each.epoch,
                        0 if each.final is None else each.final.count, *figures, cost.params, cost.parameters, cost.macs,
                        cost.memory, cost.depth))
    return text.getvalue()
