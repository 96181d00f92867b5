"""Many variants of one spec, each checked and costed; none is trained."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from archspec.errors import InputError, SpecError, visible
from archspec.io.files import PARTIAL, remove, settle, sync
from archspec.io.places import kind_of
from archspec.network import Variants
from archspec.records import Record, record
from archspec.search.cost import Cost, cost_of
from archspec.search.plan import Plan, written
from archspec.spec.arch import Spec

RESULTS = "candidates.jsonl"
"""In the folder of a sweep that has not ended: a line for each candidate that was costed."""
STATES = ("fits", "outside", "same", "invalid")


@record
class Candidate(Record):
    """A variant: what is set, and its cost, or the messages of what is wrong with it.

    `state`: `fits`, `outside` of a condition on cost, the `same` network as one before (`same_as`), or `invalid`.
    """

    name: str
    said: Mapping[str, object]
    cost: Cost | None
    problems: tuple[str, ...] = ()
    state: str = "fits"
    same_as: str = ""


Known = dict[int, tuple[Cost | None, tuple[str, ...]]]
"""By a candidate's number: what was found out about it."""


def sweep(plan: Plan, base: Spec, batch: int, known: Known | None = None,
          told: Callable[[int, Cost | None, tuple[str, ...]], object] = lambda *found: None) -> Iterator[Candidate]:
    """Every candidate of a plan, one after the other. `known` are costs from before, `told` hears of each new one."""
    rules, networks, known = [each for each in plan.where if each.of_cost], dict[object, str](), known or {}
    variants = Variants(base)
    for number, said in plan.candidates():
        if number in known:
            cost, problems = known[number]
        else:
            cost, problems = costed(variants, written(said), batch)
            told(number, cost, problems)
        name = f"{plan.name}-{number + 1:0{len(str(plan.total))}d}"
        if cost is None:
            yield Candidate(name, said, None, problems, "invalid")
            continue
        # a fingerprint is of the network alone: two that are trained otherwise are two
        key = cost.fingerprint, *(text for text in written(said) if text.startswith(("train.", "export.")))
        same_as = networks.setdefault(key, name)
        state = "same" if same_as != name else "fits" if all(rule.holds(said, cost) for rule in rules) else "outside"
        yield Candidate(name, said, cost, (), state, same_as if same_as != name else "")


def costed(base: Variants, overrides: Sequence[str], batch: int) -> tuple[Cost | None, tuple[str, ...]]:
    """What a variant costs; where it is no valid spec, None and every message."""
    try:
        return cost_of(base.graph(overrides), batch), ()
    except SpecError as error:
        return None, tuple(visible(problem.message) for problem in error.problems)


def to_json(candidates: Sequence[Candidate]) -> list[dict[str, object]]:
    """The document of `sweep --json`, without those that are the same network as one before (docs/commands.md)."""
    return [{"name": each.name, "set": dict(each.said), "state": each.state,
             "fingerprint": each.cost and each.cost.fingerprint, "parameters": each.cost and each.cost.parameters,
             "params": each.cost and each.cost.params, "macs": each.cost and each.cost.macs,
             "training_bytes": each.cost and each.cost.memory, "depth": each.cost and each.cost.depth,
             "problems": list(each.problems), "result": None} for each in candidates if each.state != "same"]


class Folder:
    """The folder of a sweep's results: under another name until all is there, so that it is whole or not at all.

    A sweep that was interrupted goes on from what it had, if it is the same: file, base, batch and version.
    """

    def __init__(self, path: Path, plan: Plan, base: Spec, batch: int) -> None:
        """Raises InputError where there is something of that name."""
        if kind_of(path) != "none":
            raise InputError(f"{path} is there already\n  hint: name another folder, or remove it")
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
        return {line["number"]: (Cost(**line["cost"]) if line["cost"] else None, tuple(line["problems"])) for line in lines[1:]}

    def add(self, number: int, cost: Cost | None, problems: tuple[str, ...]) -> None:
        """Keeps what was found out about a candidate."""
        found = None if cost is None else {name: getattr(cost, name) for name in Cost.__dataclass_fields__}
        self.file.write(json.dumps({"number": number, "cost": found, "problems": problems}) + "\n")

    def pause(self) -> None:
        """Closes what is written to; the sweep may be taken up again."""
        self.file.close()

    def end(self, files: Mapping[str, str]) -> None:
        """Writes the files of results by name, and gives the folder its name."""
        self.file.close()
        for name, text in files.items():
            (self.partial / name).write_text(text, encoding="utf-8")
        (self.partial / RESULTS).unlink()
        settle(self.partial)
        self.partial.rename(self.path)
        sync(self.path.parent)


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
