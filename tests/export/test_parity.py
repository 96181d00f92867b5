"""What counts as equal."""

from __future__ import annotations

import numpy as np
import pytest

from archspec.export.parity import LEAST, compare


def softmax(logits: list[list[float]]) -> np.ndarray:
    powers = np.exp(np.float32(logits) - np.max(logits, axis=1, keepdims=True))
    return np.float32(powers / powers.sum(axis=1, keepdims=True))


def test_parity_counts() -> None:
    parity = compare(np.float32([[0.6, 0.4], [0.2, 0.8]]), np.float32([[0.4, 0.6], [0.2, 0.8]]))
    assert (round(parity.probabilities, 6), parity.agreement, parity.images) == (0.2, 0.5, 2)
    assert parity.logits == pytest.approx(np.log(0.6 / 0.4) / -np.log(0.4))
    assert parity.holds(0.21)
    assert not parity.holds(0.19)


def test_logits_count_where_the_softmax_has_decided() -> None:
    """20 against 20.6 of 60: a hundredth of the largest, and no probability differs by 1e-8."""
    parity = compare(softmax([[0, 20, 60]]), softmax([[0, 20.6, 60]]))
    assert parity.probabilities < 1e-8
    assert parity.logits == pytest.approx(0.01, rel=1e-3)
    assert parity.holds(0.0011)
    assert not parity.holds(0.0009)


def test_what_a_float_cannot_hold_is_not_told_apart() -> None:
    assert compare(np.float32([[1, 0]]), np.float32([[1, LEAST / 2]])).logits == 0.0


@pytest.mark.parametrize(("ours", "theirs"), [([np.nan, 1], [0, 1]), ([0, 1], [np.nan, 1]), ([np.nan, 1], [np.nan, 1]),
                                              ([np.inf, 1], [np.inf, 1])])
def test_what_is_not_a_number_is_never_equal(ours: list[float], theirs: list[float]) -> None:
    assert not compare(np.float32([ours]), np.float32([theirs])).holds(0.99)


def test_the_same_tie_on_both_sides_agrees() -> None:
    third = np.full((2, 3), 1 / 3, np.float32)
    assert compare(third, third).agreement == 1.0
    assert compare(third, np.float32([[0.5, 0.3, 0.2]] * 2)).agreement == 0.0


def test_one_class_alone_is_equal() -> None:
    assert compare(np.ones((2, 1), np.float32), np.ones((2, 1), np.float32)).holds(1e-9)


def test_great_probabilities_of_their_own_are_equal_but_for_the_last_bit() -> None:
    ours = np.full((1, 3), 1 - 2 ** -20, np.float32)
    assert compare(ours, ours + np.float32(2 ** -22)).holds(1e-6)
