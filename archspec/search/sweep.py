"""Many variants of one spec, each checked and costed; none is trained."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from archspec.errors import InputError, Problem, SpecError, Where, visible
from archspec.io.files import PARTIAL, remove, settle, sync
from archspec.io.places import kind_of
from archspec.network import Variants
from archspec.records import Record, record
from archspec.search.cost import Cost, cost_of
from archspec.search.plan import Plan, of_value, written
from archspec.spec.arch import Spec
from archspec.spec.inherit import SET

RESULTS = "candidates.jsonl"
"""In the folder of a sweep that has not ended: a line for each candidate that was costed."""
COSTS = ("candidates.json", "table.csv", "cost.svg", "sweep.json")
"""What the folder of a sweep that was not trained holds at most."""
RECIPE = re.compile(r"(train|export)\b")
"""What a key path begins with that is no part of the network."""
DIGITS = 6
"""That a candidate's number is filled up to, at the most."""
STATES = ("fits", "outside", "same", "invalid")
MOST_TOLD = 10
"""Of so many problems each is told."""


@record
class Candidate(Record):
    """A variant: what is set, and its cost, or what is wrong with it, where the sweep's file or the base says it.

    `state`: `fits`, `outside` of a condition on cost, the `same` network as one before (`same_as`), or `invalid`.
    """

    name: str
    said: Mapping[str, object]
    cost: Cost | None
    problems: tuple[Problem, ...] = ()
    state: str = "fits"
    same_as: str = ""


Known = dict[int, tuple[Cost | None, tuple[Problem, ...]]]
"""By a candidate's number: what was found out about it."""
Told = Callable[[int, Cost | None, tuple[Problem, ...]], object]


def sweep(plan: Plan, base: Spec, batch: int, known: Known | None = None,
          told: Told = lambda *found: None) -> Iterator[Candidate]:
    """Every candidate of a plan, one after the other; of a sample until so many fit.

    `known` are costs from before, `told` hears of each new one. Raises SpecError for keys that are wrong in every candidate,
    before the first, and where there is no candidate, or none is valid, after the last.
    """
    rules, networks, known = [each for each in plan.where if each.of_cost], dict[object, str](), known or {}
    variants, wrong, valid, fitting = Variants(base), list[Candidate](), 0, 0
    if not known:
        refuse_wrong_keys(plan, variants)
    for number, said in plan.candidates():
        if fitting == plan.sample:
            return
        if number in known:
            cost, problems = known[number]
        else:
            cost, problems = costed(variants, written(said), batch)
            problems = plan.placed(problems)
            told(number, cost, problems)
        name = f"{plan.name}-{number + 1:0{min(len(str(plan.total)), DIGITS)}d}"
        if cost is None:
            wrong.append(Candidate(name, said, None, problems, "invalid"))
            yield wrong[-1]
            continue
        valid += 1
        # a fingerprint is of the network alone: two that are trained otherwise are two
        key = cost.fingerprint, *(text for text in written(said) if RECIPE.match(text))
        same_as = networks.setdefault(key, name)
        state = "same" if same_as != name else "fits" if all(rule.holds(said, cost) for rule in rules) else "outside"
        fitting += state == "fits"
        yield Candidate(name, said, cost, (), state, same_as if same_as != name else "")
    if not valid:
        raise SpecError(wrongs(wrong) or [Problem("sweep", plan.where[0].where, "the conditions on keys leave no candidate",
                                                  "a value as vary says it, without quotes: stages.se == none")])


def refuse_wrong_keys(plan: Plan, variants: Variants) -> None:
    """Raises SpecError for keys that no candidate takes: the mistake is the plan's, and none has to be costed for it."""
    suspects: set[str] | None = None
    found: dict[Problem, None] = {}
    for said in plan.probes():
        try:
            variants.graph(written(said))
            return
        except SpecError as error:
            wrong = [each for each in error.problems if each.where.file == SET and not of_value(each)
                     and each.where.path in plan.vary]
        suspects = {each.where.path for each in wrong} if suspects is None else suspects & {each.where.path for each in wrong}
        found |= dict.fromkeys(wrong)
        if not suspects:
            return
    if suspects:
        raise SpecError(plan.placed(each for each in found if each.where.path in suspects))


def wrongs(candidates: Iterable[Candidate]) -> list[Problem]:
    """What is wrong with those that are not valid, each once, with how many have it; the most frequent, if they are many."""
    counts, first = Counter[Problem](), dict[Problem, str]()
    for each in candidates:
        for problem in dict.fromkeys(each.problems):
            counts[problem] += 1
            first.setdefault(problem, each.name)
    return [replace(problem, notes=(*problem.notes, f"in {first[problem]}" + f" and {count - 1} more" * (count > 1)))
            for problem, count in counts.most_common(MOST_TOLD)]


def costed(base: Variants, overrides: Sequence[str], batch: int) -> tuple[Cost | None, tuple[Problem, ...]]:
    """What a variant costs; where it is no valid spec, None and every problem."""
    try:
        return cost_of(base.graph(overrides), batch), ()
    except SpecError as error:
        return None, error.problems


def to_json(candidates: Sequence[Candidate]) -> list[dict[str, object]]:
    """The document of `sweep --json`, without those that are the same network as one before (docs/commands.md)."""
    return [{"name": each.name, "set": dict(each.said), "state": each.state,
             "fingerprint": each.cost and each.cost.fingerprint, "parameters": each.cost and each.cost.parameters,
             "params": each.cost and each.cost.params, "macs": each.cost and each.cost.macs,
             "training_bytes": each.cost and each.cost.memory, "depth": each.cost and each.cost.depth,
             "problems": [visible(problem.message) for problem in each.problems], "result": None}
            for each in candidates if each.state != "same"]


class Folder:
    """The folder of a sweep's results: under another name until all is there, so that it is whole or not at all.

    A sweep that was interrupted goes on from what it had, if it is the same: file, base, batch and version. Costs that are
    there are replaced, since they are written anew in seconds; of anything else the folder is refused.
    """

    def __init__(self, path: Path, plan: Plan, base: Spec, batch: int) -> None:
        """Raises InputError where there is something of that name."""
        if kind_of(path) != "none" and not costs_alone(path):
            raise InputError(f"{path} is there already, and holds more than costs of a sweep\n"
                             "  hint: name another folder with -o, or remove it")
        said = (plan.base, plan.vary, plan.sample, plan.seed, base.to_yaml(), base.name, batch, version("archspec-keras"))
        self.path, self.partial = path, path.with_name(PARTIAL + path.name)
        self.of = sha256(repr(said).encode(errors="surrogatepass")).hexdigest()

    def begin(self) -> Known:
        """Makes the folder, or takes up the one that is there; gives what is known."""
        results = self.partial / RESULTS
        lines = _lines(results)
        if not lines or lines[0] != {"sweep": self.of}:
            remove(self.partial)
            self.partial.mkdir(parents=True)
            lines = [{"sweep": self.of}]
        results.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")  # without a line that was cut
        self.file = results.open("a", encoding="utf-8", buffering=1)
        return {line["number"]: (Cost(**line["cost"]) if line["cost"] else None, tuple(map(_problem, line["problems"])))
                for line in lines[1:]}

    def add(self, number: int, cost: Cost | None, problems: tuple[Problem, ...]) -> None:
        """Keeps what was found out about a candidate."""
        found = None if cost is None else {name: getattr(cost, name) for name in Cost.__dataclass_fields__}
        self.file.write(json.dumps({"number": number, "cost": found, "problems": [_kept(each) for each in problems]}) + "\n")

    def pause(self) -> None:
        """Closes what is written to; the sweep may be taken up again."""
        self.file.close()

    def drop(self) -> None:
        """Removes what was begun: of a sweep that cannot be."""
        remove(self.partial)

    def end(self, files: Mapping[str, str]) -> None:
        """Writes the files of results by name, and gives the folder its name."""
        self.file.close()
        for name, text in files.items():
            (self.partial / name).write_text(text, encoding="utf-8")
        (self.partial / RESULTS).unlink()
        settle(self.partial)
        old = self.path.with_name(f"{PARTIAL}old-{self.path.name}")
        remove(old)
        if kind_of(self.path) != "none":  # costs alone, as was made sure of
            self.path.rename(old)
        self.partial.rename(self.path)
        remove(old)
        sync(self.path.parent)


def costs_alone(path: Path) -> bool:
    """Whether a folder is that of a sweep of which nothing was trained, with nothing else in it."""
    return kind_of(path) == "folder" and not path.is_symlink() and (path / "sweep.json").is_file() \
        and {each.name for each in path.iterdir()} <= {*COSTS}


def _kept(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "where": asdict(problem.where), "message": problem.message, "hint": problem.hint,
            "notes": problem.notes}


def _problem(kept: Mapping[str, Any]) -> Problem:
    return Problem(kept["code"], Where(**kept["where"]), kept["message"], kept["hint"], tuple(kept["notes"]))


def _lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file of JSON lines."""
    found: list[dict[str, Any]] = []
    if kind_of(path) == "file":
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                break
    return found
