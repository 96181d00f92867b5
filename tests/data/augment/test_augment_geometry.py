"""Borders, mirrors and turns: what each key changes, for any kind of pixels and number of channels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from augment_rule import rule
from PIL import Image
from scipy import stats
from sklearn.datasets import load_sample_image

from archspec.data.augment import geometry
from archspec.data.augment.geometry import METHODS, bordered, colour_of, flip, pad_crop, rotate, turned
from archspec.data.draws import uniforms
from archspec.spec.augment import Flip, PadCrop, Rotate

IMAGE = np.random.default_rng(1).integers(0, 256, (48, 64, 3), dtype=np.uint8)
SATELLITE = np.random.default_rng(2).uniform(0, 255, (48, 64, 12)).astype(np.float32)
COLOURS = {"mean": [10, 20, 31], "black": [0, 0, 0], "grey": [128, 128, 128]}
RULE = rule(mean=(10.2, 20.0, 30.5), std=(1.0, 1.0, 1.0))


@pytest.mark.parametrize("fill", COLOURS)
def test_the_colour_of_a_border(fill: str) -> None:
    found = bordered(IMAGE, 2, 3, colour_of(fill, RULE))
    assert found.shape == (52, 70, 3)
    assert found[0, 0].tolist() == found[51, 69].tolist() == found[20, 2].tolist() == COLOURS[fill]
    assert np.array_equal(found[2:50, 3:67], IMAGE)


def test_the_mean_is_in_the_order_of_the_image() -> None:
    turned_round = rule(mean=(30.5, 20.0, 10.2), std=(1.0, 1.0, 1.0), order="bgr")
    assert colour_of("mean", turned_round) == pytest.approx([10.2, 20, 30.5])  # type: ignore[arg-type]
    assert colour_of("mean", rule(channels=12, mean=(300.0,))).tolist() == [255] * 12  # type: ignore[union-attr]


def test_a_border_of_floats_is_exact() -> None:
    found = bordered(SATELLITE, 1, 1, colour_of("mean", rule(channels=12, mean=(10.25,))))
    assert found.dtype == np.float32
    assert found[0, 0].tolist() == [10.25] * 12


def test_reflection_does_not_repeat_the_edge() -> None:
    found = bordered(IMAGE, 2, 2, None)
    assert np.array_equal(found[1, 2:-2], IMAGE[1])
    assert np.array_equal(found[0, 2:-2], IMAGE[2])


@pytest.mark.parametrize("fill", ["black", "reflect"])
def test_pad_crop_cuts_anywhere_alike(fill: str) -> None:
    step = pad_crop(PadCrop(pixels=2, fill=fill), RULE)
    whole = bordered(IMAGE, 2, 2, colour_of(fill, RULE))
    places = {whole[top:top + 48, left:left + 64].tobytes(): (top, left) for top in range(5) for left in range(5)}
    found = [places[step.change(IMAGE, uniforms(0, number, step.draws)).tobytes()] for number in range(2500)]
    for axis in (0, 1):
        assert np.bincount([each[axis] for each in found]).tolist() == pytest.approx([500] * 5, rel=0.15)


@pytest.mark.parametrize(("axis", "mirror"), [("horizontal", np.fliplr), ("vertical", np.flipud)])
@pytest.mark.parametrize("image", [IMAGE, SATELLITE], ids=["uint8", "float32"])
def test_flip(axis: str, mirror: Callable[[np.ndarray], np.ndarray], image: np.ndarray) -> None:
    step = flip(Flip(axis=axis, probability=0.3), RULE)
    found = [step.change(image, uniforms(0, number, 1)) for number in range(1000)]
    mirrored = [np.array_equal(each, mirror(image)) for each in found]
    assert np.mean(mirrored) == pytest.approx(0.3, abs=0.04)
    assert all(np.array_equal(each, image) for each, turned in zip(found, mirrored, strict=True) if not turned)


@pytest.mark.parametrize("method", METHODS)
def test_rotate_is_pillows(method: str) -> None:
    step = rotate(Rotate(degrees=30.0, fill="mean", interpolation=method), RULE)
    for drawn in (0.0, 0.2, 0.5, 0.93):
        expected = Image.fromarray(IMAGE).rotate(60 * drawn - 30, METHODS[method], fillcolor=(10, 20, 31))
        assert np.array_equal(step.change(IMAGE, np.array([drawn])), np.asarray(expected))


def test_angles_are_even(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[float] = []
    monkeypatch.setattr(geometry, "turned", lambda image, degrees, *_: found.append(degrees))
    step = rotate(Rotate(degrees=20.0), RULE)
    for number in range(1500):
        step.change(IMAGE, uniforms(5, number, step.draws))
    assert stats.kstest(found, stats.uniform(-20, 40).cdf).statistic < 1.63 / np.sqrt(1500)  # one in a hundred


@pytest.mark.parametrize("degrees", [-170.0, -45.0, 30.0, 200.0])
@pytest.mark.parametrize("method", METHODS)
def test_a_turn_of_a_photograph_is_pillows_to_the_bit(method: str, degrees: float) -> None:
    photo = np.ascontiguousarray(load_sample_image("flower.jpg")[100:293, 50:331])
    expected = Image.fromarray(photo).rotate(degrees, METHODS[method])
    assert np.array_equal(turned(photo, degrees, np.zeros(3), METHODS[method]), np.asarray(expected))


@pytest.mark.parametrize("method", METHODS)
def test_a_reflected_turn_has_no_corners(method: str) -> None:
    white = np.full((20, 31, 2), 255, np.uint8)
    for degrees in (45.0, -90.0, 180.0, 3.0):
        assert turned(white, degrees, None, METHODS[method]).min() == 255
        assert turned(white, degrees, np.zeros(2), METHODS[method]).shape == (20, 31, 2)


@pytest.mark.parametrize("method", METHODS)
def test_a_reflected_turn_is_the_same_in_the_middle(method: str) -> None:
    black, mirrored = (turned(IMAGE, 25.0, each, METHODS[method]) for each in (np.zeros(3), None))
    assert np.array_equal(black[16:32, 16:48], mirrored[16:32, 16:48])
    assert np.array_equal(turned(IMAGE, 0.0, None, METHODS[method]), IMAGE)


def test_twelve_channels_turn_each_as_one() -> None:
    found = turned(SATELLITE, 25.0, np.zeros(12), METHODS["bicubic"])
    assert found.shape == SATELLITE.shape
    assert found.dtype == np.float32
    assert found.min() >= 0 <= 255 - found.max()
    assert np.array_equal(found[..., 3:4], turned(SATELLITE[..., 3:4], 25.0, np.zeros(1), METHODS["bicubic"]))
