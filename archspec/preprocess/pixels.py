"""The one path from an image to the network's input, in TensorFlow; training, evaluation and serving follow it.

What is decoded and how it is sampled is decided before, in whole numbers and without a framework (`window`, `sampling`).
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from archspec.preprocess.cut_short import CUT_SHORT, FILL, cut_short
from archspec.preprocess.header import NoImage
from archspec.preprocess.resample import Size, form, placed, resample
from archspec.preprocess.routes import Route
from archspec.preprocess.rule import Preprocess
from archspec.preprocess.sampling import RATIOS, Sampling, sampling
from archspec.preprocess.window import centred
from archspec.spec.preprocess import FILTERS

DCT = {"accurate": "INTEGER_ACCURATE", "fast": "INTEGER_FAST"}
PNG = len(RATIOS)
"""The number of that decoder; those before it are JPEG's at each ratio."""
SPLIT = (1, 4, 3, 3, 1)
OVERSHOOT = ("bicubic", "lanczos3")
"""Filters that give more than the brightest pixel and less than the darkest."""
BORDER = 1
"""Pixels more a side than are needed: where colours are stored at half the size, those at the edge of a decoded crop
differ from the same ones of the whole image by up to 14 levels."""


def fit(image: np.ndarray, rule: Preprocess) -> np.ndarray:
    """Pixels (h, w, channels) as evaluation and serving see them, (height, width, channels), of the same kind.

    Raises TooSmall for an image that the rule cannot be done to.
    """
    height, width = image.shape[:2]
    way = sampling(centred(height, width, rule), rule, rule.interpolation, jpeg=False)
    return np.asarray(seen(tf.constant(image), *packed(way, rule), rule))


def packed(way: Sampling, rule: Preprocess, interpolation: str | None = None, route: Route = Route.PILLOW,
           size: tuple[int, int] = (0, 0)) -> tuple[np.ndarray, np.ndarray]:
    """A sampling as two arrays for the graph, (12,) int32 and (6, 2) float32, which has less to reckon so.

    The first: the number of the decoder; of a JPEG the window that is decoded (top, left, height, width), which needs its
    whole size (height, width); where the part begins in that, and its size, (3,) each; the form of scaling. The second is
    resample's.
    """
    top, left, height, width, ratio = way[:5]
    how = form(way, rule.shape[:2], interpolation or rule.interpolation, rule.antialias)
    decoder, window = PNG, (0, 0, 0, 0)
    if route is Route.JPEG:
        begin = max(top - BORDER, 0), max(left - BORDER, 0)
        end = min(top + height + BORDER, -(-size[0] // ratio)), min(left + width + BORDER, -(-size[1] // ratio))
        decoder, window = RATIOS.index(ratio), (*begin, end[0] - begin[0], end[1] - begin[1])
    numbers = decoder, *window, top - window[0], left - window[1], 0, height, width, rule.channels, how
    return np.array(numbers, np.int32), placed(way)


def seen(image: tf.Tensor, numbers: tf.Tensor, places: tf.Tensor, rule: Preprocess,
         chosen: tf.Tensor | None = None) -> tf.Tensor:
    """Pixels (h, w, channels) to what the network sees of them, (height, width, channels), of the same kind.

    `numbers` and `places` are a packed sampling, `chosen` the number of a filter, () int32: the rule's own if left out.
    """
    _, _, begin, size, how = tf.split(numbers, SPLIT)
    part = tf.slice(image, begin, size)
    return _sampled(tf.ensure_shape(part, (None, None, rule.channels)), places, tf.reshape(how, ()), rule, chosen)


def sampled_alike(part: tf.Tensor, way: Sampling, rule: Preprocess) -> tf.Tensor:
    """As `seen`, of the part (h, w, channels) of an image by a sampling that is known before there is an image."""
    if way.keeps(*rule.shape[:2]):
        return part
    how = form(way, rule.shape[:2], rule.interpolation, rule.antialias)
    return _sampled(part, tf.constant(placed(way)), how, rule, None)


def scaled(rule: Preprocess, image: tf.Tensor, numbers: tf.Tensor, places: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """As `seen`, of any size (2,) int32 instead of the input's, for which the sampling was packed."""
    _, _, begin, extent, how = tf.split(numbers, SPLIT)
    part = tf.ensure_shape(tf.slice(image, begin, extent), (None, None, rule.channels))
    height, width = tf.unstack(size)
    return _sampled(part, places, tf.reshape(how, ()), rule, None, (height, width))


def seen_encoded(encoded: tf.Tensor, numbers: tf.Tensor, places: tf.Tensor, rule: Preprocess,
                 chosen: tf.Tensor | None = None, ratios: int = 0) -> tf.Tensor:
    """As `seen`, from the bytes of a JPEG or PNG: uint8. Of a JPEG no row below the part is looked at.

    `ratios`, if not 0, says that it is a JPEG at one of the first so many RATIOS: to choose among fewer decoders is faster.
    """
    decoder, window, begin, size, how = tf.split(numbers, SPLIT)

    decoders = [*(lambda each=each: crop_jpeg(encoded, window, each, rule) for each in RATIOS),
                lambda: tf.io.decode_png(encoded, channels=rule.channels)]
    number, some = tf.reshape(decoder, ()), decoders[:ratios or None]
    image = some[0]() if len(some) == 1 else tf.switch_case(number, some)
    part = tf.ensure_shape(tf.slice(image, begin, size), (None, None, rule.channels))
    return _sampled(_not_cut_short(encoded, number, part), places, tf.reshape(how, ()), rule, chosen)


def crop_jpeg(encoded: tf.Tensor, window: tf.Tensor, ratio: int, rule: Preprocess) -> tf.Tensor:
    """(h, w, channels) uint8: the window (4,) of a JPEG that is decoded at 1/ratio."""
    return tf.io.decode_and_crop_jpeg(encoded, window, channels=rule.channels, ratio=ratio, dct_method=DCT[rule.decoder])


def ends_filled(image: tf.Tensor) -> tf.Tensor:
    """() bool: whether the last pixel of some (h, w, c) uint8 is one that decoders make of data that are missing."""
    filled = tf.constant([level in FILL for level in range(256)])
    return tf.reduce_all(tf.gather(filled, tf.cast(image[-1, -1], tf.int32)))


def _not_cut_short(encoded: tf.Tensor, decoder: tf.Tensor, image: tf.Tensor) -> tf.Tensor:
    """The image; the op fails where its data end too early, of which TensorFlow makes a grey rest.

    Of a whole image the last pixel is seldom such a grey, so that the costly look is a rare one; what is missing of a part
    is missing at its end, too.
    """
    found = tf.cond(tf.logical_and(ends_filled(image), decoder != PNG),
                    lambda: tf.numpy_function(_whole, [encoded, image], tf.uint8, stateful=False), lambda: image)
    return tf.ensure_shape(found, image.shape)


def _whole(data: bytes | np.ndarray, image: np.ndarray) -> np.ndarray:
    """The image that was decoded from the data. Raises NoImage if these are cut short."""
    if cut_short(data if isinstance(data, bytes) else bytes(data.item())):
        raise NoImage(CUT_SHORT)
    return image


def _sampled(image: tf.Tensor, places: tf.Tensor, how: tf.Tensor | int, rule: Preprocess, chosen: tf.Tensor | None,
             size: Size | None = None) -> tf.Tensor:
    if rule.origin == "corner":  # the last pixels of an image that is enlarged begin where its own end
        image = tf.pad(image, [[0, 1], [0, 1], [0, 0]], "SYMMETRIC")

    def by(interpolation: str) -> tf.Tensor:
        found = resample(image, places, how, rule.shape[:2] if size is None else size, interpolation, rule.antialias)
        return _in_levels(found, interpolation) if image.dtype == tf.uint8 else found
    filters = [lambda each=each: by(each) for each in FILTERS]
    found = by(rule.interpolation) if chosen is None else tf.switch_case(chosen, filters)
    return tf.ensure_shape(found, rule.shape if size is None else (None, None, rule.channels))


def _in_levels(pixels: tf.Tensor, interpolation: str) -> tf.Tensor:
    """Rounded to whole levels, as Pillow and torchvision do, and clipped to those there are."""
    rounded = pixels + 0.5
    return tf.cast(tf.clip_by_value(rounded, 0.0, 255.0) if interpolation in OVERSHOOT else rounded, tf.uint8)


def normalize(pixels: tf.Tensor, rule: Preprocess) -> tf.Tensor:
    """(..., channels) pixels from 0 to 255, uint8 or float32, to the network's input, float32."""
    factors = [1 / std for std in rule.std]
    return (ordered(tf.cast(pixels, tf.float32), rule) - tf.constant(rule.mean, tf.float32)) * tf.constant(factors, tf.float32)


def ordered(pixels: tf.Tensor, rule: Preprocess) -> tf.Tensor:
    """(..., channels) with red first to the order that the network takes, or back."""
    return tf.reverse(pixels, axis=[-1]) if rule.order == "bgr" else pixels


def denormalize(inputs: np.ndarray, rule: Preprocess) -> np.ndarray:
    """(..., channels) of the network's input to float32 pixels, of which those from 0 to 255 are an image's."""
    pixels = inputs * np.array(rule.std, np.float32) + np.array(rule.mean, np.float32)
    return pixels[..., ::-1] if rule.order == "bgr" else pixels
