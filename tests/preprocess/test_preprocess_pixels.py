"""From pixels of any size to the network's input: bit for bit what it always was, and no more memory for thin images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from archspec.preprocess.pixels import LONGEST, decode, fit, normalize, scale
from archspec.preprocess.rule import Cover, Preprocess, Shape, Squash

MIDDLE = tf.constant(0.5)


def rule(shape: Shape, margin: float = 1.15) -> Preprocess:
    return Preprocess(height=shape[0], width=shape[1], channels=shape[2], resize=Cover(margin=margin), interpolation="bilinear",
                      antialias=True, background=255.0, mean=(3.0,), std=(2.0,))


def image(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, channels), dtype=np.uint8)


def whole_then_cut(pixels: np.ndarray, shape: Shape, margin: float) -> np.ndarray:
    """How it was done at first: the whole image scaled to cover the input, then its middle cut out."""
    size = tf.cast(pixels.shape[:2], tf.float32)
    factor = tf.reduce_max(tf.constant(shape[:2], tf.float32) * margin / size)
    wanted = tf.maximum(tf.cast(tf.round(size * factor), tf.int32), shape[:2])
    large = tf.clip_by_value(tf.image.resize(pixels, wanted, method="bilinear", antialias=True), 0.0, 255.0)
    top, left = ((large.shape[axis] - shape[axis]) // 2 for axis in (0, 1))
    return np.asarray(large[top:top + shape[0], left:left + shape[1]])


@pytest.mark.parametrize(("height", "width"), [(12, 20), (20, 12), (3, 3), (8, 8), (100, 70), (375, 500), (1, 1), (40, 300)])
@pytest.mark.parametrize("shape", [(8, 8, 3), (8, 12, 3), (32, 32, 1)])
@pytest.mark.parametrize("margin", [1.0, 1.15])
def test_bit_for_bit_the_whole_scaled_and_then_cut(height: int, width: int, shape: Shape, margin: float) -> None:
    pixels = image(height, width, shape[2])
    assert (fit(pixels, rule(shape, margin)).numpy() == whole_then_cut(pixels, shape, margin)).all()


@pytest.mark.parametrize(("height", "width"), [(1, 60_000), (60_000, 1), (4, 30_000)])
def test_of_a_thin_image_a_piece_is_scaled(height: int, width: int) -> None:
    scaled = scale(image(height, width), rule((32, 32, 3)), MIDDLE)
    assert max(scaled.shape[:2]) <= 37 * LONGEST
    assert min(scaled.shape[:2]) == 37


def test_the_piece_is_the_middle_and_looks_as_it_did() -> None:
    pixels = image(4, 400)
    assert np.abs(fit(pixels, rule((8, 8, 3))).numpy() - whole_then_cut(pixels, (8, 8, 3), 1.15)).max() < 4


def test_the_piece_may_lie_anywhere() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8), 10)[None, :, None].repeat(3, axis=2)
    means = [float(tf.reduce_mean(scale(ramp, rule((8, 8, 3)), tf.constant(place)))) for place in (0.0, 0.5, 0.999)]
    assert means == pytest.approx([0, 127.5, 255], abs=1)


def test_squashing_loses_the_aspect_and_nothing_else() -> None:
    found = fit(image(8, 8), replace(rule((8, 8, 3)), resize=Squash(), antialias=False)).numpy()
    assert (found == image(8, 8)).all()
    assert fit(image(5, 50), replace(rule((8, 4, 3)), resize=Squash())).shape == (8, 4, 3)


def test_without_antialias_other_pixels_come_out() -> None:
    sharp, smooth = (fit(image(100, 100), replace(rule((8, 8, 3)), antialias=value)).numpy() for value in (False, True))
    assert np.abs(sharp - smooth).max() > 30


def test_normalizing() -> None:
    assert normalize(tf.constant([[[0.0, 3.0, 7.0]]]), rule((1, 1, 3))).numpy().tolist() == [[[-1.5, 0.0, 2.0]]]


@pytest.mark.parametrize(("channels", "kind"), [(3, "jpeg"), (1, "jpeg"), (3, "png"), (1, "png")])
def test_plain_files_are_read_bit_for_bit_as_by_decode_image(channels: int, kind: str) -> None:
    encode = tf.io.encode_jpeg if kind == "jpeg" else tf.io.encode_png
    encoded = encode(image(30, 40))
    before = tf.io.decode_image(encoded, channels=channels, expand_animations=False)
    assert (decode(encoded, rule((8, 8, channels))).numpy() == before.numpy()).all()
