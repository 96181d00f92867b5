"""From an image to the network's pixels: as Pillow and TensorFlow make them, of a part alone, in bounded memory."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from archspec.preprocess.decoding import decode
from archspec.preprocess.pixels import fit, normalize, packed, seen, seen_encoded
from archspec.preprocess.resample import KERNELS, PASSES, WHOLE, form, placed, resample
from archspec.preprocess.routes import Route
from archspec.preprocess.rule import Preprocess, Shape, preprocess_of
from archspec.preprocess.sampling import ratios, sampling
from archspec.preprocess.window import Window, boxed, centred
from archspec.spec.preprocess import FILTERS, Cover, PreprocessKeys, Squash
from archspec.spec.recipe import Recipe

PILLOW = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC, "lanczos3": Image.Resampling.LANCZOS}
SIZES = [(40, 60), (60, 40), (100, 70), (31, 97), (375, 500), (12, 9)]


def rule(shape: Shape = (32, 32, 3), preset: str = "none", **keys: Any) -> Preprocess:
    return preprocess_of(Recipe(preprocess=PreprocessKeys(preset=preset, **keys)), shape)


def image(height: int, width: int, channels: int = 3) -> np.ndarray:
    """Smooth with some noise, as photographs are."""
    draw = np.random.default_rng(height * width)
    rows, columns, _ = np.mgrid[0:height, 0:width, 0:channels]
    waves = 128 + 60 * np.sin(rows / 7) + 50 * np.cos(columns / 11) + draw.normal(0, 6, (height, width, channels))
    return waves.clip(0, 255).astype(np.uint8)


def by_pillow(pixels: np.ndarray, own: Preprocess) -> np.ndarray:
    window = centred(*pixels.shape[:2], own)
    box = Image.fromarray(pixels[window.top:window.top + window.height, window.left:window.left + window.width])
    scaled = np.asarray(box.resize((window.scaled_width, window.scaled_height), PILLOW[own.interpolation]))
    return scaled[window.cut_top:window.cut_top + own.height, window.cut_left:window.cut_left + own.width]


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize(("preset", "interpolation", "most"), [
    ("torchvision", "bilinear", 1), ("timm", "bicubic", 4), ("torchvision", "lanczos3", 8)])
def test_as_pillow_scales_and_cuts(height: int, width: int, preset: str, interpolation: str, most: int) -> None:
    pixels, own = image(height, width), rule(preset=preset, interpolation=interpolation)
    difference = np.abs(fit(pixels, own).astype(int) - by_pillow(pixels, own))
    assert difference.max() <= most
    assert difference.mean() < 0.3


@pytest.mark.parametrize("interpolation", FILTERS)
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_as_tensorflow_scales(height: int, width: int, interpolation: str, antialias: bool) -> None:
    if antialias and interpolation in ("area", "nearest"):
        return  # they have none: `check` refuses it
    pixels = image(height, width).astype(np.float32)
    found = fit(pixels, rule(resize=Squash(), interpolation=interpolation, antialias=antialias))
    expected = tf.image.resize(pixels, (32, 32), method=interpolation, antialias=antialias).numpy()
    assert np.abs(found - expected).max() < 0.2


@pytest.mark.parametrize("interpolation", KERNELS)
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("depth", [np.uint8, np.float32])
def test_in_passes_and_at_once_give_the_same(interpolation: str, antialias: bool, depth: type) -> None:
    """To the bit; but the op for bilinear alone rounds otherwise."""
    part = tf.constant(image(45, 61).astype(depth))
    places = placed(sampling(Window(0, 0, 45, 61, 32, 40), rule(), interpolation, jpeg=False))
    passes, whole = (resample(part, tf.constant(places), tf.constant(how), (32, 40), interpolation, antialias).numpy()
                     for how in (PASSES, WHOLE))
    assert np.abs(passes - whole).max() < (1e-3 if interpolation == "bilinear" and not antialias else 1e-30)


@pytest.mark.parametrize(("window", "interpolation", "antialias", "expected"), [
    ((3, 5, 40, 60, 32, 32), "bilinear", True, PASSES), ((3, 5, 97, 60, 32, 32), "bilinear", True, WHOLE),
    ((3, 5, 97, 60, 32, 32), "bilinear", False, WHOLE), ((3, 5, 97, 60, 32, 32), "bicubic", False, PASSES),
    ((0, 0, 97, 60, 64, 40, 16, 4), "bilinear", False, PASSES), ((0, 0, 97, 60, 64, 40), "bilinear", False, PASSES)])
def test_how_is_scaled(window: tuple[int, ...], interpolation: str, antialias: bool, expected: int) -> None:
    way = sampling(Window(*window), rule(antialias=antialias), interpolation, jpeg=False)
    assert form(way, (32, 32), interpolation, antialias) == expected


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_as_tensorflow_1_scales_from_the_corner(height: int, width: int) -> None:
    pixels, own = image(height, width).astype(np.float32), rule(preset="slim_inception")
    window = centred(height, width, own)
    box = pixels[window.top:window.top + window.height, window.left:window.left + window.width]
    expected = tf.raw_ops.ResizeBilinear(images=box[None], size=(32, 32), align_corners=False, half_pixel_centers=False)[0]
    assert np.abs(fit(pixels, own) - expected.numpy()).max() < 0.01


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_part_of_a_jpeg_is_that_part_of_the_whole(subsampling: int, progressive: bool) -> None:
    file = io.BytesIO()
    Image.fromarray(image(120, 160)).save(file, "JPEG", quality=90, subsampling=subsampling, progressive=progressive)
    whole, own, draw = decode(file.getvalue(), rule()), rule(), np.random.default_rng(0)
    for _ in range(20):
        height, width = draw.integers(8, 60, 2)
        window = boxed(int(draw.integers(0, 120 - height)), int(draw.integers(0, 160 - width)), int(height), int(width), own)
        ways = [sampling(window, own, "bilinear", jpeg=jpeg) for jpeg in (True, False)]
        found = seen_encoded(tf.constant(file.getvalue()), *packed(ways[0], own, route=Route.JPEG, size=(120, 160)), own)
        assert (found.numpy() == seen(tf.constant(whole), *packed(ways[1], own), own).numpy()).all()


def test_a_large_jpeg_is_decoded_smaller() -> None:
    """Close to what the whole gives, and at the size that is said."""
    file, pixels, own = io.BytesIO(), image(1000, 1500), rule(preset="torchvision")
    Image.fromarray(pixels).save(file, "JPEG", quality=95)
    way = sampling(centred(1000, 1500, own), own, "bilinear", jpeg=True)
    assert way.ratio == 8
    found = seen_encoded(tf.constant(file.getvalue()), *packed(way, own, route=Route.JPEG, size=(1000, 1500)), own)
    assert np.abs(found.numpy().astype(int) - fit(decode(file.getvalue(), own), own)).mean() < 1


@pytest.mark.parametrize(("shrink", "ratio"), [(1.0, 1), (3.9, 1), (4.1, 2), (8.1, 4), (16.1, 8), (100.0, 8)])
def test_how_small_a_jpeg_is_decoded(shrink: float, ratio: int) -> None:
    side = round(32 * shrink)
    assert sampling(Window(0, 0, side, side, 32, 32), rule(), "bilinear", jpeg=True).ratio == ratio
    assert sampling(Window(0, 0, side, side, 32, 32), rule(), "bilinear", jpeg=False).ratio == 1


@pytest.mark.parametrize(("height", "width", "antialias", "number"), [
    (127, 4000, True, 1), (128, 128, True, 2), (256, 256, True, 3), (600, 512, True, 4), (600, 512, False, 1)])
def test_as_many_ratios_as_the_largest_image_may_need(height: int, width: int, antialias: bool, number: int) -> None:
    assert ratios(np.array([(40, 40), (height, width)]), rule(antialias=antialias)) == number


@pytest.mark.parametrize(("height", "width"), [(1, 60_000), (60_000, 1), (4, 30_000)])
def test_of_a_thin_image_a_part_is_looked_at(height: int, width: int) -> None:
    own = rule(resize=Cover(margin=1.15))
    way = sampling(centred(height, width, own), own, "bilinear", jpeg=False)
    assert way.height * way.width < 2000
    assert fit(image(height, width), own).shape == (32, 32, 3)


def test_of_a_thin_image_it_is_the_middle() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8), 10)[None, :, None].repeat(3, axis=2)
    assert abs(float(fit(ramp, rule()).mean()) - 127.5) < 1


def test_levels_of_16_bits_are_not_rounded() -> None:
    pixels = np.full((8, 8, 3), 100.37, np.float32)
    assert fit(pixels, rule((4, 4, 3))).ravel().tolist() == pytest.approx([100.37] * 48, rel=1e-6)


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_normalizing(kind: type) -> None:
    own = rule((1, 2, 3), mean=(1.0, 2.0, 3.0), std=(1.0, 2.0, 4.0))
    pixels = np.array([[[1, 2, 3], [2, 4, 7]]], kind)
    assert normalize(tf.constant(pixels), own).numpy().tolist() == [[[0, 0, 0], [1, 1, 1]]]


def test_normalizing_in_caffe_s_order() -> None:
    own = rule((1, 1, 3), preset="keras_caffe")
    assert normalize(tf.constant([[[[123.68, 116.779, 103.939]]]]), own).numpy().ravel().tolist() == pytest.approx([0, 0, 0], abs=1e-4)
    assert normalize(tf.constant([[[[124.68, 116.779, 103.939]]]]), own).numpy().ravel().tolist() == pytest.approx([0, 0, 1], abs=1e-4)
