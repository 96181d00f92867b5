"""What the trainings of a sweep came to: of a run, of a candidate over its seeds, and which candidates nothing else beats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from archspec.errors import InputError
from archspec.records import Record, record
from archspec.search.cost import Cost
from archspec.search.sweep import Candidate
from archspec.train.ending import best, rises
from archspec.train.progress import Row
from archspec.train.reporting.metrics import read_lines
from archspec.train.run import RunFolder

RESULT = {"test_top1": "top1", "test_top5": "top5", "test_loss": "loss", "test_precision": "precision", "test_recall": "recall",
          "test_f1": "f1"}
"""What result.json calls a metric of the weights that a run keeps, which may be an average or the best epoch's."""


@record
class Trained(Record):
    """A run of a candidate. `state`: `finished`, `paused` at an epoch, or `failed`, with the `problem`.

    `final` is the metric of the weights that the run keeps, of a paused one of its last epoch; `best` is the best of all
    epochs, that of `best_epoch`. None where no epoch is done.
    """

    seed: int
    run: str
    state: str
    epoch: int
    epochs: int
    final: float | None
    best: float | None
    best_epoch: int | None
    seconds: float
    problem: str = ""


@record
class Spread(Record):
    """Mean and sample standard deviation (of n - 1) of so many values; the deviation of one value is None."""

    mean: float
    deviation: float | None
    count: int


@record
class Result(Record):
    """A candidate with its runs, in the order of the seeds. `final` and `best` are over those that did not fail."""

    candidate: Candidate
    runs: tuple[Trained, ...]
    final: Spread | None
    best: Spread | None

    @property
    def state(self) -> str:
        """`finished`, `stopped` by halving, or `failed`, of which no run came to a value."""
        if self.final is None:
            return "failed"
        return "finished" if any(run.state == "finished" for run in self.runs) else "stopped"

    @property
    def epoch(self) -> int:
        """How many epochs the longest of its runs has done."""
        return max((run.epoch for run in self.runs), default=0)


def rows(run: Path) -> tuple[Row, ...]:
    """A row for each epoch that a run has done; none where there is no run yet."""
    try:
        return tuple(read_lines(RunFolder(run).metrics))
    except InputError:
        return ()


def value(found: Sequence[Row], metric: str, epoch: int) -> float | None:
    """The metric after so many epochs, or the last one of a run that ended earlier. Raises InputError if runs lack it."""
    if not found:
        return None
    row = found[min(epoch, len(found)) - 1]
    if metric not in row:
        there = [name for name in row if name in (*RESULT, "accuracy", "loss")]
        raise InputError(f"these runs have no {metric}\n  hint: metric: {there[0]}; they have {' '.join(there)}")
    return row[metric] if isfinite(row[metric]) else None


def trained(run: Path, seed: int, epochs: int, metric: str, problem: str = "") -> Trained:
    """What a run came to, or has come to by now. Raises InputError if it lacks the metric."""
    found, result = rows(run), RunFolder(run).read_result()
    last = value(found, metric, len(found))
    first = best(found, metric)[0] if found else None
    kept = (result or {}).get(RESULT.get(metric, ""))
    final = kept if isinstance(kept, int | float) and isfinite(kept) else last
    better = max if rises(metric) else min
    top = None if first is None or final is None else better(first[metric], final)
    state = "failed" if problem else "paused" if result is None else "finished"
    return Trained(seed, run.name, state, len(found), epochs, final, top, None if first is None else int(first["epoch"]),
                   found[-1]["seconds"] if found else 0.0, problem)


def shown(metric: str, found: float | None) -> str:
    """A metric for people: shares in percent, losses as they are."""
    return "?" if found is None else f"{found:.2%}" if rises(metric) else f"{found:.4f}"


def spread(values: Sequence[float]) -> Spread | None:
    """Of values; None of none."""
    return Spread(mean(values), stdev(values) if len(values) > 1 else None, len(values)) if values else None


def result(candidate: Candidate, runs: Sequence[Trained]) -> Result:
    """Of a candidate and its runs. Means are over runs of one length: the finished ones, else those that went furthest."""
    finished = [run for run in runs if run.state == "finished"]
    furthest = max((run.epoch for run in runs if run.state == "paused"), default=0)
    whole = finished or [run for run in runs if run.state == "paused" and run.epoch == furthest]
    return Result(candidate, tuple(runs), spread([run.final for run in whole if run.final is not None]),
                  spread([run.best for run in whole if run.best is not None]))


def best_first(results: Sequence[Result], metric: str) -> list[Result]:
    """Those that were trained to the end first, by what they reached; then those that were stopped, the longest first."""
    def place(each: Result) -> tuple[bool, int, float]:
        reached = each.final.mean if each.final is not None else 0.0
        epochs = each.epoch if each.state == "stopped" else 1 << 40
        return each.final is None, -epochs, -reached if rises(metric) else reached
    return sorted(results, key=place)


def costs(result: Result, cost: Callable[[Cost], int | None]) -> int | None:
    """A figure of a candidate's cost, where it is known."""
    return None if result.candidate.cost is None else cost(result.candidate.cost)


def front(results: Sequence[Result], metric: str, cost: Callable[[Cost], int | None]) -> list[Result]:
    """The Pareto front, from the cheapest on: no other that was trained to the end costs less, or as much, and is better."""
    def place(each: Result) -> tuple[float, float]:
        found = costs(each, cost)
        assert each.final is not None
        return float("inf") if found is None else found, -each.final.mean if rises(metric) else each.final.mean
    found: list[Result] = []
    for each in sorted((each for each in results if each.state == "finished"), key=place):
        if place(each)[0] < float("inf") and (not found or place(each)[1] < place(found[-1])[1]):
            found.append(each)
    return found


def line(result: Result, run: Trained) -> dict[str, Any]:
    """A run as a line of results.jsonl."""
    return {"candidate": result.candidate.name, "set": dict(result.candidate.said), **{
        name: getattr(run, name) for name in Trained.__dataclass_fields__}}


def to_json(result: Result, metric: str, fronted: bool) -> dict[str, Any]:
    """The `result` of a candidate in the document of `sweep --json`."""
    def told(found: Spread | None) -> dict[str, float | int | None] | None:
        return None if found is None else {"mean": found.mean, "deviation": found.deviation, "runs": found.count}
    return {"metric": metric, "state": result.state, "epoch": result.epoch, "final": told(result.final),
            "best": told(result.best), "pareto": fronted,
            "runs": [{name: getattr(run, name) for name in Trained.__dataclass_fields__} for run in result.runs]}
