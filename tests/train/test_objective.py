"""The losses against their formulas, with what is blended and with the weights of classes."""

from __future__ import annotations

import numpy as np
import pytest

from archspec.errors import InputError
from archspec.spec.losses import Focal, Loss, Sigmoid, Softmax
from archspec.train.step.objective import objective, refuse_unfit

LOGITS = np.float32([[2.0, -1.0, 0.3], [-0.5, 0.2, 4.0]])
MIXED = np.float32([[0.7, 0.3, 0.0], [0.0, 0.4, 0.6]])
SCALES = np.float32([1.0, 5.0, 2.0])


def value(loss: Loss | None, truths: np.ndarray, weighed: np.ndarray | None = None) -> np.ndarray:
    found = objective(loss, True, weighed is not None)(truths, truths if weighed is None else weighed, LOGITS)
    return np.asarray(found.numpy())


def binary(truths: np.ndarray) -> np.ndarray:
    share = 1 / (1 + np.exp(-LOGITS.astype(np.float64)))
    return np.asarray(-(truths * np.log(share) + (1 - truths) * np.log(1 - share)).mean(axis=1))


def test_softmax_is_what_holds() -> None:
    logs = LOGITS - np.log(np.exp(LOGITS).sum(axis=1, keepdims=True))
    assert value(None, MIXED) == pytest.approx(-(MIXED * logs).sum(axis=1), rel=1e-5)
    assert value(Softmax(), MIXED).tolist() == value(None, MIXED).tolist()


def test_sigmoid_takes_every_class_by_itself() -> None:
    assert value(Sigmoid(), MIXED) == pytest.approx(binary(MIXED), rel=1e-5)


def test_a_threshold_makes_mixed_truths_whole() -> None:
    """timm's bce-target-thresh: target.gt(threshold)."""
    assert value(Sigmoid(threshold=0.35), MIXED) == pytest.approx(binary(np.float32([[1, 0, 0], [0, 1, 1]])), rel=1e-5)
    assert value(Sigmoid(threshold=0.65), MIXED) == pytest.approx(binary(np.float32([[1, 0, 0], [0, 0, 0]])), rel=1e-5)


@pytest.mark.parametrize(("alpha", "gamma"), [(0.25, 2.0), (None, 0.5)])
def test_focal(alpha: float | None, gamma: float) -> None:
    """Equation 5, as torchvision's sigmoid_focal_loss has it, the mean over classes."""
    truths = np.float32([[1, 0, 0], [0, 0, 1]])
    share = 1 / (1 + np.exp(-LOGITS.astype(np.float64)))
    told = np.where(truths > 0, share, 1 - share)
    weight = 1.0 if alpha is None else np.where(truths > 0, alpha, 1 - alpha)
    assert value(Focal(gamma=gamma, alpha=alpha), truths) == pytest.approx((-weight * (1 - told) ** gamma * np.log(told)).mean(axis=1), rel=1e-5)


def test_focal_without_a_focus_is_sigmoid() -> None:
    assert value(Focal(gamma=0.0, alpha=None), MIXED) == pytest.approx(value(Sigmoid(), MIXED), rel=1e-6)


@pytest.mark.parametrize("loss", [Softmax(), Sigmoid(), Focal()])
def test_each_label_counts_with_the_weight_of_its_class(loss: Loss) -> None:
    """Of two labels that were mixed: the sum of both alone, each times its share and its class's weight."""
    expected = sum(MIXED[:, each] * SCALES[each] * value(loss, np.eye(3, dtype=np.float32)[[each, each]]) for each in range(3))
    assert value(loss, MIXED, MIXED * SCALES) == pytest.approx(expected, rel=1e-5)


def test_a_threshold_looks_at_the_shares_and_not_at_the_weights() -> None:
    total = (MIXED * SCALES).sum(axis=1)
    assert value(Sigmoid(threshold=0.5), MIXED, MIXED * SCALES) == pytest.approx(total * value(Sigmoid(threshold=0.5), MIXED))


def test_softmax_is_for_one_label_an_image() -> None:
    with pytest.raises(InputError) as error:
        refuse_unfit(Softmax(), False)
    assert str(error.value) == ("train.loss: softmax is for one label an image, and these may have several\n"
                                "  hint: loss: sigmoid, or focal")
    for fitting in (None, Sigmoid(), Focal()):
        refuse_unfit(fitting, False)
