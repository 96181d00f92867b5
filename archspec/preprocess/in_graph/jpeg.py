"""JPEGs in a graph: their header, whether they are whole, and their pixels; as `header`, `cut_short` and `routes` have it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from archspec.preprocess.cut_short import CUT_SHORT, END, MORE, MOST_MARKERS, MOST_SCANS, SCAN, SEQUENTIAL
from archspec.preprocess.header import COMMON, SEGMENTS, SIZED, STANDALONE
from archspec.preprocess.in_graph import exif
from archspec.preprocess.in_graph.bytewise import File, among, big, chosen, held, in_size, is_text, once, part, upheld, whole
from archspec.preprocess.pixels import DCT, crop_jpeg, ends_filled
from archspec.preprocess.routes import JPEG_CHANNELS
from archspec.preprocess.rule import Preprocess
from archspec.preprocess.sampling import RATIOS

START = 0xD8
PROGRESSIVE = 0xC2
COEFFICIENTS = 64


class Frame(NamedTuple):
    """What stands before a JPEG's pixels, () int64 each; `scan` is where the first one begins, or -1 if it is not next."""

    start: tf.Tensor
    code: tf.Tensor
    depth: tf.Tensor
    height: tf.Tensor
    width: tf.Tensor
    components: tf.Tensor
    orientation: tf.Tensor
    scan: tf.Tensor

    def plain(self, rule: Preprocess) -> tf.Tensor:
        """() bool: whether there is nothing about it that needs more than a decoder, as `routes` has it."""
        return ((self.orientation == 1) & (self.depth == 8) & among(self.code, COMMON)
                & among(self.components, plain_components(rule)))


def plain_components(rule: Preprocess) -> tuple[int, ...]:
    """How many a JPEG has that evaluation, too, leaves to TensorFlow for such an input."""
    return tuple(components for components, channels in JPEG_CHANNELS.items() if rule.channels in channels)


def frame(file: File) -> Frame:
    """Walks from marker to marker to the first scan."""
    none = whole(-1)

    def going(step: tf.Tensor, offset: tf.Tensor, *found: tf.Tensor) -> tf.Tensor:
        return (step < SEGMENTS) & (offset >= 0) & (found[-1] < 0)

    def walk(step: tf.Tensor, offset: tf.Tensor, at: tf.Tensor, exif_at: tf.Tensor, size: tf.Tensor,
             scan: tf.Tensor) -> tuple[tf.Tensor, ...]:
        head = part(file, offset, 10)
        code, length = head[1], big(head[2:4])
        marker = (head[0] == 0xFF) & (offset + 4 <= file.count)
        bare = (code == 0xFF) | among(code, STANDALONE)
        sized = marker & among(code, SIZED) & (at < 0)
        attached = marker & (code == 0xE1) & is_text(head[4:], b"Exif\0\0") & (at < 0)
        further = offset + chosen(code == 0xFF, 1, chosen(bare, 2, 2 + length))
        return (step + 1, chosen(marker, further, none), chosen(sized, offset, at),
                chosen(attached, offset + 10, exif_at), chosen(attached, tf.maximum(length - 8, 0), size),
                chosen(marker & (code == SCAN), offset, scan))
    _, _, start, exif_at, size, scan = tf.while_loop(going, walk, (0, whole(2), none, none, none, none))
    how = tf.cond(exif_at >= 0, lambda: exif.orientation(file, exif_at, size), lambda: whole(1))
    said = part(file, start, 10)
    known = chosen((start >= 0) & (start + 10 <= file.count), whole(1), 0)
    return Frame(start, said[1], said[4], big(said[5:7]) * known, big(said[7:9]) * known, said[9], how, scan)


def checked(file: File, found: Frame) -> File:
    """The file, if its size can be read, it is no bomb, and it has its end."""
    return upheld([(found.start >= 0, "the JPEG has no size"), in_size(found.height, found.width, file),
                   (among(found.components, JPEG_CHANNELS), "a JPEG of neither 1, 3 nor 4 components"),
                   (_has_end(file, found), "the JPEG breaks off before its end"), *_scans(file, found)], file)


def _has_end(file: File, found: Frame) -> tf.Tensor:
    codes = file.raw[found.start:]
    return tf.reduce_any((codes[:-1] == 0xFF) & (codes[1:] == END))


def _scans(file: File, found: Frame) -> list[tuple[tf.Tensor, str]]:
    """That there are not too many, nor too few of a progressive one."""
    interleaved = part(file, found.scan, 5)[4] == found.components
    one = among(found.code, SEQUENTIAL) & (found.scan >= 0) & interleaved
    few, enough = tf.cond(one, lambda: (tf.constant(True), tf.constant(True)), lambda: _counted(file, found))
    return [(few, f"a JPEG in more than {MOST_SCANS} scans"), (enough | (found.code != PROGRESSIVE), CUT_SHORT)]


@once
def _markers(raw: tf.Tensor, start: tf.Tensor) -> tf.Tensor:
    """(n,) int64 places from a start on at which a marker may stand: neither a byte of the coded data nor a restart."""
    codes = raw[start:]
    first, second = codes[:-1], codes[1:]
    coded = (second == 0) | (second == 0xFF) | ((second >= 0xD0) & (second <= 0xD7))
    return tf.where((first == 0xFF) & ~coded)[:, 0] + start


@once
def _next(places: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
    """The first of some places that is not before an offset, or -1."""
    which = tf.searchsorted(places, offset[None])[0]
    return chosen(which < tf.size(places), tf.pad(places, [[0, 1]])[which], -1)


def _behind(file: File, at: tf.Tensor) -> tf.Tensor:
    """Where what follows the marker at a place begins."""
    head = part(file, at, 4)
    return at + 2 + chosen(head[1] == START, whole(0), big(head[2:4]))


def _counted(file: File, found: Frame) -> tuple[tf.Tensor, tf.Tensor]:
    """Whether there are few enough scans, and whether the last bit of every coefficient comes in one of them."""
    places = _markers(file.raw, found.start)
    known = tf.stack(part(file, found.start, 20)[10::3])

    def going(step: tf.Tensor, at: tf.Tensor, *_: tf.Tensor) -> tf.Tensor:
        return (step < MOST_MARKERS) & (at >= 0)

    def walk(step: tf.Tensor, at: tf.Tensor, scans: tf.Tensor, missing: tf.Tensor,
             broken: tf.Tensor) -> tuple[tf.Tensor, ...]:
        code = part(file, at, 2)[1]
        scan = code == SCAN
        given, wrong = _finished(file, at, known, found.components)
        following = chosen(code == END, whole(-1), _next(places, _behind(file, at)))
        return (step + 1, following, scans + tf.cast(scan, tf.int32), missing & ~(given & scan), broken | (scan & wrong))
    used = tf.broadcast_to(np.arange(4)[:, None] < found.components, (4, COEFFICIENTS))
    state = (0, _next(places, found.start), 0, used, tf.constant(False))
    steps, _, scans, missing, broken = tf.while_loop(going, walk, state)
    codes = file.raw[found.start:]
    alike = tf.math.count_nonzero((codes[:-1] == 0xFF) & (codes[1:] == SCAN))
    many = (alike > MOST_SCANS) & ((scans > MOST_SCANS) | (steps == MOST_MARKERS))
    return ~many, broken | ~tf.reduce_any(missing)  # of what is broken otherwise the decoder speaks


def _finished(file: File, scan: tf.Tensor, known: tf.Tensor, components: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Of which components () int64 a scan gives the last bit of which coefficients, (4, 64) bool; whether it is broken."""
    head = part(file, scan, 16)
    count, names = head[4], tf.stack(head[5:13:2])
    first, last, low = part(file, scan + 5 + 2 * count, 3)
    named = np.arange(4) < count
    same = (known[:, None] == names[None]) & named[None] & (np.arange(4)[:, None] < components)
    span = np.arange(COEFFICIENTS)
    given = tf.reduce_any(same, axis=1)[:, None] & ((span >= first) & (span <= last) & (low & 15 == 0))[None]
    wrong = (count > 4) | tf.reduce_any(named & ~tf.reduce_any(same, axis=0)) | (scan + 8 + 2 * count > file.count)
    return given, wrong


def cropped(file: File, window: tf.Tensor, decoder: tf.Tensor, rule: Preprocess) -> tf.Tensor:
    """(h, w, channels) of a plain JPEG: the window (4,) of it at 1/RATIOS[decoder]."""
    if not rule.antialias:
        return crop_jpeg(file.encoded, window, 1, rule)
    return tf.switch_case(decoder, [lambda each=each: crop_jpeg(file.encoded, window, each, rule) for each in RATIOS])


def decoded(file: File) -> tf.Tensor:
    """(h, w, 3) of any other JPEG, as it is stored; Pillow, which reads it in evaluation, has the exact transform alone."""
    return tf.io.decode_jpeg(file.encoded, channels=3, dct_method=DCT["accurate"])


def not_cut_short(image: tf.Tensor, file: File) -> tf.Tensor:
    """What was decoded of a file (h, w, c), if its data do not end before the image does, of which decoders make a grey rest.

    As `cut_short` it is asked only where the last pixel is such a grey: whether more data would make another image.
    """
    ended = tf.cond(ends_filled(image), lambda: ~_changes(file), lambda: tf.constant(True))
    return held(image, [(ended, CUT_SHORT)], file)


@once
def _changes(file: File) -> tf.Tensor:
    """Whether more of a JPEG's data would make another image."""
    start = whole(0)
    places = _markers(file.raw, start)

    def going(step: tf.Tensor, at: tf.Tensor) -> tf.Tensor:
        return (step < MOST_MARKERS) & (at >= 0) & (part(file, at, 2)[1] != END)
    _, end = tf.while_loop(going, lambda step, at: (step + 1, _next(places, _behind(file, at))), (0, _next(places, start)))

    def differs() -> tf.Tensor:
        at = tf.cast(end, tf.int32)
        rest = tf.strings.length(file.encoded) - at
        more = tf.strings.join([tf.strings.substr(file.encoded, 0, at), MORE, tf.strings.substr(file.encoded, at, rest)])
        one, other = (tf.io.decode_jpeg(each, channels=3, dct_method=DCT["accurate"]) for each in (file.encoded, more))
        return tf.reduce_any(one != other)
    ended = (end >= 0) & (part(file, end, 2)[1] == END)
    return tf.cond(ended, differs, lambda: tf.constant(False))
