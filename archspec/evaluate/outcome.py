"""What came of every evaluated image, and what follows: how good a network is, which classes and images it gets wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.special import expit, log_softmax

from archspec.errors import InputError
from archspec.evaluate.evaluator import TOP5_FROM
from archspec.evaluate.ranks import ranks

AVERAGED = ("precision", "recall", "f1")


@dataclass(frozen=True)
class ClassRow:
    """How a class fares. Precision, recall and F1 are 0 where there is nothing to divide by.

    `accuracy` is the top1 of its images, None where it has none; where an image may have several classes the share of all
    images in which it is rightly said or not said.
    """

    number: int
    images: int
    accuracy: float | None
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Outcome:
    """Of n images in their order: labels, what was said, its probability, the loss, and where the true class came.

    `labels` and `said` are (n,) int32, or (n, classes) bool where an image may have several: then `said` is what has a
    probability above one half, and `surest` (n,) the probability of the class that has most, as of one label. `losses` are
    (n,) float64, the cross entropy, infinite where what is true got the probability 0; `ranks` (n,) int32 as in
    `archspec.evaluate.ranks`. `scores` are (n, classes) float32 where an image may have several labels, the one part that
    grows with images times classes beside labels and `said`: areas under curves need all of them. None of one label.
    """

    classes: int
    labels: np.ndarray
    said: np.ndarray
    surest: np.ndarray
    losses: np.ndarray
    ranks: np.ndarray
    scores: np.ndarray | None = None

    @property
    def several(self) -> bool:
        """Whether an image may have several labels."""
        return self.labels.ndim == 2

    @property
    def right(self) -> np.ndarray:
        """(n,) bool: whether all that is true of an image was said, and no more.

        Of classes that score highest alike the first is said: where it is the true one, that is right, but no hit.
        """
        return np.asarray((self.labels == self.said).all(axis=1) if self.several else self.labels == self.said)

    def hits(self, count: int) -> np.ndarray:
        """(n,) bool: whether a true class is among the so many that score highest; ties are no hits."""
        return np.asarray(self.ranks < count)

    @cached_property
    def rows(self) -> Mapping[str, np.ndarray]:
        """Per image, (n,) float64 each: loss, top1, and top5 where it says something. A result is the mean of its row."""
        several = self.several or self.classes < TOP5_FROM
        counts = {"top1": 1} if several else {"top1": 1, "top5": 5}
        return {"loss": self.losses} | {name: self.hits(count).astype(np.float64) for name, count in counts.items()}

    def results(self) -> Iterator[tuple[str, float]]:
        """(name, value) as the evaluators give them: the means of `rows`; of several labels precision, recall and F1, too."""
        yield from ((name, float(row.mean())) for name, row in self.rows.items())
        if self.several:
            both, said, true = (int(each.sum()) for each in (self.said & self.labels, self.said, self.labels))
            yield from (("precision", both / max(said, 1)), ("recall", both / max(true, 1)),
                        ("f1", 2 * both / max(said + true, 1)))

    def class_hits(self, count: int) -> np.ndarray:
        """(classes,) int64: of how many images of each class it is among the so many that score highest. One label."""
        return np.bincount(self.labels[self.hits(count)], minlength=self.classes)

    @cached_property
    def by_class(self) -> tuple[ClassRow, ...]:
        """In the order of the classes."""
        from sklearn.metrics import precision_recall_fscore_support  # a second, here and below
        which = list(range(self.classes))
        found = precision_recall_fscore_support(self.labels, self.said, labels=which, zero_division=0.0)
        return tuple(ClassRow(number, int(count), accuracy, float(precision), float(recall), float(f1))
                     for number, (precision, recall, f1, count, accuracy) in enumerate(zip(*found, self._accuracies,
                                                                                           strict=True)))

    @property
    def _accuracies(self) -> list[float | None]:
        if self.several:
            return [float(each) for each in (self.labels == self.said).mean(axis=0)]
        images = np.bincount(self.labels, minlength=self.classes)
        return [int(hits) / int(count) if count else None for hits, count in zip(self.class_hits(1), images, strict=True)]

    @cached_property
    def averages(self) -> Mapping[str, Mapping[str, float]]:
        """Precision, recall and F1: `macro` means over classes that are true or said of some image, `micro` of all together."""
        from sklearn.metrics import precision_recall_fscore_support
        present = (self.labels | self.said).any(axis=0) if self.several else np.isin(
            np.arange(self.classes), np.concatenate([self.labels, self.said]))
        if not present.any():  # several labels, and no image has one
            return {kind: dict.fromkeys(AVERAGED, 0.0) for kind in ("macro", "micro")}
        return {kind: dict(zip(AVERAGED, map(float, precision_recall_fscore_support(
            self.labels, self.said, labels=np.flatnonzero(present), average=kind, zero_division=0.0)[:3]), strict=True))
            for kind in ("macro", "micro")}

    @property
    def confusion(self) -> np.ndarray:
        """(classes, classes) int64: images of the class of the row of which the class of the column was said. One label."""
        from sklearn.metrics import confusion_matrix
        return np.asarray(confusion_matrix(self.labels, self.said, labels=list(range(self.classes))))

    def confused(self, count: int) -> list[tuple[int, int, int]]:
        """Up to `count` pairs, the most frequent first: class, what was said instead, how often. One label."""
        wrong = ~self.right
        pairs, times = np.unique(np.stack([self.labels[wrong], self.said[wrong]], axis=1), axis=0, return_counts=True)
        chosen = np.argsort(-times, kind="stable")[:count]
        return [(*pair, each) for pair, each in zip(pairs[chosen].tolist(), times[chosen].tolist(), strict=True)]

    def worst(self, count: int) -> list[int]:
        """The numbers of up to `count` images that are wrong, the greatest loss first."""
        wrong = np.flatnonzero(~self.right)
        order = np.argsort(-np.nan_to_num(self.losses[wrong], nan=np.inf), kind="stable")
        return [int(each) for each in wrong[order][:count]]


class _Part(NamedTuple):
    """A batch's part of an outcome."""

    labels: np.ndarray
    said: np.ndarray
    surest: np.ndarray
    losses: np.ndarray
    ranks: np.ndarray
    scores: np.ndarray


class Outcomes:
    """Batches become an Outcome, whichever way images are cut into them: of a batch only what is told of its images is kept.

    Scores are (b, classes) floats, labels (b,) int32, or (b, classes) uint8 with 1 for each class that an image has.
    """

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._classes = 0

    def add(self, probabilities: np.ndarray, labels: np.ndarray) -> None:
        """Of probabilities, as means over crops or networks are: of all classes together 1, or of several labels each its own.

        In float32 small ones are 0, and then tie and have an infinite loss: where there are logits, `add_logits` tells more.
        """
        shares = np.ascontiguousarray(probabilities, np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            if labels.ndim == 2:  # a mean of ones may be a rounding above 1
                losses = -np.where(labels > 0, np.log(shares), np.log1p(-np.minimum(shares, 1))).mean(axis=1)
            else:
                losses = -np.log(_own(shares, labels))
        self._keep(shares, shares, losses, labels, half=0.5)

    def add_logits(self, logits: np.ndarray, labels: np.ndarray) -> None:
        """Of what comes before softmax, or before the sigmoid where an image may have several labels."""
        scores = np.ascontiguousarray(logits, np.float64)
        with np.errstate(invalid="ignore"):
            if labels.ndim == 2:
                shares, losses = expit(scores), np.logaddexp(0, np.where(labels > 0, -scores, scores)).mean(axis=1)
            else:
                logs = log_softmax(scores, axis=1)
                shares, losses = np.exp(logs), -_own(logs, labels)
        self._keep(scores, shares, losses, labels, half=0.0)

    def _keep(self, scores: np.ndarray, shares: np.ndarray, losses: np.ndarray, labels: np.ndarray, half: float) -> None:
        """`half` is the score of a probability of one half."""
        several, self._classes = labels.ndim == 2, scores.shape[1]
        if several:
            said, surest = scores > half, shares.max(axis=1)
        else:  # what is not a number is not said unless nothing else is there
            said = np.where(np.isnan(scores), -np.inf, scores).argmax(axis=1).astype(np.int32)
            surest = _own(shares, said)
        self._parts.append(_Part(labels.astype(bool if several else np.int32), said, surest, losses + 0.0,  # and no -0.0
                                 ranks(scores, labels), scores.astype(np.float32) if several else np.empty(0, np.float32)))

    def whole(self) -> Outcome:
        """Of all images that were added, in their order. Raises InputError where there are none."""
        if not any(len(part.labels) for part in self._parts):
            raise InputError("there are no images to evaluate on")
        labels, said, surest, losses, places, scores = (np.concatenate(each) for each in zip(*self._parts, strict=True))
        return Outcome(self._classes, labels, said, surest, losses, places, scores if labels.ndim == 2 else None)


def _own(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(b,) of (b, classes): what stands at each row's label."""
    return np.take_along_axis(rows, labels[:, None].astype(np.int64), axis=1)[:, 0]
