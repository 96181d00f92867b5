"""Counts of hits against NumPy, and means over batches that are not full."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from archspec.errors import InputError
from archspec.evaluate.evaluator import classification, evaluate, multi_label
from archspec.evaluate.ranks import hits, rank, ranks

RNG = np.random.default_rng(0)
NAN, INF = np.nan, np.inf


def counted(logits: np.ndarray, labels: np.ndarray, k: int) -> list[bool]:
    """Example by example: fewer than k others that are not below the label's score, which is finite."""
    found = []
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        others = row[:label] + row[label + 1:]
        found.append(bool(np.isfinite(row[label])) and sum(not other < row[label] for other in others) < k)
    return found


@pytest.mark.parametrize("classes", [2, 5, 6, 1000])
@pytest.mark.parametrize("k", [1, 5])
def test_hits_as_counted_by_hand(classes: int, k: int) -> None:
    """Rounded to bfloat16, a thousand random logits are full of ties."""
    logits = tf.cast(RNG.normal(size=(400, classes)), tf.bfloat16)
    labels = RNG.integers(0, classes, 400).astype(np.int32)
    assert hits(logits, labels, k).numpy().tolist() == counted(tf.cast(logits, tf.float32).numpy(), labels, k)


@pytest.mark.parametrize(("logits", "best"), [
    ([3.0, 2.0, 1.0], 0), ([3.0, 3.0, 1.0], 1), ([3.0, 3.0, 3.0], 2), ([3.0, INF, -INF], 1), ([3.0, NAN, 1.0], 1),
    ([NAN, 0.0, 0.0], 3), ([INF, 0.0, 0.0], 3), ([-INF, -INF, 0.0], 3), ([NAN, NAN, NAN], 3), ([-0.0, 0.0, -1.0], 1)])
def test_ranks_of_ties_and_of_what_is_not_finite(logits: list[float], best: int) -> None:
    """Compiled, too: TensorFlow rewrites comparisons of a graph."""
    compiled = tf.function(rank, autograph=False)
    given = np.float32([logits]), np.int32([0])
    assert rank(*given).numpy().tolist() == compiled(*given).numpy().tolist() == ranks(*given).tolist() == [best]


def test_a_network_that_says_nothing_scores_nothing() -> None:
    labels = np.arange(10, dtype=np.int32)
    found = dict(evaluate([(tf.zeros((10, 10)), labels, np.ones(10, np.float32))], classification(10)))
    assert found == {"loss": pytest.approx(np.log(10)), "top1": 0.0, "top5": 0.0}


@pytest.mark.parametrize(("classes", "names"), [(2, ["loss", "top1"]), (5, ["loss", "top1"]), (6, ["loss", "top1", "top5"])])
def test_top5_is_left_out_where_it_says_nothing(classes: int, names: list[str]) -> None:
    batch = (tf.eye(classes), np.arange(classes, dtype=np.int32), np.ones(classes, np.float32))
    assert [name for name, _ in evaluate([batch], classification(classes))] == names


def test_batches_of_any_size_give_one_mean() -> None:
    logits = RNG.normal(size=(11, 7)).astype(np.float32)
    labels = RNG.integers(0, 7, 11).astype(np.int32)
    whole = dict(evaluate([(logits, labels, np.ones(11, np.float32))], classification(7)))
    parts = dict(evaluate([(logits[:8], labels[:8], np.ones(8, np.float32)), (logits[8:], labels[8:], np.ones(3, np.float32))],
                          classification(7)))
    assert parts == {name: pytest.approx(value, rel=1e-12) for name, value in whole.items()}
    assert whole["top1"] == np.mean(logits.argmax(axis=1) == labels)
    assert whole["loss"] == pytest.approx(-np.mean([np.log(np.exp(row[label]) / np.exp(row).sum())
                                                    for row, label in zip(np.float64(logits), labels, strict=True)]), rel=1e-6)


def test_what_fills_up_a_batch_counts_for_nothing() -> None:
    """Even where its logits are not numbers."""
    logits, labels = np.float32([[2, 1], [NAN, NAN]]), np.int32([0, 0])
    assert dict(evaluate([(logits, labels, np.float32([1, 0]))], classification(2)))["top1"] == 1.0
    assert np.isfinite(dict(evaluate([(logits, labels, np.float32([1, 0]))], classification(2)))["loss"])


def test_without_images_there_is_no_result() -> None:
    for batches in ([], [(tf.zeros((1, 2)), np.int32([0]), np.float32([0]))]):
        with pytest.raises(InputError, match="there are no images to evaluate on"):
            dict(evaluate(batches, classification(2)))


def test_several_labels_against_counting_by_hand() -> None:
    logits, labels = RNG.normal(size=(50, 6)).astype(np.float32), RNG.integers(0, 2, (50, 6)).astype(np.uint8)
    found = dict(evaluate([(logits, labels, np.ones(50, np.float32))], multi_label(6)))
    said, true = logits > 0, labels > 0
    both = (said & true).sum()
    loss = np.log1p(np.exp(-np.where(true, logits, -logits).astype(np.float64))).mean()
    assert found == {"loss": pytest.approx(loss, rel=1e-5), "top1": np.mean(true[np.arange(50), logits.argmax(axis=1)]),
                     "precision": both / said.sum(), "recall": both / true.sum(), "f1": 2 * both / (said.sum() + true.sum())}


@pytest.mark.parametrize(("logits", "labels", "best"), [
    ([3, 2, 1], [0, 1, 1], 1), ([3, 2, 1], [1, 0, 1], 0), ([2, 2, 2], [1, 1, 0], 1), ([1, 2, 3], [0, 0, 0], 3),
    ([1, 2, 3], [1, 1, 1], 0)])
def test_ranks_of_several_labels(logits: list[float], labels: list[int], best: int) -> None:
    assert rank(np.float32([logits]), np.uint8([labels])).numpy().tolist() == [best]
