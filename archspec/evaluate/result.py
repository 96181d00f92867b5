"""The result of an evaluation: figures with their intervals, and beside them the protocol and the data they were taken on."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from archspec.data.looking import Tick
from archspec.errors import InputError
from archspec.evaluate.areas import macro_auc, mean_average_precision
from archspec.evaluate.calibration import calibration
from archspec.evaluate.data import Examples
from archspec.evaluate.evaluation import Evaluated, Model, ensemble
from archspec.evaluate.intervals import Interval, intervals, mcnemar
from archspec.evaluate.order import moved, places
from archspec.evaluate.outcome import Outcome, Outcomes
from archspec.evaluate.record import protocol_record
from archspec.spec.protocol import Protocol

SEED = 0
"""Of the resamples from which intervals come."""
OF_A_CLASS = ("images", "precision", "recall", "f1")


@dataclass(frozen=True)
class Result:
    """What came of a model, or of several together, on some images."""

    models: tuple[Model, ...]
    weights: tuple[float, ...]
    protocols: tuple[dict[str, Any], ...]
    data: Examples
    outcome: Outcome
    seconds: float

    @property
    def called(self) -> str:
        """What the user called the model or models."""
        return " + ".join(model.called for model in self.models)

    @cached_property
    def figures(self) -> dict[str, float | None]:
        """By name; None for an area where no class has images with it and images without it."""
        found: dict[str, float | None] = dict(self.outcome.results())
        if self.outcome.scores is None:
            return found | {"calibration_error": calibration(self.outcome.surest, self.outcome.right).error}
        labels, scores = self.outcome.labels, self.outcome.scores
        return found | {"auc": macro_auc(labels, scores).mean,
                        "mean_average_precision": mean_average_precision(labels, scores).mean}

    @cached_property
    def bounds(self) -> dict[str, Interval]:
        """The 95 % intervals of those figures that are means over images."""
        return intervals(self.outcome.rows, SEED)

    def to_json(self) -> dict[str, Any]:
        """A JSON document of all of it; null for figures that are no finite numbers, which JSON does not have."""
        first, images = self.models[0], len(self.outcome.losses)
        return {
            "models": [{"model": model.called, "name": model.facts["name"], "fingerprint": model.facts["fingerprint"]}
                       for model in self.models],
            "weights": list(self.weights),
            "data": {"source": self.data.source, "split": self.data.which, "examples": images, "digest": self.data.digest},
            "protocol": list(self.protocols), "results": {name: _finite(value) for name, value in self.figures.items()},
            "intervals": {name: [_finite(each.low), _finite(each.high)] for name, each in self.bounds.items()},
            "classes": [{"class": first.classes[row.number], **{key: getattr(row, key) for key in OF_A_CLASS}}
                        for row in self.outcome.by_class],
            "seconds": round(self.seconds, 3), "images_per_second": round(images / self.seconds, 3),
        }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def result(protocol: Protocol, name: str, models: Sequence[Model], weights: Sequence[float] | None, data: Examples,
           tick: Tick) -> Result:
    """Evaluates a model, or several as an ensemble. Raises InputError where protocol, data and models do not fit together."""
    members = [Evaluated(each, protocol, data.split, data.recipe) for each in models]
    labels = _labels(data, members[0])
    protocols = tuple(protocol_record(member, name) for member in members)
    outcomes, done, begun = Outcomes(), 0, time.monotonic()
    for said in ensemble(members, weights, protocol.average):
        outcomes.add(said, labels[done:done + len(said)])
        done += len(said)
        tick(f"evaluating {' + '.join(each.called for each in models)}", done, len(labels))
    return Result(tuple(models), tuple(weights or [1.0] * len(models)), protocols, data, outcomes.whole(),
                  time.monotonic() - begun)


def _labels(data: Examples, first: Evaluated) -> np.ndarray:
    """The labels as the model counts its classes."""
    several = data.split.labels.ndim == 2
    if several != first.several:
        says, have = (("several classes", "one label") if first.several else ("one class", "several labels"))
        raise InputError(f"{first.model.called} tells {says} of an image, and the data have {have} an image\n"
                         "  hint: --data with labels of its kind")
    classes = first.model.classes
    return moved(data.split.labels, places(data.classes, classes, first.model.called), len(classes))


def difference(first: Result, other: Result) -> Mapping[str, Any]:
    """Whether two models are right about different images more often than by chance: McNemar's test of top1."""
    found = mcnemar(first.outcome.hits(1), other.outcome.hits(1))
    return {"models": [first.called, other.called], "only_first": found.only_first, "only_second": found.only_second,
            "p": found.p}
