"""Whether an export computes what the Keras model computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binom

from archspec.evaluate.evaluator import TOP5_FROM
from archspec.evaluate.ranks import rank

LEAST = 2.0**-120
"""Probabilities are not told apart below this, so neither are logits that are more than 83 below the greatest: runtimes end
at different places, TensorFlow's softmax at 2**-125, Keras at 0."""
EVEN = np.log(2)
"""Where classes share one probability out, the logarithm of one of them is this far below 0 at least."""
LOGITS = 10
"""How many times the tolerance a logit may be off: over a hundred layers float32 alone comes to 3e-5 between runtimes."""


@dataclass(frozen=True)
class Parity:
    """How far an export is from the model that was trained, over so many images.

    `probabilities` is the greatest difference of any, `mean` that of all. `logits` is the greatest difference of any logit,
    as a share of its image's largest: a softmax that has decided hides what its input does. `agreement` is the share of
    images for which the class that comes first here comes first there, `best_five` that of the best five, in any order; None
    below six classes. `lost` is the accuracy that is lost, see there. Feature maps tell no classes: these three are None.
    """

    probabilities: float
    mean: float
    logits: float
    agreement: float | None
    best_five: float | None
    lost: float | None
    images: int

    def holds(self, tolerance: float) -> bool:
        """Whether the export may be kept."""
        return self.probabilities <= tolerance and self.logits <= LOGITS * tolerance

    def agrees(self, drop: float) -> bool:
        """Whether no more accuracy is lost than where a share `drop` of all images is, and chance chose these.

        Of a thousand exports that lose as much as they may one is refused for it.
        """
        assert self.lost is not None
        return bool(np.isfinite(self.probabilities)) and self.lost * self.images <= float(binom.ppf(0.999, self.images, drop))

    def to_json(self) -> dict[str, Any]:
        """Its part of a row of parity.json."""
        said = {"images": self.images, "max_difference": self.probabilities, "max_logit_difference": self.logits,
                "same_top1": self.agreement, "mean_difference": self.mean, "lost_accuracy": self.lost,
                "same_top5": self.best_five}
        return {key: value for key, value in said.items() if value is not None}

    def __str__(self) -> str:
        if self.agreement is None:
            return f"feature maps differ by {self.probabilities:.1e} of their image's largest number, on {self.images} images"
        return (f"probabilities differ by {self.probabilities:.1e} at most, logits by {self.logits:.1e} of the largest, "
                f"on {self.images} images; same class for {self.agreement:.1%}")


def compare(ours: np.ndarray, theirs: np.ndarray) -> Parity:
    """Compares probabilities, (n, classes) each. What is not a number counts as infinitely far away.

    The logarithm of a probability is its logit but for a constant of the image, so what is served is all it takes. Where each
    class has a probability of its own that holds for small ones; of great ones it is the probability that is compared.
    """
    mine, yours = (np.log(np.maximum(np.float64(each), LEAST)) for each in (ours, theirs))
    largest = np.maximum(np.abs(mine).max(axis=1, keepdims=True), EVEN)
    first = ours.argmax(axis=1).astype(np.int32)
    same = rank(theirs, first).numpy() == rank(ours, first).numpy()  # equal where there is a tie on both sides
    with np.errstate(invalid="ignore"):
        return Parity(_greatest(ours - theirs), float(np.nan_to_num(np.abs(ours - theirs), nan=np.inf).mean()),
                      _greatest((mine - yours) / largest), float(same.mean()), _best_five(ours, theirs), lost(ours, theirs),
                      len(ours))


def lost(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The accuracy that is lost with their classes in the place of ours, were our probabilities right.

    It needs no labels: an image that was a toss-up costs next to nothing, one that was sure costs all of its share.
    """
    rows = np.arange(len(ours))
    return float((ours.max(axis=1) - ours[rows, theirs.argmax(axis=1)]).mean())


def compare_maps(ours: np.ndarray, theirs: np.ndarray) -> Parity:
    """Compares feature maps, (n, all numbers of an image) each: every difference is a share of its image's largest number."""
    largest = np.maximum(np.abs(ours).max(axis=1, keepdims=True), LEAST)
    with np.errstate(invalid="ignore"):
        apart = np.nan_to_num(np.abs(ours - theirs) / largest, nan=np.inf)
    greatest = float(apart.max())
    return Parity(greatest, float(apart.mean()), greatest, None, None, None, len(ours))


def _best_five(ours: np.ndarray, theirs: np.ndarray) -> float | None:
    """The share of images whose five best classes are as good by either's numbers: ties may fall either way."""
    if ours.shape[1] < TOP5_FROM:
        return None
    fifth = np.sort(ours, axis=1)[:, -5]
    chosen = np.argsort(-theirs, axis=1, kind="stable")[:, :5]
    return float((np.take_along_axis(ours, chosen, axis=1).min(axis=1) >= fifth).mean())


def _greatest(differences: np.ndarray) -> float:
    return float(np.nan_to_num(np.abs(differences), nan=np.inf).max())
