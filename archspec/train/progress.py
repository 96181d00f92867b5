"""How far a run has come: all that must survive a kill beside the variables."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from archspec.train.steps import EVALUATED, TRAINED

Row = dict[str, float]
"""One epoch: epoch (from 1), step, learning_rate, loss, accuracy, test_loss, test_top1, test_top5, seconds, …"""


@dataclass
class Progress:
    """Steps done, seconds spent, the sums of the epoch in progress (see steps.TRAINED), a row for each finished one."""

    step: int = 0
    seconds: float = 0.0
    sums: list[float] = field(default_factory=lambda: [0.0] * len(TRAINED))
    history: list[Row] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """For the checkpoint."""
        return asdict(self)


class Diverged(Exception):
    """The loss is no longer a number: the answer to the run is no, exit code 1."""


class Interrupted(Exception):
    """The user or the system asked to stop, and the state is saved: exit code 130."""


def trained(sums: np.ndarray) -> dict[str, float]:
    """Loss and accuracy from sums as in steps.TRAINED."""
    named = dict(zip(TRAINED, sums, strict=True))
    return {"loss": float(named["loss"] / named["examples"]), "accuracy": float(named["correct"] / named["examples"])}


def evaluated(sums: np.ndarray) -> dict[str, float]:
    """Means from sums as in steps.EVALUATED: loss, top1, top5."""
    named = dict(zip(EVALUATED, sums, strict=True))
    return {name: float(named[name] / named["examples"]) for name in EVALUATED[:-1]}
