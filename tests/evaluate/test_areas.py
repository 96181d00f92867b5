"""Areas under curves against pairs and precisions that are counted."""

from __future__ import annotations

import numpy as np
import pytest

from archspec.evaluate.areas import Area, macro_auc, mean_average_precision
from archspec.evaluate.outcome import Outcomes

RNG = np.random.default_rng(7)


def auc(labels: np.ndarray, scores: np.ndarray) -> float:
    pairs = [(above > below) + (above == below) / 2 for above in scores[labels] for below in scores[~labels]]
    return float(np.mean(pairs))


def precision(labels: np.ndarray, scores: np.ndarray) -> float:
    """At each image with the class, of all images that score at least as high."""
    return float(np.mean([labels[scores >= score].mean() for score in scores[labels]]))


def test_as_counted_with_ties_and_classes_that_all_or_no_images_have() -> None:
    labels, scores = RNG.integers(0, 2, (30, 5)).astype(bool), RNG.integers(0, 8, (30, 5)).astype(np.float32)
    labels[:, 1], labels[:, 3] = False, True
    both, some = (0, 2, 4), (0, 2, 3, 4)
    assert macro_auc(labels, scores) == Area(pytest.approx(np.mean([auc(labels[:, each], scores[:, each]) for each in both])), 3)
    assert mean_average_precision(labels, scores) == Area(
        pytest.approx(np.mean([precision(labels[:, each], scores[:, each]) for each in some])), 4)
    assert macro_auc(labels, scores).by_class == pytest.approx({each: auc(labels[:, each], scores[:, each]) for each in both})
    assert mean_average_precision(labels, scores).by_class == pytest.approx(
        {each: precision(labels[:, each], scores[:, each]) for each in some})


def test_by_hand() -> None:
    labels, scores = np.array([[1], [0], [1], [0]], bool), np.float32([[4], [3], [2], [1]])
    assert macro_auc(labels, scores) == Area(0.75, 1)
    assert mean_average_precision(labels, scores) == Area(pytest.approx((1 + 2 / 3) / 2), 1)
    assert macro_auc(labels, np.zeros((4, 1))) == Area(0.5, 1)


@pytest.mark.parametrize("truth", [False, True])
def test_of_one_image_there_is_no_curve(truth: bool) -> None:
    labels, scores = np.array([[truth]]), np.float32([[0.5]])
    assert macro_auc(labels, scores) == Area(None, 0)
    assert mean_average_precision(labels, scores) == (Area(1.0, 1) if truth else Area(None, 0))


@pytest.mark.parametrize("score", [np.nan, np.inf])
def test_what_is_not_finite_has_no_area(score: float) -> None:
    labels, scores = np.array([[1, 0], [0, 1]], bool), np.array([[score, 0.0], [1.0, 2.0]], np.float32)
    for area in (macro_auc, mean_average_precision):
        found = area(labels, scores)
        assert found.mean is not None and np.isnan(found.mean) and found.classes == 2


def test_an_outcome_holds_what_they_take() -> None:
    found = Outcomes()
    found.add_logits(np.float32([[40, -1], [90, 2]]), np.uint8([[0, 0], [1, 1]]))  # both probabilities are 1 in float32
    whole = found.whole()
    assert whole.scores is not None
    assert macro_auc(whole.labels, whole.scores) == Area(1.0, 2)
