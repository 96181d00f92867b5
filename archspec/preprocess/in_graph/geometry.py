"""`window.centred`, `sampling.sampling` and `pixels.packed` in a graph: from an image's size, the same whole numbers."""

from __future__ import annotations

from functools import cached_property

import tensorflow as tf

from archspec.preprocess.pixels import BORDER, PNG
from archspec.preprocess.resample import PASSES, TWO_PASSES_TO, WHOLE
from archspec.preprocess.rule import Preprocess
from archspec.preprocess.sampling import FINE, RATIOS, SUPPORT
from archspec.preprocess.window import NEARLY, Window
from archspec.spec.preprocess import AsIs, Cover, Fraction, Shorter, Squash

Pair = tuple[tf.Tensor, tf.Tensor]


class Size:
    """The height and width of an image, () int64 each, or of many, and real numbers to reckon with.

    `number` makes a float64 that no optimiser sees to be constant: it would make of a division a multiplication, and of
    two multiplications one, whose last bits are others, and with them now and then the whole number that comes out.
    """

    def __init__(self, height: tf.Tensor, width: tf.Tensor) -> None:
        self.height, self.width = height, width
        self._made: dict[tuple[type, float], tf.Tensor] = {}

    def whole(self, number: int) -> tf.Tensor:
        """That number for each image."""
        if (int, number) not in self._made:
            self._made[int, number] = tf.fill(tf.shape(self.height), tf.constant(number, tf.int64))
        return self._made[int, number]

    def number(self, value: float) -> tf.Tensor:
        if (float, value) not in self._made:
            self._made[float, value] = tf.where(self._there, tf.constant(value, tf.float64), tf.constant(0.0, tf.float64))
        return self._made[float, value]

    @cached_property
    def _there(self) -> tf.Tensor:
        return self.height > 0


def fits(size: Size, rule: Preprocess) -> tf.Tensor:
    """() bool: whether the rule can be done to an image of that size; else `window.TooSmall`."""
    if not isinstance(rule.resize, AsIs):
        return size.height > 0
    return (size.height >= rule.height) & (size.width >= rule.width)


def packed(size: Size, rule: Preprocess, *, jpeg: bool) -> Pair:
    """As `pixels.packed` of what evaluation sees of an image: (12,) int32 and (6, 2) float32; `jpeg`: decoding may scale."""
    window = centred(size, rule)
    ratio = _ratio(window, rule, size) if jpeg and rule.antialias else size.number(1.0)
    rows = _axis(window.top, window.height, window.scaled_height, window.cut_top, rule.height, rule, ratio, size)
    columns = _axis(window.left, window.width, window.scaled_width, window.cut_left, rule.width, rule, ratio, size)
    axes = (rows, columns)
    decoder, decoded = size.whole(PNG), [(size.whole(0), size.whole(0)) for _ in axes]
    if jpeg:
        decoder = tf.argmax(tf.constant(RATIOS, tf.float64) == ratio[..., None], axis=-1, output_type=tf.int64)
        decoded = [_bordered(each, _up(side, ratio)) for each, side in zip(axes, (size.height, size.width), strict=True)]
    starts, ends = zip(*decoded, strict=True)
    begins = [each[0] - start for each, start in zip(axes, starts, strict=True)]
    numbers = [decoder, *starts, *ends, *begins, size.whole(0), rows[1], columns[1], size.whole(rule.channels),
               _form(rows, columns, rule, size)]
    return tf.stack([tf.cast(each, tf.int32) for each in numbers], axis=-1), _placed(rows, columns, size)


def centred(size: Size, rule: Preprocess) -> Window:
    """As `window.centred`, of tensors () int64."""
    height, width = size.height, size.width
    match rule.resize:
        case Squash():
            return _boxed(size.whole(0), size.whole(0), height, width, rule, size)
        case Fraction(share=share, of="sides"):
            top, left = (_margin(side, share, size) for side in (height, width))
            return _boxed(top, left, height - 2 * top, width - 2 * left, rule, size)
        case Fraction(share=share):
            tall, wide = size.number(rule.height), size.number(rule.width)
            unit = size.number(share) * tf.minimum(_real(height) / tall, _real(width) / wide)
            sides = unit * tall, unit * wide
            rows, columns = (tf.maximum(_floor(side, size), 1) for side in sides)
            left_by = sides if rule.offset == "unrounded" else (_real(rows), _real(columns))
            return _boxed(_offset(_real(height) - left_by[0], rule, size), _offset(_real(width) - left_by[1], rule, size),
                          rows, columns, rule, size)
    scaled = _scaled(size, rule)
    top, left = (_offset(_real(side - wanted), rule, size) for side, wanted in zip(scaled, rule.shape, strict=False))
    return Window(size.whole(0), size.whole(0), height, width, *scaled, top, left)


def _boxed(top: tf.Tensor, left: tf.Tensor, height: tf.Tensor, width: tf.Tensor, rule: Preprocess,
           size: Size) -> Window:
    return Window(top, left, height, width, size.whole(rule.height), size.whole(rule.width), size.whole(0), size.whole(0))


def _margin(side: tf.Tensor, share: float, size: Size) -> tf.Tensor:
    kept = _real(side) * size.number(share)
    return tf.minimum(tf.cast((_real(side) - kept) / size.number(2.0), tf.int64), (side - 1) // 2)


def _scaled(size: Size, rule: Preprocess) -> Pair:
    """As `window.scaled`."""
    height, width = size.height, size.width
    match rule.resize:
        case Shorter(pixels=pixels, longer=longer):
            least = tf.minimum(height, width)
            few = tf.constant(pixels, tf.int64)
            rows, columns = (tf.where(side == least, few, tf.maximum(few, _whole(
                _real(side * pixels) / _real(least), longer, size))) for side in (height, width))
            return rows, columns
        case Cover(margin=margin, longer=longer):
            rows, columns = (_whole(size.number(side) * size.number(margin), longer, size) for side in rule.shape[:2])
            tall = rows * width >= columns * height
            wide, high = _real(width * rows) / _real(height), _real(height * columns) / _real(width)
            return (tf.where(tall, rows, _whole(high, longer, size)), tf.where(tall, _whole(wide, longer, size), columns))
    return height, width


def _offset(spare: tf.Tensor, rule: Preprocess, size: Size) -> tf.Tensor:
    half = spare / size.number(2.0)
    match rule.offset:
        case "ceil":
            return tf.cast(tf.math.ceil(half), tf.int64)
        case "even":
            return tf.cast(tf.round(half), tf.int64)
    return _floor(half, size)


def _whole(value: tf.Tensor, how: str, size: Size) -> tf.Tensor:
    return _floor(value, size) if how == "floor" else tf.cast(tf.round(value), tf.int64)


def _floor(value: tf.Tensor, size: Size) -> tf.Tensor:
    return tf.cast(tf.floor(value + size.number(NEARLY)), tf.int64)


def _real(whole: tf.Tensor) -> tf.Tensor:
    return tf.cast(whole, tf.float64)


def _up(side: tf.Tensor, ratio: tf.Tensor) -> tf.Tensor:
    """The side of a JPEG that is decoded at 1/ratio."""
    return -(-side // tf.cast(ratio, tf.int64))


def _ratio(window: Window, rule: Preprocess, size: Size) -> tf.Tensor:
    """As `sampling._ratio`, () float64."""
    shrink = tf.minimum(_real(window.height) / _real(window.scaled_height), _real(window.width) / _real(window.scaled_width))
    enough = [shrink / size.number(ratio) >= FINE for ratio in RATIOS]  # if one is, all before it are
    count = tf.add_n([tf.cast(each, tf.int32) for each in enough])
    return tf.gather(tf.constant(RATIOS, tf.float64), tf.maximum(count - 1, 0))


Axis = tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
"""Begin and size, () int64, scale and shift, () float64."""


def _axis(start: tf.Tensor, side: tf.Tensor, scaled: tf.Tensor, cut: tf.Tensor, wanted: int, rule: Preprocess,
          ratio: tf.Tensor, size: Size) -> Axis:
    """As `sampling._axis`."""
    scale = _real(scaled) / _real(side) * ratio
    spread = tf.maximum(size.number(1.0), size.number(1.0) / scale) if rule.antialias else size.number(1.0)
    reach = size.number(SUPPORT[rule.interpolation]) * spread + size.number(1.0)
    first, last = _real(start) / ratio, _real(start + side) / ratio
    begin = tf.maximum(tf.floor(first), tf.floor(first + _real(cut) / scale - reach))
    end = tf.minimum(tf.math.ceil(last), tf.math.ceil(first + _real(cut + wanted) / scale + reach))
    shift = (begin - first) * scale - _real(cut)
    if rule.origin == "corner":
        shift += size.number(0.5) - size.number(0.5) * scale
    begin, end = tf.cast(begin, tf.int64), tf.cast(end, tf.int64)
    return begin, end - begin, scale, shift


def _bordered(axis: Axis, side: tf.Tensor) -> Pair:
    """Where what is decoded begins on one axis, and its length: with a border, within the side."""
    begin = tf.maximum(axis[0] - BORDER, 0)
    return begin, tf.minimum(axis[0] + axis[1] + BORDER, side) - begin


def _form(rows: Axis, columns: Axis, rule: Preprocess, size: Size) -> tf.Tensor:
    """As `resample.form`."""
    if rule.antialias:
        least = tf.minimum(rows[2], columns[2]) * size.number(TWO_PASSES_TO)
        return tf.where(least >= 1, PASSES, WHOLE)
    if rule.interpolation != "bilinear":
        return size.whole(PASSES)
    sides = (rows, rule.height), (columns, rule.width)
    apart = [tf.abs(_real(axis[1]) - size.number(side) / axis[2]) for axis, side in sides]
    boxed = (tf.maximum(*apart) < 0.5) & (rows[3] == 0) & (columns[3] == 0)
    return tf.where(boxed, WHOLE, PASSES)


def _placed(rows: Axis, columns: Axis, size: Size) -> tf.Tensor:
    """As `resample.placed`."""
    one, none = size.number(1.0), size.number(0.0)
    pairs = ((rows[2], columns[2]), (rows[3], columns[3]), (one, rows[2]), (none, rows[3]), (one, columns[2]),
             (none, columns[3]))
    return tf.cast(tf.stack([tf.stack(pair, axis=-1) for pair in pairs], axis=-2), tf.float32)
