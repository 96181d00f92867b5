"""What follows from what a network said of each test image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from artifacts import artifact, evaluated_on

from archspec.artifact.keras_model import keras_model
from archspec.evaluate.judged import ClassRow, Judged, judge
from archspec.preprocess.pixels import normalize

ONE = Judged(3, np.array([0, 0, 0, 1, 1, 2], np.int32), np.array([0, 1, 1, 1, 0, 2], np.int32), np.full(6, 0.5),
             np.array([0.1, 2.0, 3.0, 0.2, np.nan, 0.3]))
SEVERAL = Judged(2, np.array([[1, 0], [1, 1]], bool), np.array([[1, 0], [0, 1]], bool), np.full(2, 0.5), np.array([0.1, 0.9]))


def test_classes_fare_as_counted_by_hand() -> None:
    assert ONE.by_class == (ClassRow(0, 3, 0.5, pytest.approx(1 / 3), pytest.approx(0.4)),
                            ClassRow(1, 2, pytest.approx(1 / 3), 0.5, pytest.approx(0.4)), ClassRow(2, 1, 1.0, 1.0, 1.0))
    assert SEVERAL.by_class == (ClassRow(0, 2, 1.0, 0.5, pytest.approx(2 / 3)), ClassRow(1, 1, 1.0, 1.0, 1.0))


def test_a_class_that_is_never_said_divides_by_nothing() -> None:
    assert replace(ONE, classes=4).by_class[3] == ClassRow(3, 0, 0.0, 0.0, 0.0)


def test_what_is_taken_for_what() -> None:
    assert ONE.confusion.tolist() == [[1, 2, 0], [1, 1, 0], [0, 0, 1]]
    assert ONE.confused(5) == [(0, 1, 2), (1, 0, 1)]
    assert ONE.confused(1) == [(0, 1, 2)]


def test_the_worst_images_have_the_greatest_loss_and_no_number_is_worst() -> None:
    assert ONE.worst(9) == [4, 2, 1]
    assert ONE.worst(2) == [4, 2]
    assert SEVERAL.worst(9) == [1]


@pytest.mark.parametrize("several", [False, True])
def test_every_image_is_judged_once_in_its_order(several: bool) -> None:
    pixels = np.random.default_rng(1).uniform(0, 255, (5, 8, 8, 4)).astype(np.float32)
    labels = np.random.default_rng(2).integers(0, 2, (5, 3)).astype(np.uint8) if several else np.array([2, 1, 0, 1, 2], np.int32)
    found = judge(artifact(), evaluated_on(pixels, labels))
    logits = keras_model(artifact())(normalize(pixels, artifact().preprocess), training=False).numpy()
    assert found.said.tolist() == ((logits > 0) if several else logits.argmax(axis=1)).tolist()
    assert found.labels.tolist() == labels.astype(bool if several else int).tolist()
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    best = 1 / (1 + np.exp(-logits.max(axis=1))) if several else (shares / shares.sum(axis=1, keepdims=True)).max(axis=1)
    assert found.surest == pytest.approx(best, rel=1e-5)
    assert found.losses.shape == (5,)
