"""What follows from what a network said of each image, and that batches come to it whichever way they are cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import cast

import numpy as np
import pytest
from scipy.special import expit, softmax

from archspec.errors import InputError
from archspec.evaluate.data import Examples
from archspec.evaluate.evaluator import classification, evaluate, multi_label
from archspec.evaluate.outcome import ClassRow, Outcome, Outcomes
from archspec.evaluate.ranks import rank, ranks
from archspec.evaluate.result import Result, figures_of

NAN, INF = np.nan, np.inf
RNG = np.random.default_rng(4)
ONE = Outcome(3, np.array([0, 0, 0, 1, 1, 2], np.int32), np.array([0, 1, 1, 1, 0, 2], np.int32), np.full(6, 0.5),
             np.array([0.1, 2.0, 3.0, 0.2, np.nan, 0.3]), np.array([0, 1, 1, 0, 2, 0], np.int32))
SEVERAL = Outcome(2, np.array([[1, 0], [1, 1]], bool), np.array([[1, 0], [0, 1]], bool), np.full(2, 0.5), np.array([0.1, 0.9]),
                  np.zeros(2, np.int32))


def test_classes_fare_as_counted_by_hand() -> None:
    assert ONE.by_class == (ClassRow(0, 3, 1 / 3, 0.5, pytest.approx(1 / 3), pytest.approx(0.4)),
                            ClassRow(1, 2, 0.5, pytest.approx(1 / 3), 0.5, pytest.approx(0.4)), ClassRow(2, 1, 1.0, 1.0, 1.0, 1.0))
    assert SEVERAL.by_class == (ClassRow(0, 2, 0.5, 1.0, 0.5, pytest.approx(2 / 3)), ClassRow(1, 1, 1.0, 1.0, 1.0, 1.0))


@pytest.mark.parametrize(("outcome", "macro", "micro"), [
    (ONE, (11 / 18, 11 / 18, 0.6), (0.5, 0.5, 0.5)), (replace(ONE, classes=4), (11 / 18, 11 / 18, 0.6), (0.5, 0.5, 0.5)),
    (SEVERAL, (1, 0.75, 5 / 6), (1, 2 / 3, 0.8)),
    (replace(SEVERAL, labels=np.zeros((2, 2), bool), said=np.zeros((2, 2), bool)), (0, 0, 0), (0, 0, 0))])
def test_means_over_classes_are_of_those_that_are_true_or_said(outcome: Outcome, macro: tuple[float, ...], micro: tuple[float, ...]) -> None:
    names = ("precision", "recall", "f1")
    assert outcome.averages == {"macro": pytest.approx(dict(zip(names, macro, strict=True))),
                                "micro": pytest.approx(dict(zip(names, micro, strict=True)))}


def test_of_networks_of_few_and_of_many_classes_each_figure_has_its_name() -> None:
    few, many = (Result((), (), (), cast(Examples, None), each, 1.0) for each in (ONE, replace(ONE, classes=6)))
    assert figures_of([few]) == ["loss", "top1", "calibration_error"]
    assert figures_of([few, many]) == figures_of([many, few]) == ["loss", "top1", "top5", "calibration_error"]


def test_a_tie_is_said_of_its_class_but_no_hit() -> None:
    tied = added(np.float32([[0.5, 0.5], [0.2, 0.8]]), np.int32([0, 1]))
    assert [(row.accuracy, row.recall) for row in tied.by_class] == [(0.0, 1.0), (1.0, 1.0)]


def test_a_class_that_is_never_said_divides_by_nothing() -> None:
    assert replace(ONE, classes=4).by_class[3] == ClassRow(3, 0, None, 0.0, 0.0, 0.0)


def test_what_is_taken_for_what() -> None:
    assert ONE.confusion.tolist() == [[1, 2, 0], [1, 1, 0], [0, 0, 1]]
    assert ONE.confused(5) == [(0, 1, 2), (1, 0, 1)]
    assert ONE.confused(1) == [(0, 1, 2)]


def test_the_worst_images_have_the_greatest_loss_and_no_number_is_worst() -> None:
    assert ONE.worst(9) == [4, 2, 1]
    assert ONE.worst(2) == [4, 2]
    assert SEVERAL.worst(9) == [1]


def added(scores: np.ndarray, labels: np.ndarray, cuts: Sequence[int] = (), logits: bool = False) -> Outcome:
    found = Outcomes()
    for part, told in zip(np.split(scores, cuts), np.split(labels, cuts), strict=True):
        (found.add_logits if logits else found.add)(part, told)
    return found.whole()


def drawn(several: bool, count: int = 40, classes: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Logits in steps of one half, full of ties, with some that are not finite, and labels; the last class is never true."""
    logits = np.round(RNG.normal(scale=2, size=(count, classes)) * 2).astype(np.float32) / 2
    logits[1, 2], logits[2, 1], logits[3, :] = NAN, -INF, 0
    labels = RNG.integers(0, classes - 1, count).astype(np.int32)
    return logits, (RNG.integers(0, 2, (count, classes)) * np.arange(classes, 0, -1) > 1).astype(np.uint8) if several else labels


@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize("several", [False, True])
def test_cuts_between_batches_change_nothing(several: bool, logits: bool) -> None:
    scores, labels = drawn(several)
    scores = scores if logits else (expit(scores) if several else softmax(scores, axis=1)).astype(np.float32)
    whole = added(scores, labels, (), logits)
    for cuts in ([1], [0, 3, 3, 17], list(range(1, 40))):
        parts = added(scores, labels, cuts, logits)
        for field in fields(Outcome):
            mine, other = getattr(parts, field.name), getattr(whole, field.name)
            assert (mine is other is None) or np.array_equal(mine, other, equal_nan=np.asarray(mine).dtype.kind == "f"), field.name
            assert np.asarray(mine).dtype == np.asarray(other).dtype


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("classes", [3, 7])
def test_results_are_those_of_the_evaluators(several: bool, classes: int) -> None:
    logits, labels = drawn(several, classes=classes)
    logits[1, 2], logits[2, 1] = 0.5, -40
    evaluator = (multi_label if several else classification)(classes)
    expected = dict(evaluate([(logits, labels, np.ones(40, np.float32))], evaluator))
    shares = expit(np.float64(logits)) if several else softmax(np.float64(logits), axis=1)
    for found in (added(logits, labels, (9,), logits=True), added(shares, labels, (9,))):
        assert dict(found.results()) == {name: pytest.approx(value, rel=1e-6) for name, value in expected.items()}
        assert list(found.rows) == (["loss", "top1"] if several or classes < 6 else ["loss", "top1", "top5"])


@pytest.mark.parametrize("several", [False, True])
def test_ranks_in_numpy_are_those_of_tensorflow(several: bool) -> None:
    logits, labels = drawn(several, 300)
    logits.flat[RNG.integers(0, logits.size, 200)] = RNG.choice(np.float32([NAN, INF, -INF, -0.0, 0.0]), 200)
    labels[:2] = 0
    assert ranks(logits, labels).tolist() == rank(logits, labels).numpy().tolist()
    assert ranks(logits, labels).dtype == np.int32


@pytest.mark.parametrize(("shares", "label", "said", "surest", "loss", "place"), [
    ([0.5, 0.25, 0.25], 0, 0, 0.5, np.log(2), 0), ([0.5, 0.25, 0.25], 1, 0, 0.5, np.log(4), 2),
    ([0.5, 0.5, 0.0], 0, 0, 0.5, np.log(2), 1), ([0.5, 0.5, 0.0], 1, 0, 0.5, np.log(2), 1),
    ([1.0, 0.0, 0.0], 2, 0, 1.0, INF, 2), ([1.0, 0.0, 0.0], 0, 0, 1.0, 0.0, 0),
    ([NAN, 0.25, 0.5], 2, 2, 0.5, np.log(2), 1), ([NAN, 0.25, 0.5], 0, 2, 0.5, NAN, 3), ([NAN, NAN, NAN], 0, 0, NAN, NAN, 3)])
def test_one_image_by_hand(shares: list[float], label: int, said: int, surest: float, loss: float, place: int) -> None:
    found = added(np.float32([shares]), np.int32([label]))
    assert (found.said.tolist(), found.ranks.tolist(), found.labels.tolist()) == ([said], [place], [label])
    assert (found.surest[0], found.losses[0]) == (pytest.approx(surest, nan_ok=True), pytest.approx(loss, nan_ok=True))
    assert np.isnan(loss) or not np.signbit(found.losses[0])
    assert found.hits(1).tolist() == [place < 1]


def test_one_image_of_several_labels_by_hand() -> None:
    """A half is not said, and a mean of ones that is a rounding above 1 is 1."""
    found = added(np.float32([[0.5, 0.75, 0.25, 1.0000001]]), np.uint8([[1, 1, 0, 1]]))
    assert found.said.tolist() == [[False, True, False, True]]
    assert found.losses.tolist() == pytest.approx([(np.log(2) + 2 * np.log(4 / 3)) / 4], abs=1e-6)
    assert added(np.float32([[1.0000001]]), np.uint8([[0]])).losses.tolist() == [INF]
    assert dict(found.results()) == {"loss": found.losses[0], "top1": 1.0, "precision": 1.0, "recall": 2 / 3, "f1": 0.8}
    assert found.scores is not None and found.scores.dtype == np.float32


def test_logits_tell_apart_what_probabilities_in_single_precision_do_not() -> None:
    logits, labels = np.float32([[200, 20, 10, 0, -10, -20, -30]]), np.int32([4])
    exact, rounded = added(logits, labels, logits=True), added(softmax(logits, axis=1), labels)
    assert (exact.losses.tolist(), exact.ranks.tolist()) == ([210.0], [4])
    assert (rounded.losses.tolist(), rounded.ranks.tolist()) == ([INF], [6])
    assert added(np.float32([[90]]), np.uint8([[0]]), logits=True).losses.tolist() == [90.0]


def test_hits_of_each_class_and_a_class_that_no_image_has() -> None:
    found = added(np.float32([[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.4, 0.4, 0.2]]), np.int32([0, 0, 1]))
    assert found.class_hits(1).tolist() == [1, 0, 0]
    assert found.class_hits(2).tolist() == [1, 1, 0]  # the second image has two classes in the second place
    assert [row.images for row in found.by_class] == [2, 1, 0]
    assert found.confusion.tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("labels", [np.empty(0, np.int32), np.empty((0, 3), np.uint8)])
def test_without_images_there_is_no_outcome(labels: np.ndarray) -> None:
    found = Outcomes()
    for _ in range(2):
        with pytest.raises(InputError, match="there are no images to evaluate on"):
            found.whole()
        found.add(np.empty((0, 3), np.float32), labels)
