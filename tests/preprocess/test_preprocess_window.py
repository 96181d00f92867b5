"""Where each library cuts: their formulas, written out again."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from archspec.preprocess.rule import Preprocess, preprocess_of
from archspec.preprocess.window import TooSmall, Window, centred
from archspec.spec.preprocess import AsIs, Cover, Fraction, PreprocessKeys, Shorter
from archspec.spec.recipe import Recipe

SIZES = [(375, 500), (500, 375), (224, 224), (333, 1000), (97, 61), (2000, 3000), (1, 60_000)]
RANDOM = [(random.Random(number).randint(1, 4000), random.Random(number + 9999).randint(1, 4000)) for number in range(200)]


def rule(preset: str = "none", shape: tuple[int, int, int] = (224, 224, 3), **keys: Any) -> Preprocess:
    return preprocess_of(Recipe(preprocess=PreprocessKeys(preset=preset, **keys)), shape)


@pytest.mark.parametrize(("height", "width"), [*SIZES, *RANDOM])
def test_torchvision(height: int, width: int) -> None:
    """Resize(256) and CenterCrop(224): torchvision/transforms/functional.py."""
    short, long = min(height, width), max(height, width)
    new_long = int(256 * long / short)
    rows, columns = (256, new_long) if height <= width else (new_long, 256)
    assert centred(height, width, rule("torchvision")) == Window(
        0, 0, height, width, rows, columns, round((rows - 224) / 2.0), round((columns - 224) / 2.0))


@pytest.mark.parametrize(("height", "width"), [*SIZES, *RANDOM])
def test_tf_model_garden(height: int, width: int) -> None:
    """center_crop_image of official/vision/ops/preprocess_ops.py: the offset is made of the side before that is cut."""
    side = 0.875 * min(height, width)
    assert centred(height, width, rule("tf_model_garden")) == Window(
        int((height - side) / 2), int((width - side) / 2), int(side) or 1, int(side) or 1, 224, 224)


@pytest.mark.parametrize(("height", "width"), [*SIZES, *RANDOM])
def test_slim_inception(height: int, width: int) -> None:
    """tf.image.central_crop(image, 0.875), then scaled to the input."""
    top, left = int((height - height * 0.875) / 2), int((width - width * 0.875) / 2)
    assert centred(height, width, rule("slim_inception")) == Window(top, left, height - 2 * top, width - 2 * left, 224, 224)


@pytest.mark.parametrize(("share", "size", "shorter"), [(0.875, 224, 256), (0.95, 224, 235), (0.965, 224, 232), (0.875, 299, 341),
                                                        (0.8975, 299, 333), (1.0, 288, 288)])
def test_timm_s_crop_pct(share: float, size: int, shorter: int) -> None:
    """floor(size / crop_pct), facts of timm's own configurations; the longer side is made of that, not of size / crop_pct."""
    found = centred(500, 400, rule("timm", (size, size, 3), resize=Cover(margin=1 / share, longer="floor")))
    assert (found.scaled_width, shorter) == (math.floor(size / share), math.floor(size / share))
    assert found.scaled_height == int(shorter * 500 / 400)


def test_shorter_cuts_the_middle() -> None:
    assert centred(300, 401, rule(resize=Shorter(pixels=256))) == Window(0, 0, 300, 401, 256, 342, 16, 59)


@pytest.mark.parametrize(("how", "top"), [("floor", 10), ("ceil", 11), ("even", 10), ("unrounded", 10)])
def test_half_a_pixel(how: str, top: int) -> None:
    found = centred(245, 245, rule(resize=AsIs(), offset=how))
    assert (found.cut_top, found.cut_left) == (top, top)


def test_an_input_that_is_no_square() -> None:
    assert centred(400, 400, rule(shape=(100, 200, 3), resize=Fraction(share=1.0))) == Window(100, 0, 200, 400, 100, 200)
    assert centred(400, 400, rule(shape=(100, 200, 3), resize=Cover(margin=1.0))) == Window(0, 0, 400, 400, 200, 200, 50, 0)


def test_what_is_not_scaled_has_to_be_large_enough() -> None:
    with pytest.raises(TooSmall, match=r"^40x30 pixels, and the input is 32x32$"):
        centred(30, 40, rule(shape=(32, 32, 3), resize=AsIs()))


@pytest.mark.parametrize("preset", ["none", "torchvision", "timm", "slim_inception", "slim_vgg", "tf_model_garden", "keras_tf"])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 60_000), (60_000, 1), (2, 3)])
def test_a_window_lies_in_the_image(preset: str, height: int, width: int) -> None:
    each = rule(preset)
    found = centred(height, width, each)
    assert 0 <= found.top < found.top + found.height <= height
    assert 0 <= found.left < found.left + found.width <= width
    assert 0 <= found.cut_top <= found.scaled_height - each.height
    assert 0 <= found.cut_left <= found.scaled_width - each.width


@pytest.mark.parametrize(("height", "width"), [(1, 2), (2, 1), (375, 500)])
def test_a_tiny_part_of_the_sides_is_a_pixel_at_least(height: int, width: int) -> None:
    window = centred(height, width, rule(resize=Fraction(share=1e-300, of="sides")))
    assert window[:4] == ((height - 1) // 2, (width - 1) // 2, 2 - height % 2, 2 - width % 2)
