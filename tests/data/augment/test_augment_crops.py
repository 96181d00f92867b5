"""Crops: against an independent writing of torchvision's and fb.resnet.torch's, and the distributions they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from augment_rule import rule

from archspec.data.augment.crops import Crop, random_resized_crop, random_scale_crop
from archspec.data.draws import uniforms
from archspec.preprocess.window import Window
from archspec.spec.augment import RandomResizedCrop, RandomScaleCrop
from archspec.spec.preprocess import FILTERS

SIZES = [(375, 500), (500, 375), (64, 64), (7, 9), (1, 1), (10, 3000), (3000, 4)]


def windows(crop: Crop, height: int, width: int, count: int) -> list[tuple[Window, int]]:
    return [crop.window(height, width, uniforms(3, number, crop.draws)) for number in range(count)]


def by_torchvision(height: int, width: int, operation: RandomResizedCrop, draws: np.ndarray) -> tuple[int, ...]:
    """RandomResizedCrop.get_params, with the numbers that it would have drawn."""
    tries, row, column = operation.tries, draws[-3], draws[-2]
    low, high = operation.area
    logs = [math.log(each) for each in operation.aspect]
    for number in range(tries):
        area = height * width * (low + (high - low) * draws[number])
        ratio = math.exp(logs[0] + (logs[1] - logs[0]) * draws[tries + number])
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            return int(row * (height - h + 1)), int(column * (width - w + 1)), h, w
    ratio = width / height
    w, h = width, height
    if ratio < min(operation.aspect):
        h = round(w / min(operation.aspect))
    elif ratio > max(operation.aspect):
        w = round(h * max(operation.aspect))
    return (height - h) // 2, (width - w) // 2, h, w


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("operation", [RandomResizedCrop(), *(RandomResizedCrop(area=(0.9, 1.0), aspect=aspect, tries=2)
                                                              for aspect in ((1.9, 2.0), (0.4, 0.6)))])
def test_log_is_torchvisions(height: int, width: int, operation: RandomResizedCrop) -> None:
    crop = random_resized_crop(operation, rule(32, 40))
    for number in range(200):
        draws = uniforms(0, number, crop.draws)
        expected = by_torchvision(height, width, operation, draws)
        assert crop.window(height, width, draws)[0] == Window(*expected, 32, 40)


def test_linear_is_that_of_fb_resnet_torch() -> None:
    operation = RandomResizedCrop(draw="linear")
    crop = random_resized_crop(operation, rule(32, 32))
    for number in range(300):
        draws = uniforms(0, number, crop.draws)
        expected = (62, 0, 375, 375)
        for area, aspect, swap in zip(draws[:10], draws[10:20], draws[20:30], strict=True):
            target, ratio = (0.08 + 0.92 * area) * 375 * 500, 3 / 4 + (4 / 3 - 3 / 4) * aspect
            w, h = round(math.sqrt(target * ratio)), round(math.sqrt(target / ratio))
            w, h = (h, w) if swap < 0.5 else (w, h)
            if h <= 500 and w <= 375:
                expected = int(draws[30] * (500 - h + 1)), int(draws[31] * (375 - w + 1)), h, w
                break
        assert crop.window(500, 375, draws)[0][:4] == expected


@pytest.mark.parametrize("draw", ["log", "linear"])
def test_areas_and_aspects_are_spread_as_the_keys_say(draw: str) -> None:
    crop = random_resized_crop(RandomResizedCrop(area=(0.1, 0.5), aspect=(0.5, 2.0), draw=draw), rule(64, 64))
    boxes = np.array([window[:4] for window, _ in windows(crop, 2000, 2000, 3000)])
    areas, aspects = boxes[:, 2] * boxes[:, 3] / 4e6, boxes[:, 3] / boxes[:, 2]
    assert (areas.min(), areas.mean(), areas.max()) == pytest.approx((0.1, 0.3, 0.5), abs=0.01)
    assert (aspects.min(), aspects.max()) == pytest.approx((0.5, 2), abs=0.01)
    assert np.log(aspects).mean() == pytest.approx(0, abs=0.02)  # as often wide as high
    assert np.abs(np.log(aspects)).mean() == pytest.approx({"log": math.log(2) / 2, "linear": 0.36}[draw], abs=0.02)


def test_places_are_even() -> None:
    crop = random_resized_crop(RandomResizedCrop(area=(0.25, 0.25), aspect=(1, 1)), rule(64, 64))
    boxes = np.array([window[:4] for window, _ in windows(crop, 8, 8, 2000)])
    for tops in (boxes[:, 0], boxes[:, 1]):
        assert np.bincount(tops).tolist() == pytest.approx([400] * 5, rel=0.15)


@pytest.mark.parametrize("draw", ["log", "linear"])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_window_lies_within_the_image(height: int, width: int, draw: str) -> None:
    crop = random_resized_crop(RandomResizedCrop(draw=draw, aspect=(0.2, 3.0), tries=1), rule(20, 30))
    for window, _ in windows(crop, height, width, 300):
        assert window.top >= 0 <= window.left
        assert window.height >= 1 <= window.width
        assert window.top + window.height <= height
        assert window.left + window.width <= width
        assert window[4:] == (20, 30, 0, 0)


def test_one_of_four_filters_at_random() -> None:
    crop = random_resized_crop(RandomResizedCrop(interpolation="random"), rule())
    found = np.bincount([method for _, method in windows(crop, 50, 60, 2000)], minlength=len(FILTERS))
    expected = [0 if name == "lanczos3" else 500 for name in FILTERS]
    assert found.tolist() == pytest.approx(expected, rel=0.12)


@pytest.mark.parametrize(("said", "method"), [("same", "bicubic"), ("area", "area"), ("nearest", "nearest")])
def test_a_filter_is_said(said: str, method: str) -> None:
    crop = random_resized_crop(RandomResizedCrop(interpolation=said), rule(interpolation="bicubic"))
    assert {each for _, each in windows(crop, 50, 60, 5)} == {FILTERS.index(method)}


def test_scales_are_even_and_keep_the_aspect() -> None:
    crop = random_scale_crop(RandomScaleCrop(shorter=(64, 67)), rule(48, 64))
    found = [window for window, _ in windows(crop, 200, 100, 2000)]
    assert np.bincount([each.scaled_width for each in found])[64:].tolist() == pytest.approx([500] * 4, rel=0.15)
    for each in found:
        assert each[:4] == (0, 0, 200, 100)
        assert each.scaled_height == 2 * each.scaled_width
        assert 0 <= each.cut_top <= each.scaled_height - 48
        assert 0 <= each.cut_left <= each.scaled_width - 64
    assert {each.cut_left for each in found if each.scaled_width == 67} == {0, 1, 2, 3}
    assert max(each.cut_top for each in found) > 80
