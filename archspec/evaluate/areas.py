"""Areas under curves, for images that may have several labels: how well the scores of a class order the images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Area:
    """The mean over so many classes; None where it is defined for no class. `by_class` has the areas of those by number."""

    mean: float | None
    classes: int
    by_class: Mapping[int, float] = field(default_factory=dict, compare=False)


def macro_auc(labels: np.ndarray, scores: np.ndarray) -> Area:
    """The area under the ROC curve: how often an image with the class scores above one without it; ties count one half.

    Of labels (n, classes) bool and scores (n, classes), over classes that some images have and others lack. A class with
    scores that are not finite has no number, and so has the mean.
    """
    from sklearn.metrics import roc_auc_score  # a second, here and below
    images = labels.sum(axis=0)
    return _mean(roc_auc_score, labels, scores, (images > 0) & (images < len(labels)))


def mean_average_precision(labels: np.ndarray, scores: np.ndarray) -> Area:
    """The mean over classes that some image has of the precision at each of its images, by falling score; not interpolated.

    Of labels (n, classes) bool and scores (n, classes). Images that score alike come at once. A class with scores that are
    not finite has no number, and so has the mean.
    """
    from sklearn.metrics import average_precision_score
    return _mean(average_precision_score, labels, scores, labels.sum(axis=0) > 0)


def _mean(area: Callable[[np.ndarray, np.ndarray], float], labels: np.ndarray, scores: np.ndarray, which: np.ndarray) -> Area:
    found = {number: float(area(labels[:, number], scores[:, number])) if np.isfinite(scores[:, number]).all() else np.nan
             for number in np.flatnonzero(which).tolist()}
    return Area(float(np.mean(list(found.values()))) if found else None, len(found), found)
