"""The trainings of a sweep: which runs there are, in which order, how far each goes, and what is there already."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from archspec.errors import FEW, InputError, SpecError, shorten
from archspec.io.files import read_bytes, read_json, write_text
from archspec.io.places import kind_of
from archspec.network import with_overrides
from archspec.records import Record, record
from archspec.schema.tree import plain
from archspec.search.halving import Round, picked, rounds
from archspec.search.plan import LARGEST_SEED, Plan, written
from archspec.search.results import Result, Trained, best_first, line, result, rows, shown, spread, trained, value
from archspec.search.sweep import Candidate
from archspec.spec.arch import Spec
from archspec.spec.inherit import NOT_INHERITED
from archspec.spec.source import document
from archspec.train.run import RunFolder, changes

PLAN = "sweep.json"
"""In the folder of a sweep: which sweep it is."""
LINES = "results.jsonl"
RUNS, LOGS = "runs", "logs"
WAYS_OUT = "undo the change, or name another folder with -o"


@record
class Task(Record):
    """One run: of a candidate, with a seed, for so many epochs. `overrides` is what --set says beside what the base has."""

    candidate: Candidate
    seed: int
    epochs: int
    overrides: tuple[str, ...]
    run: Path
    log: Path


Train = Callable[[Task, int | None], str]
"""Trains a run to its end, or until an epoch; '' when that is done, else why it failed. Ends itself where it is to stop."""
Say = Callable[[str], object]


def identity(plan: Plan, base: Spec) -> dict[str, Any]:
    """What a sweep's folder is known by. How many seeds, and how long each is trained, is no part of it: runs stay the same."""
    said = {"name": plan.name, "vary": {key: list(values) for key, values in plan.vary.items()},
            "where": [each.text for each in plan.where], "sample": plan.sample, "seed": plan.seed}
    return {**said, "spec": base.to_yaml(expand=True)}


def refuse_another(folder: Path, plan: Plan, base: Spec) -> None:
    """Raises InputError where a folder is no sweep's, or that of another one."""
    try:
        before = read_json(folder / PLAN)
        if not isinstance(before, dict) or not isinstance(before.get("spec"), str):
            raise ValueError
    except (OSError, ValueError):
        raise InputError(f"{folder} is there, and no sweep's folder\n  hint: name another one with -o") from None
    now = json.loads(json.dumps(identity(plan, base)))
    found = [f"{key} was {_inline(before.get(key))}, is {_inline(now[key])}" for key in now
             if key != "spec" and before.get(key) != now[key]]
    found += _changed(before["spec"], now["spec"])
    if found:
        raise InputError(f"{folder} is the folder of another sweep: {'; '.join(found[:FEW])}{'; …' * (len(found) > FEW)}\n"
                         f"  hint: {WAYS_OUT}; seeds, halving, metric and plot may change")


def _changed(before: str, now: str) -> list[str]:
    """In what the resolved bases differ, but for keys of the recipe that change no result."""
    try:
        old, new = (plain(document(text, PLAN)) for text in (before, now))
    except SpecError:
        return ["its base was another one"]
    assert isinstance(old, dict)
    assert isinstance(new, dict)
    keys = dict.fromkeys(key for key in (*old, *new) if key not in NOT_INHERITED)
    return [f"of the base {each}" for key in keys for each in changes(old.get(key), new.get(key), key)]


def _inline(found: object) -> str:
    return shorten(json.dumps(found, ensure_ascii=False))


class Study:
    """The runs of a sweep in its folder."""

    def __init__(self, folder: Path, plan: Plan, base: Spec, candidates: Sequence[Candidate]) -> None:
        """`candidates` are those that are trained."""
        self.folder, self.plan = folder, plan
        self.tasks = {each.name: tuple(_tasks(folder, plan, base, each)) for each in candidates}
        self.candidates = {each.name: each for each in candidates}
        self.failed: dict[Path, str] = {}
        self.done = self._finished()

    def _finished(self) -> set[str]:
        """The names of runs that were finished, as results.jsonl says, and still are."""
        path = self.folder / LINES
        try:
            lines = [json.loads(each) for each in read_bytes(path).decode("utf-8").splitlines()]
            names = {each["run"] for each in lines if each["state"] == "finished"}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return set()
        return {task.run.name for tasks in self.tasks.values() for task in tasks
                if task.run.name in names and RunFolder(task.run).read_result() is not None and rows(task.run)}

    @property
    def rounds(self) -> tuple[Round, ...]:
        """The parts of the training; one without halving."""
        return rounds(len(self.tasks), self.plan.halving, min(task.epochs for tasks in self.tasks.values() for task in tasks))

    def train(self, one: Train, say: Say) -> None:
        """Trains all, one after the other: all candidates with the first seed, then with the second, and so in each round.

        What is done already is left as it is, so that the order of things is that of a sweep that was never interrupted.
        """
        alive, parts = list(self.tasks), self.rounds
        for number, part in enumerate(parts):
            if number:
                reached = self._values(alive, parts[number - 1])
                alive = [name for name in alive if name in picked(reached, self.plan.metric, part.candidates)]
            if len(parts) > 1:
                last = number + 1 == len(parts)
                say(f"round {number + 1} of {len(parts)}: {len(alive)} of {len(self.tasks)} candidates, "
                    + ("to the end" if last else f"until {part.share} of the epochs are done"))
            due = [task for seed in zip(*(self.tasks[name] for name in alive), strict=True) for task in seed
                   if task.run not in self.failed]
            for index, task in enumerate(due, 1):
                self._bring(task, part, one, partial(_numbered, say, f"[{index}/{len(due)}]"))
        self.write()

    def _bring(self, task: Task, part: Round, one: Train, say: Say) -> None:
        """Trains one run as far as a round goes, if it is not there."""
        until = part.until(task.epochs)
        if task.run.name in self.done or (until < task.epochs and len(rows(task.run)) >= until):
            return
        say(f"{task.run.name}: {', '.join(written(task.candidate.said))}")
        problem = one(task, until if until < task.epochs else None)
        if problem:
            self.failed[task.run] = problem
            say(f"{task.run.name} failed: {problem}")
        else:
            found = self._trained(task)
            self.done |= {task.run.name} if found.state == "finished" else set()
            say(f"{task.run.name}: epoch {found.epoch} of {found.epochs}, {self.plan.metric} "
                f"{shown(self.plan.metric, found.final)}, {found.seconds:.0f} s")
        self.write()

    def _values(self, names: Sequence[str], part: Round) -> dict[str, float]:
        """By candidate: the mean over its runs after a round, of those that did not fail; none where all did."""
        found = {name: [value(rows(task.run), self.plan.metric, part.until(task.epochs)) for task in self.tasks[name]
                        if task.run not in self.failed] for name in names}
        means = {name: spread([each for each in values if each is not None]) for name, values in found.items()}
        return {name: each.mean for name, each in means.items() if each is not None}

    def _trained(self, task: Task) -> Trained:
        return trained(task.run, task.seed, task.epochs, self.plan.metric, self.failed.get(task.run, ""))

    def results(self) -> list[Result]:
        """Of each candidate of which a run was begun or failed, the best first."""
        found = [result(self.candidates[name], [self._trained(task) for task in tasks
                                                if task.run in self.failed or kind_of(task.run) == "folder"])
                 for name, tasks in self.tasks.items()]
        return best_first([each for each in found if each.runs], self.plan.metric)

    def write(self) -> None:
        """results.jsonl: a line a run, in the order of the plan."""
        found = {each.candidate.name: each for each in self.results()}
        lines = [line(found[name], run) for name in self.tasks if name in found for run in found[name].runs]
        write_text(self.folder / LINES, "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines))


def _tasks(folder: Path, plan: Plan, base: Spec, candidate: Candidate) -> Iterator[Task]:
    """The runs of a candidate: its seeds from that of its spec on, or those that the plan lists."""
    said = written(candidate.said)
    recipe = with_overrides(base, said).train
    seeds = range(recipe.seed, recipe.seed + plan.seeds) if isinstance(plan.seeds, int) else plan.seeds
    if max(seeds) > LARGEST_SEED:
        raise InputError(f"the seeds of {candidate.name} would go up to {max(seeds)}, which is more than {LARGEST_SEED}\n"
                         "  hint: list them in the plan, seeds: [0, 1, 2], or lower train.seed")
    for seed in seeds:
        name = f"{candidate.name}-seed{seed}"
        yield Task(candidate, seed, recipe.epochs, (*said, f"train.seed={seed}"), folder / RUNS / name,
                   folder / LOGS / f"{name}.log")


def _numbered(say: Say, number: str, text: str) -> None:
    say(f"{number} {text}")


def completed(document: Sequence[Mapping[str, Any]], results: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The document of `sweep --json` with what the candidates came to, by name."""
    return [{**each, "result": results.get(each["name"])} for each in document]
