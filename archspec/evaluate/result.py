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
from archspec.evaluate.areas import Area, macro_auc, mean_average_precision
from archspec.evaluate.calibration import Calibration, calibration
from archspec.evaluate.data import Examples
from archspec.evaluate.evaluation import Evaluated, Model, ensemble
from archspec.evaluate.intervals import Interval, intervals, mcnemar
from archspec.evaluate.lists import real_places
from archspec.evaluate.order import moved, places
from archspec.evaluate.outcome import Outcome, Outcomes
from archspec.evaluate.ranks import ranks
from archspec.evaluate.record import data_record, protocol_record
from archspec.spec.protocol import Protocol

SEED = 0
"""Of the resamples from which intervals come."""
OF_A_CLASS = ("images", "accuracy", "precision", "recall", "f1")
OF_REAL = "real_top1"
"""The share of the images with re-assessed labels whose likeliest class is among these."""


@dataclass(frozen=True)
class Result:
    """What came of a model, or of several together, on some images."""

    members: tuple[Evaluated, ...]
    weights: tuple[float, ...]
    protocols: tuple[dict[str, Any], ...]
    data: Examples
    outcome: Outcome
    seconds: float
    real: np.ndarray | None = None
    """(n,) bool: of images with re-assessed labels, in their order, whether the likeliest class is among these."""

    @property
    def models(self) -> tuple[Model, ...]:
        """What was evaluated."""
        return tuple(each.model for each in self.members)

    @property
    def classes(self) -> Sequence[str]:
        """Their names, by number."""
        return self.models[0].classes

    @property
    def called(self) -> str:
        """What the user called the model or models."""
        return " + ".join(model.called for model in self.models)

    @cached_property
    def figures(self) -> dict[str, float | None]:
        """By name; None for an area where no class has images with it and images without it."""
        found: dict[str, float | None] = dict(self.outcome.results())
        if self.real is not None:
            found[OF_REAL] = float(self.real.mean()) if len(self.real) else None
        if self.calibration is not None:
            return found | {"calibration_error": self.calibration.error}
        return found | {"auc": self.areas["auc"].mean, "mean_average_precision": self.areas["average_precision"].mean}

    @cached_property
    def calibration(self) -> Calibration | None:
        """How sure it is against how often it is right; None where an image may have several labels."""
        return None if self.outcome.several else calibration(self.outcome.surest, self.outcome.right)

    @cached_property
    def areas(self) -> Mapping[str, Area]:
        """Where an image may have several labels, the areas under the curves of each class; none of one label."""
        labels, scores = self.outcome.labels, self.outcome.scores
        return {} if scores is None else {"auc": macro_auc(labels, scores),
                                          "average_precision": mean_average_precision(labels, scores)}

    @cached_property
    def bounds(self) -> dict[str, Interval]:
        """The 95 % intervals of those figures that are means over images."""
        found = intervals(self.outcome.rows, SEED)
        return found if self.real is None or not len(self.real) else found | intervals({OF_REAL: self.real}, SEED)

    @cached_property
    def by_class(self) -> tuple[dict[str, Any], ...]:
        """How each class fares, by what a document calls it; None for what is not defined for a class."""
        return tuple({"class": self.classes[row.number], **{key: getattr(row, key) for key in OF_A_CLASS},
                      **{name: area.by_class.get(row.number) for name, area in self.areas.items()}}
                     for row in self.outcome.by_class)

    def to_json(self) -> dict[str, Any]:
        """A JSON document of all of it; null for figures that are no finite numbers, which JSON does not have."""
        images = len(self.outcome.losses)
        found: dict[str, Any] = finite({
            "models": [{"model": model.called, "name": model.facts["name"], "fingerprint": model.facts["fingerprint"],
                        **({"like": model.like} if model.like else {})} for model in self.models],
            "weights": list(self.weights), "data": data_record(self.data),
            "protocol": list(self.protocols), "results": self.figures,
            "intervals": {name: [each.low, each.high] for name, each in self.bounds.items()},
            "averages": self.outcome.averages, "classes": list(self.by_class),
            "seconds": round(self.seconds, 3), "images_per_second": round(images / self.seconds, 3),
        })
        return found


def figures_of(results: Sequence[Result]) -> list[str]:
    """The names of the figures that there are of any result: of networks of few classes there is no top5."""
    return max((list(each.figures) for each in results), key=len)


def finite(document: Any) -> Any:
    """A document with None for each number that is not finite."""
    if isinstance(document, dict):
        return {key: finite(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [finite(value) for value in document]
    return None if isinstance(document, float) and not math.isfinite(document) else document


def result(protocol: Protocol, name: str, models: Sequence[Model], weights: Sequence[float] | None, data: Examples,
           tick: Tick) -> Result:
    """Evaluates a model, or several as an ensemble. Raises InputError where protocol, data and models do not fit together."""
    members = [Evaluated(each, protocol, name, data.split, data.recipe) for each in models]
    labels, first = _labels(data, members[0]), models[0]
    at = None if data.real is None else real_places(first.classes, first.called)
    protocols = tuple(protocol_record(member) for member in members)
    outcomes, hits, done, begun = Outcomes(), list[np.ndarray](), 0, time.monotonic()
    for said in ensemble(members, weights, protocol.average):
        outcomes.add(said, labels[done:done + len(said)])
        if data.real is not None and at is not None:
            hits.append(ranks(said, data.real.rows(done, done + len(said), at, said.shape[1])) < 1)
        done += len(said)
        tick(f"evaluating {' + '.join(each.called for each in models)}", done, len(labels))
    seconds = time.monotonic() - begun
    found = None if data.real is None else np.concatenate(hits)[data.real.labelled]
    return Result(tuple(members), tuple(weights or [1.0] * len(models)), protocols, data, outcomes.whole(), seconds, found)


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
