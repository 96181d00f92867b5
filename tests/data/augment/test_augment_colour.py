"""Colours against Pillow, colorsys and the papers' formulas; what is drawn against what the keys say."""

from __future__ import annotations

import colorsys
from typing import Any

import numpy as np
import pytest
from augment_rule import rule
from PIL import Image, ImageEnhance
from scipy import stats

from archspec.data.augment import colour
from archspec.data.augment.colour import (
    COMPONENTS,
    DISTORTED,
    FAST,
    ORDERS,
    VARIANCES,
    colour_jitter,
    inception_colour,
    pca_lighting,
    turned_hue,
)
from archspec.data.draws import uniforms
from archspec.spec.augment import ColourJitter, InceptionColour, PcaLighting

IMAGE = np.random.default_rng(1).integers(0, 256, (24, 32, 3), dtype=np.uint8)
FINE = np.random.default_rng(1).uniform(60, 160, (24, 32, 3)).astype(np.float32)
RULE = rule(24, 32)
OFF: dict[str, Any] = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0}
ENHANCERS = {"brightness": ImageEnhance.Brightness, "contrast": ImageEnhance.Contrast, "saturation": ImageEnhance.Color}


def hsv(image: np.ndarray) -> np.ndarray:
    return np.array([colorsys.rgb_to_hsv(*pixel) for pixel in image.reshape(-1, 3) / 255])


def rgb(found: np.ndarray, like: np.ndarray) -> np.ndarray:
    return np.array([colorsys.hsv_to_rgb(*pixel) for pixel in found]).reshape(like.shape) * 255


@pytest.mark.parametrize("drawn", [0.0, 0.3, 0.5, 0.95])
@pytest.mark.parametrize("name", ENHANCERS)
def test_each_is_pillows_to_a_level(name: str, drawn: float) -> None:
    step = colour_jitter(ColourJitter(**OFF | {name: 0.6}), RULE)
    expected = ENHANCERS[name](Image.fromarray(IMAGE)).enhance(0.4 + 1.2 * drawn)
    found = step.change(IMAGE, np.array([drawn] * 5)).astype(int)
    assert np.abs(found - np.asarray(expected)).max() <= 1


def test_a_factor_never_falls_below_zero() -> None:
    step = colour_jitter(ColourJitter(**OFF | {"brightness": 3.0}), RULE)
    assert not step.change(IMAGE, np.zeros(5)).any()
    assert step.change(IMAGE, np.full(5, 0.25)).tolist() == IMAGE.tolist()  # 4 * 0.25


@pytest.mark.parametrize("turns", [-0.5, -0.2, 0.0, 0.1, 0.37])
def test_hue_goes_round(turns: float) -> None:
    expected = hsv(FINE)
    expected[:, 0] = (expected[:, 0] + turns) % 1
    assert turned_hue(FINE, turns) == pytest.approx(rgb(expected, FINE), abs=1e-2)


def test_grey_has_no_hue() -> None:
    grey = np.full((2, 2, 3), 77, np.float32)
    assert np.array_equal(turned_hue(grey, 0.3), grey)


def test_hue_is_drawn_to_either_side() -> None:
    step = colour_jitter(ColourJitter(**OFF, hue=0.25), RULE)
    for drawn in (0.0, 0.5, 0.9):
        assert step.change(FINE, np.full(5, drawn)) == pytest.approx(turned_hue(FINE, 0.5 * drawn - 0.25), abs=1e-3)


def test_all_orders_are_alike_often() -> None:
    draws = np.array([0.9, 0.1, 0.8, 0.7, 0.0])
    step = colour_jitter(ColourJitter(hue=0.2), RULE)
    found = [step.change(IMAGE, np.append(draws[:4], (number + 0.5) / 24)).tobytes() for number in range(24)]
    assert len(set(found)) > 12  # some orders give the same picture
    fixed = colour_jitter(ColourJitter(hue=0.2, order="fixed"), RULE)
    assert {fixed.change(IMAGE, np.append(draws[:4], last)).tobytes() for last in (0.0, 0.4, 0.9)} == {found[0]}


def test_fixed_is_brightness_contrast_saturation() -> None:
    step = colour_jitter(ColourJitter(order="fixed"), RULE)
    image = Image.fromarray(IMAGE)
    for enhancer, factor in zip(ENHANCERS.values(), (0.8, 1.2, 1.1), strict=True):
        image = enhancer(image).enhance(factor)
    found = step.change(IMAGE, np.array([0.25, 0.75, 0.625, 0.5, 0.9])).astype(int)
    assert np.abs(found - np.asarray(image)).max() <= 3  # Pillow cuts off three times


def test_jitter_of_one_channel_and_of_twelve() -> None:
    operation = ColourJitter(brightness=0.4, contrast=0.4, saturation=0.0)
    for channels in (1, 12):
        image = np.random.default_rng(0).uniform(50, 90, (24, 32, channels)).astype(np.float32)
        found = colour_jitter(operation, rule(24, 32, channels)).change(image, np.array([0.9, 0.9, 0, 0, 0]))
        bright = image * 1.32
        assert found == pytest.approx(bright.mean() + 1.32 * (bright - bright.mean()), abs=1e-2)


def test_lighting_is_alexnets() -> None:
    step = pca_lighting(PcaLighting(sigma=0.1), RULE)
    shifts = np.array([step.change(FINE, uniforms(0, number, 3))[0, 0] - FINE[0, 0] for number in range(4000)]) / 255
    expected = COMPONENTS @ np.diag((0.1 * VARIANCES) ** 2) @ COMPONENTS.T
    assert np.cov(shifts.T) == pytest.approx(expected, rel=0.1, abs=2e-6)
    assert shifts.mean(axis=0) == pytest.approx([0, 0, 0], abs=1e-3)


def test_lighting_shifts_all_pixels_alike() -> None:
    found = pca_lighting(PcaLighting(sigma=0.5), RULE).change(FINE, np.array([0.9, 0.5, 0.2])) - FINE
    assert found == pytest.approx(np.broadcast_to(found[0, 0], FINE.shape), abs=1e-4)
    assert pytest.approx(np.eye(3), abs=1e-3) == COMPONENTS.T @ COMPONENTS


def by_slim(image: np.ndarray, amounts: list[float], order: tuple[int, ...]) -> np.ndarray:
    """TF-slim's distort_color, written with colorsys."""
    def lifted(image: np.ndarray) -> np.ndarray:
        return image + amounts[0]

    def saturated(image: np.ndarray) -> np.ndarray:
        found = hsv(image)
        found[:, 1] = np.clip(found[:, 1] * amounts[1], 0, 1)
        return rgb(found, image)

    def turned(image: np.ndarray) -> np.ndarray:
        found = hsv(image)
        found[:, 0] = (found[:, 0] + amounts[2]) % 1
        return rgb(found, image)

    def contrasted(image: np.ndarray) -> np.ndarray:
        mean = image.mean(axis=(0, 1))
        return (image - mean) * amounts[3] + mean
    for each in order:
        image = (lifted, saturated, turned, contrasted)[each](image)
    return np.clip(image, 0, 255)


@pytest.mark.parametrize(("fast", "orders"), [(False, ORDERS), (True, FAST)])
def test_inception_is_slims_in_each_order(fast: bool, orders: tuple[tuple[int, ...], ...]) -> None:
    step = inception_colour(InceptionColour(fast=fast), RULE)
    for number, order in enumerate(orders):
        draws = np.array([0.7, 0.3, 0.6, 0.4, (number + 0.5) / len(orders)])
        amounts = [least + (most - least) * draw for (_, least, most), draw in zip(DISTORTED, draws[:4], strict=True)]
        assert amounts == pytest.approx([12.8, 0.8, 0.04, 0.9])
        assert step.change(FINE, draws) == pytest.approx(by_slim(FINE, amounts, order), abs=2e-2)


def test_saturation_stops_at_black() -> None:
    vivid = np.array([[[200, 20, 10]]], np.float32)
    assert DISTORTED[1][0](vivid, 1.5).tolist() == [[[pytest.approx(200), pytest.approx(10.53, abs=0.01), pytest.approx(0, abs=1e-4)]]]
    assert DISTORTED[1][0](np.full((1, 1, 3), -4, np.float32), 1.5).tolist() == [[[-4, -4, -4]]]


Noted = dict[int, list[float]]
"""The amounts of each part, in the order in which they came."""


def noting(found: Noted, part: int) -> Any:
    def note(image: np.ndarray, amount: float) -> np.ndarray:
        found.setdefault(part, []).append(amount)
        return image
    return note


def even(found: list[float], least: float, greatest: float, count: int) -> None:
    assert len(found) == count
    assert stats.kstest(found, stats.uniform(least, greatest - least).cdf).statistic < 1.63 / np.sqrt(count)  # one in a hundred


def test_factors_of_jitter_are_even(monkeypatch: pytest.MonkeyPatch) -> None:
    found: Noted = {}
    monkeypatch.setattr(colour, "JITTERED", [noting(found, part) for part in range(4)])
    step = colour_jitter(ColourJitter(brightness=0.4, contrast=0.5, saturation=2.0, hue=0.1), RULE)
    for number in range(1500):
        step.change(IMAGE[:1, :1], uniforms(5, number, step.draws))
    for part, (least, greatest) in enumerate([(0.6, 1.4), (0.5, 1.5), (0, 3), (-0.1, 0.1)]):
        even(found[part], least, greatest, 1500)
    assert abs(np.corrcoef(found[0], found[1])[0, 1]) < 0.08


@pytest.mark.parametrize("fast", [False, True])
def test_amounts_of_inception_are_even(monkeypatch: pytest.MonkeyPatch, fast: bool) -> None:
    found: Noted = {}
    monkeypatch.setattr(colour, "DISTORTED", [(noting(found, part), *each[1:]) for part, each in enumerate(DISTORTED)])
    step = inception_colour(InceptionColour(fast=fast), RULE)
    for number in range(1500):
        step.change(IMAGE[:1, :1], uniforms(5, number, step.draws))
    ranges = [(-32, 32), (0.5, 1.5), (-0.2, 0.2), (0.5, 1.5)]
    assert sorted(found) == ([0, 1] if fast else [0, 1, 2, 3])
    for part, amounts in found.items():
        even(amounts, *ranges[part], 1500)
