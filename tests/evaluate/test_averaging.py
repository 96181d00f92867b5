"""Means of what is said of parts of an image, and by several networks, against a computation by hand."""

from __future__ import annotations

import numpy as np
import pytest

from archspec.errors import InputError
from archspec.evaluate.averaging import LEAST, averaged
from archspec.evaluate.order import moved, places


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def test_the_mean_of_probabilities_and_of_logits() -> None:
    logits = np.random.default_rng(0).normal(0, 5, (7, 10, 4))
    said = softmax(logits).astype(np.float32)
    np.testing.assert_allclose(averaged(said, "probabilities", several=False), said.astype(np.float64).mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(averaged(said, "logits", several=False), softmax(logits.mean(axis=1)), rtol=1e-5)


def test_of_several_classes_an_image_each_has_a_sigmoid() -> None:
    logits = np.random.default_rng(0).normal(0, 3, (7, 10, 4))
    said = (1 / (1 + np.exp(-logits))).astype(np.float32)
    np.testing.assert_allclose(averaged(said, "logits", several=True), 1 / (1 + np.exp(-logits.mean(axis=1))), rtol=1e-4)


@pytest.mark.parametrize("of", ["probabilities", "logits"])
def test_weights_count_a_part_as_often(of: str) -> None:
    said = softmax(np.random.default_rng(1).normal(size=(3, 2, 5)))
    twice = np.concatenate([said[:, :1], said[:, :1], said[:, 1:]], axis=1)
    np.testing.assert_allclose(averaged(said, of, several=False, weights=[2, 1]), averaged(twice, of, several=False), rtol=1e-12)


def test_what_is_told_as_0_is_no_end_of_the_mean() -> None:
    said = np.array([[[1.0, 0.0], [0.5, 0.5]]])
    found = averaged(said, "logits", several=False)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, softmax(np.array([[0.0, np.log(LEAST) / 2]])), rtol=1e-6)


def test_classes_are_matched_by_name() -> None:
    to = places(["b", "a"], ["a", "x", "b"], "runs/m")
    assert moved(np.array([0, 1, 1]), to, 3).tolist() == [2, 0, 0]
    assert moved(np.array([[1, 0], [1, 1]], np.uint8), to, 3).tolist() == [[0, 0, 1], [1, 0, 1]]


@pytest.mark.parametrize(("data", "model", "hint"), [
    (["n01440764", "n01443537"], ["background", "tench", "goldfish"], "its first class is 'background'"),
    (["n01440764", "n01443537"], ["tench", "goldfish"], "by synsets"),
    (["1", "2"], ["tench", "goldfish"], "ILSVRC's ids"),
    (["tulips"], ["rose", "tulip"], "is 'tulip' meant?"),
])
def test_a_class_that_the_model_does_not_know_is_told_with_a_guess(data: list[str], model: list[str], hint: str) -> None:
    with pytest.raises(InputError, match="runs/m tells no class called") as caught:
        places(data, model, "runs/m")
    assert hint in str(caught.value)
    assert "--labels FILE" in str(caught.value)


def test_other_names_do_not_help_a_model_with_fewer_classes_than_the_data() -> None:
    with pytest.raises(InputError, match="hint: the data have 3 classes and it tells 2 apart: name other data") as caught:
        places(["0", "1", "2"], ["disc", "square"], "runs/m")
    assert "--labels" not in str(caught.value)
