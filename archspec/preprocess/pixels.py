"""The one path from an image to the network's input, in TensorFlow; training, evaluation and serving follow it.

What is decoded and how it is sampled is decided before, in whole numbers and without a framework (`window`, `sampling`).
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from archspec.preprocess.cut_short import FILL, cut_short
from archspec.preprocess.header import NoImage
from archspec.preprocess.resample import resample
from archspec.preprocess.routes import CUT_SHORT, Route
from archspec.preprocess.rule import Preprocess
from archspec.preprocess.sampling import RATIOS, Sampling, sampling
from archspec.preprocess.window import centred
from archspec.spec.preprocess import FILTERS

DCT = {"accurate": "INTEGER_ACCURATE", "fast": "INTEGER_FAST"}
BORDER = 1
"""Pixels more a side than are needed: where colours are stored at half the size, those at the edge of a decoded crop
differ from the same ones of the whole image by up to 14 levels."""


def fit(image: np.ndarray, rule: Preprocess) -> np.ndarray:
    """Pixels (h, w, channels) as evaluation and serving see them, (height, width, channels), of the same kind.

    Raises TooSmall for an image that the rule cannot be done to.
    """
    height, width = image.shape[:2]
    way = sampling(centred(height, width, rule), rule, rule.interpolation, jpeg=False)
    return np.asarray(seen(tf.constant(image), *packed(way), rule))


def packed(way: Sampling) -> tuple[np.ndarray, np.ndarray]:
    """A sampling as two arrays: top, left, height, width, ratio, (5,) int32; scale and shift, (4,) float32."""
    return np.array(way[:5], np.int32), np.array(way[5:], np.float32)


def seen(image: tf.Tensor, part: tf.Tensor, places: tf.Tensor, rule: Preprocess, chosen: tf.Tensor | None = None) -> tf.Tensor:
    """Pixels (h, w, channels) to what the network sees of them, (height, width, channels), of the same kind.

    `part` and `places` are a packed sampling, `chosen` the number of a filter, () int32: the rule's own if left out.
    """
    top, left, height, width, _ = tf.unstack(part)
    return _sampled(image[top:top + height, left:left + width], places, rule, chosen)


def seen_encoded(encoded: tf.Tensor, route: tf.Tensor, size: tf.Tensor, part: tf.Tensor, places: tf.Tensor, rule: Preprocess,
                 chosen: tf.Tensor | None = None) -> tf.Tensor:
    """As `seen`, from the bytes of a JPEG or PNG whose Route and size (height, width) are known: uint8."""
    image = tf.cond(route == Route.JPEG, lambda: _jpeg(encoded, size, part, rule), lambda: _png(encoded, part, rule))
    return _sampled(tf.ensure_shape(image, (None, None, rule.channels)), places, rule, chosen)


def _png(encoded: tf.Tensor, part: tf.Tensor, rule: Preprocess) -> tf.Tensor:
    top, left, height, width, _ = tf.unstack(part)
    return tf.io.decode_png(encoded, channels=rule.channels)[top:top + height, left:left + width]


def _jpeg(encoded: tf.Tensor, size: tf.Tensor, part: tf.Tensor, rule: Preprocess) -> tf.Tensor:
    """The part of a JPEG, decoded at its ratio: no row below it is looked at."""
    top, left, height, width, ratio = tf.unstack(part)
    whole = -(-size // ratio)
    begin = tf.maximum(tf.stack([top, left]) - BORDER, 0)
    end = tf.minimum(tf.stack([top + height, left + width]) + BORDER, whole)
    window = tf.concat([begin, end - begin], axis=0)

    def at(ratio: int) -> tf.Tensor:
        return tf.io.decode_and_crop_jpeg(encoded, window, channels=rule.channels, ratio=ratio, dct_method=DCT[rule.decoder])
    number = tf.argmax(tf.cast(tf.constant(RATIOS) == ratio, tf.int32), output_type=tf.int32)
    image = tf.switch_case(number, [lambda each=each: at(each) for each in RATIOS])
    top, left = top - begin[0], left - begin[1]
    return _not_cut_short(encoded, image[top:top + height, left:left + width])


def _not_cut_short(encoded: tf.Tensor, image: tf.Tensor) -> tf.Tensor:
    """The image; the op fails where its data end too early, of which TensorFlow makes a grey rest.

    Of a whole image the last pixel is seldom such a grey, so that the costly look is a rare one; what is missing of a part
    is missing at its end, too.
    """
    grey = tf.reduce_all(tf.gather(tf.constant([level in FILL for level in range(256)]), tf.cast(image[-1, -1], tf.int32)))
    return tf.cond(grey, lambda: tf.numpy_function(_whole, [encoded, image], tf.uint8, stateful=False), lambda: image)


def _whole(data: bytes | np.ndarray, image: np.ndarray) -> np.ndarray:
    """The image that was decoded from the data. Raises NoImage if these are cut short."""
    if cut_short(data if isinstance(data, bytes) else bytes(data.item())):
        raise NoImage(CUT_SHORT)
    return image


def _sampled(image: tf.Tensor, places: tf.Tensor, rule: Preprocess, chosen: tf.Tensor | None) -> tf.Tensor:
    if rule.origin == "corner":  # the last pixels of an image that is enlarged begin where its own end
        image = tf.pad(image, [[0, 1], [0, 1], [0, 0]], "SYMMETRIC")

    def by(interpolation: str) -> tf.Tensor:
        found = resample(image, places[:2], places[2:], rule.shape[:2], interpolation, rule.antialias)
        return _in_levels(found) if image.dtype == tf.uint8 else found
    filters = [lambda each=each: by(each) for each in FILTERS]
    found = by(rule.interpolation) if chosen is None else tf.switch_case(chosen, filters)
    return tf.ensure_shape(found, rule.shape)


def _in_levels(pixels: tf.Tensor) -> tf.Tensor:
    """Rounded to whole levels, as Pillow and torchvision do, and clipped to those there are."""
    return tf.cast(tf.clip_by_value(pixels + 0.5, 0.0, 255.0), tf.uint8)


def normalize(pixels: tf.Tensor, rule: Preprocess) -> tf.Tensor:
    """(..., channels) float32 pixels from 0 to 255 to the network's input."""
    ordered = tf.reverse(pixels, axis=[-1]) if rule.order == "bgr" else pixels
    factors = [1 / std for std in rule.std]
    return (ordered - tf.constant(rule.mean, tf.float32)) * tf.constant(factors, tf.float32)


def denormalize(inputs: np.ndarray, rule: Preprocess) -> np.ndarray:
    """(..., channels) of the network's input to float32 pixels, of which those from 0 to 255 are an image's."""
    pixels = inputs * np.array(rule.std, np.float32) + np.array(rule.mean, np.float32)
    return pixels[..., ::-1] if rule.order == "bgr" else pixels
