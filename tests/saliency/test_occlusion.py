"""Occlusion against a loop over single images in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from networks import noise, rule

from archspec.errors import InputError
from archspec.saliency.occlusion import occluded, patches, spread


class Recorded:
    """A network of two classes that weighs each pixel, and the images that it was shown at once."""

    def __init__(self, side: int) -> None:
        self.weights = np.random.default_rng(1).normal(0, 1e-3, (side, side, 3))
        self.shown: list[int] = []

    def __call__(self, images: np.ndarray) -> np.ndarray:
        self.shown.append(len(images))
        first = 1 / (1 + np.exp(-(images * self.weights).sum(axis=(1, 2, 3))))
        return np.stack([first, 1 - first], axis=1)


@pytest.mark.parametrize(("side", "patch", "stride", "batch"), [(8, 3, 1, 7), (9, 4, 3, 32), (8, 8, 8, 1), (10, 3, 3, 4)])
def test_it_is_what_a_loop_finds(side: int, patch: int, stride: int, batch: int) -> None:
    own = rule(side, mean=(10.0, 20.0, 30.0), std=(50.0,))
    run, pixels, chosen = Recorded(side), noise(side), patches(own, patch, stride)
    found = occluded(run, pixels, chosen, range(2), batch, lambda *_: None)
    assert max(run.shown) <= batch
    starts = sorted({*range(0, side - patch + 1, stride), side - patch})
    total, times = np.zeros((side, side)), np.zeros((side, side))
    for row, top in enumerate(starts):
        for column, left in enumerate(starts):
            hidden = pixels.copy()
            for y in range(top, top + patch):
                for x in range(left, left + patch):
                    hidden[y, x] = (10, 20, 30)
            lost = run(pixels[None])[0] - run(hidden[None])[0]
            np.testing.assert_allclose(found[row, column], lost, atol=1e-12)
            total[top:top + patch, left:left + patch] += lost[0]
            times[top:top + patch, left:left + patch] += 1
    assert found.shape == (len(starts), len(starts), 2)
    assert times.min() > 0
    np.testing.assert_allclose(spread(found[..., 0], chosen, side, side), total / times, atol=1e-12)


def test_the_patch_is_a_zero_for_the_network_in_either_order_of_colours() -> None:
    assert patches(rule(mean=(1.0, 2.0, 3.0), std=(1.0,)), 2, 1).value == (1.0, 2.0, 3.0)
    assert patches(rule(mean=(1.0, 2.0, 3.0), std=(1.0,), order="bgr"), 2, 1).value == (3.0, 2.0, 1.0)


def test_patches_suit_the_input_if_nothing_is_said() -> None:
    assert [(patches(rule(side), None, None).side, patches(rule(side), None, None).stride) for side in (1, 16, 32, 224)] == \
        [(1, 1), (3, 1), (5, 2), (32, 16)]


@pytest.mark.parametrize(("side", "patch", "stride", "said"), [
    (8, 9, None, "--patch 9: the input is 8x8 pixels"), (8, 3, 4, "what lies between patches of 3 pixels would not be looked at"),
    (512, 4, 1, "259,081 patches"),
])
def test_patches_that_do_not_fit_are_refused(side: int, patch: int, stride: int | None, said: str) -> None:
    with pytest.raises(InputError, match=said):
        patches(rule(side), patch, stride)
