"""How far a run has come: all that must survive a kill beside the variables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from archspec.io.numbers import is_number

TRAINED = ("loss", "correct", "examples")
"""What the sums of a training step are sums of."""
Row = dict[str, float]
"""One epoch: epoch (from 1), step, learning_rate, loss, accuracy, test_loss, test_top1, test_top5, seconds, …"""
REQUIRED = ("epoch", "loss", "accuracy", "test_loss", "test_top1", "seconds", "images_per_second")
"""The keys of a row that curves and results are made of."""

MOST_EPOCHS = 1 << 31
"""Of a row: more can neither be trained nor shown."""
LATER = {"rolled_back", "norms"}
"""What older checkpoints have not."""


@dataclass
class Progress:
    """Steps done, seconds spent, the sums of the epoch in progress (see TRAINED), a row for each epoch evaluated.

    At the end of an epoch the sums stay until its row is there: a state saved before the evaluation completes it later.
    """

    step: int = 0
    seconds: float = 0.0
    sums: Any = field(default_factory=lambda: np.zeros(len(TRAINED)))
    """(3,) float64; a tensor while training, which is waited for when it is read."""
    timed: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    """Images and seconds of the epoch by which its pace is told, and seconds of these spent waiting for data; see Pace."""
    history: list[Row] = field(default_factory=list)
    rolled_back: list[list[int]] = field(default_factory=list)
    """Of each time that the training diverged and went back: from which step, and the last of those that were left out."""
    norms: dict[str, float] = field(default_factory=dict)
    """Of the last step, where they were measured; see step/norms.py."""
    recent: list[Any] = field(default_factory=list)
    """The sums of each step since they were last known to be numbers, not saved."""

    @property
    def images(self) -> float:
        """How many images of the epoch are done."""
        return float(self.read()[-1])

    def read(self) -> np.ndarray:
        """The sums as they are now."""
        return np.asarray(self.sums)

    def add(self, sums: Any) -> None:
        """One more step is done, or begun on the device, with these sums."""
        self.sums = self.sums + sums
        self.recent.append(sums)
        self.step += 1

    def first_bad(self) -> int | None:
        """The first step of the epoch whose sums are not numbers; None where all are."""
        if np.isfinite(self.read()).all():
            self.recent.clear()
            return None
        before = self.step - len(self.recent)
        return before + next((number for number, sums in enumerate(self.recent, 1) if not np.isfinite(np.asarray(sums)).all()),
                             len(self.recent))

    def skipped(self, begin: int, end: int) -> int:
        """How many of the steps after `begin` up to `end` were left out; some more than once, by going back further."""
        return len({step for first, last in self.rolled_back for step in range(max(first, begin), min(last, end))})

    def unchanged_since(self, step: int) -> int:
        """The first step after which the weights were what they are after this one: steps that are left out change none."""
        for first, last in reversed(self.rolled_back):
            step = first if last == step else step
        return step

    def skip(self, steps: int) -> None:
        """Leaves out so many steps."""
        self.rolled_back.append([self.step, self.step + steps])
        self.step += steps
        self.norms = {}

    def end_epoch(self, row: Row) -> None:
        """Takes up the epoch's row; the sums of the next one begin."""
        self.history.append(row)
        self.sums, self.timed = np.zeros(len(TRAINED)), [0.0, 0.0, 0.0]

    def to_json(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"step": self.step, "seconds": self.seconds, "sums": self.read().tolist(), "timed": list(self.timed),
                "history": list(self.history), "rolled_back": list(self.rolled_back), "norms": dict(self.norms)}

    def take(self, document: dict[str, Any]) -> None:
        """Becomes what `to_json` gave."""
        self.step, self.seconds = document["step"], document["seconds"]
        self.sums, self.timed = np.array(document["sums"]), list(document["timed"])
        self.history, self.recent = list(document["history"]), []
        self.rolled_back, self.norms = list(document.get("rolled_back", ())), dict(document.get("norms", {}))


def is_progress(document: object) -> bool:
    """Whether a JSON document is one that `Progress.to_json` gave, as far as that can be seen."""
    return (isinstance(document, dict) and set(document) - LATER == {"step", "seconds", "sums", "timed", "history"}
            and type(document["step"]) is int and document["step"] >= 0 and is_number(document["seconds"])
            and _are_numbers(document["sums"], len(TRAINED)) and _are_numbers(document["timed"], 3)
            and isinstance(document["history"], list) and all(map(is_row, document["history"]))
            and _are_ranges(document.get("rolled_back", [])) and _are_norms(document.get("norms", {})))


def is_row(row: object) -> bool:
    """Whether a JSON value is a Row: numbers all, those that are required among them, and of an epoch that can be."""
    return (isinstance(row, dict) and set(REQUIRED) <= row.keys() and all(map(is_number, row.values()))
            and 0 < row["epoch"] <= MOST_EPOCHS)


def _are_norms(values: object) -> bool:
    return isinstance(values, dict) and all(map(is_number, values.values()))


def _are_ranges(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(each, list) and len(each) == 2 and {*map(type, each)} == {int}
                                            for each in values)


def _are_numbers(values: object, count: int) -> bool:
    """Of sums some may be none of finite size: the checkpoint is passed over for that, not for its form."""
    return isinstance(values, list) and len(values) == count and all(type(each) in (int, float) for each in values)


class Diverged(Exception):
    """Loss or weights are no longer numbers, after a step: the answer to the run is no, exit code 1."""

    def __init__(self, message: str, step: int) -> None:
        super().__init__(message)
        self.step = step


class Interrupted(Exception):
    """The user or the system asked to stop, and the state is saved: exit code 130."""


class Paused(Interrupted):
    """So many epochs are done as were asked for, which are not all; the state is saved."""


def trained(sums: np.ndarray) -> dict[str, float]:
    """Loss and accuracy from sums as in TRAINED; 0 as long as all examples have a weight of 0."""
    named = dict(zip(TRAINED, sums, strict=True))
    examples = named["examples"] or 1.0
    return {"loss": float(named["loss"] / examples), "accuracy": float(named["correct"] / examples)}
