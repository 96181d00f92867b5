"""Which parts of an image a protocol shows a network: windows of whole pixels, without a framework."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from archspec.errors import InputError
from archspec.preprocess.rule import Preprocess
from archspec.preprocess.window import Window, centred, cut, offset, shorter
from archspec.spec.preprocess import UNSMOOTHED, Cover, Shorter
from archspec.spec.protocol import LARGEST, Protocol, Side


class View(NamedTuple):
    """A window of an image, whose pixels are mirrored, left to right, where it says so."""

    window: Window
    mirrored: bool = False


def rule_of(protocol: Protocol, rule: Preprocess) -> Preprocess:
    """A network's preprocessing with what the protocol says of it; what is subtracted and divided by is the network's.

    Raises InputError where the two together are no way to scale an image.
    """
    said: dict[str, Any] = {name: value for name in protocol.preprocess.declared
                            if (value := getattr(protocol.preprocess, name)) is not None}
    found: Preprocess = replace(rule, **said) if said else rule
    if found.antialias and (found.origin == "corner" or found.interpolation in UNSMOOTHED):
        other = f"origin: {found.origin}" if found.origin == "corner" else f"interpolation: {found.interpolation}"
        raise InputError(f"{other} has no antialias: the protocol says one of them, and the network the other\n"
                         "  hint: say both in the protocol's preprocess")
    return found


def refuse_sizes(protocol: Protocol, rule: Preprocess) -> None:
    """Raises InputError for an image without pixels or with far too many, or of which the input is larger and cut out."""
    largest = max(rule.height, rule.width)
    for side in protocol.sizes or ():
        pixels = side.of(min(rule.height, rule.width))
        if not 1 <= pixels <= LARGEST:
            raise InputError(f"a size of {side} is an image of {pixels:,} pixels for an input of {rule.height}x{rule.width}, "
                             f"and 1 to {LARGEST:,} can be\n  hint: a multiple of the input's side is near 1: 256/224")
        if pixels < largest and protocol.crops != ("whole",):
            raise InputError(f"an image of {pixels} pixels, and the input is "
                             f"{rule.height}x{rule.width}\n  hint: --sizes {largest} or more, or a multiple, 256/224")


def views(protocol: Protocol, rule: Preprocess, height: int, width: int) -> list[View]:
    """What the network sees of an image of that size, in order: all that is upright, then all that is mirrored, size by size.

    `rule` is `rule_of`. A mirrored part is the part of the mirrored image: where half a pixel is rounded it lies elsewhere than
    the mirror of the upright one. Raises TooSmall for an image that the rule cannot be done to.
    """
    if protocol.sizes is None:
        return [View(centred(height, width, rule)),
                *([View(_back(centred(height, width, rule), width, rule), mirrored=True)] if protocol.mirrored else [])]
    found: list[View] = []
    for side in protocol.sizes:
        windows = list(_windows(protocol, rule, height, width, side))
        found += [View(window) for window in windows]
        if protocol.mirrored:
            found += [View(_back(window, width, rule), mirrored=True) for window in windows]
    return found


def _windows(protocol: Protocol, rule: Preprocess, height: int, width: int, side: Side) -> Iterator[Window]:
    for frame in _frames(protocol, rule, height, width, side):
        rows, columns = frame.scaled_height - rule.height, frame.scaled_width - rule.width
        if protocol.grid:
            last = protocol.grid - 1
            yield from (_cut(frame, round(rows * row / last), round(columns * column / last))
                        for row in range(protocol.grid) for column in range(protocol.grid))
            continue
        for crop in protocol.crops:
            if crop == "whole":
                yield frame._replace(scaled_height=rule.height, scaled_width=rule.width)
            elif crop == "centre":
                yield _cut(frame, offset(rows, rule), offset(columns, rule))
            else:
                yield from (_cut(frame, *place) for place in ((0, 0), (0, columns), (rows, 0), (rows, columns)))


def _frames(protocol: Protocol, rule: Preprocess, height: int, width: int, side: Side) -> Iterator[Window]:
    """The parts of the image that are scaled, each to a size of its own."""
    pixels = side.of(min(rule.height, rule.width))
    if protocol.frame == "image":
        yield cut(height, width, scaled_to(pixels, rule, height, width), (0, 0))
    elif protocol.frame == "square":
        yield cut(height, width, (pixels, pixels), (0, 0))
    else:
        least = min(height, width)
        down, across = height - least, width - least  # one of them is 0
        for top, left in ((0, 0), (offset(down, rule), offset(across, rule)), (down, across)):
            yield Window(top, left, least, least, pixels, pixels)


def scaled_to(pixels: int, rule: Preprocess, height: int, width: int) -> tuple[int, int]:
    """The size of an image whose shorter side has so many pixels, the longer one made whole as the rule has it."""
    longer = rule.resize.longer if isinstance(rule.resize, Shorter | Cover) else "round"
    return shorter(height, width, pixels, longer)


def _cut(frame: Window, top: int, left: int) -> Window:
    return frame._replace(cut_top=top, cut_left=left)


def _back(window: Window, width: int, rule: Preprocess) -> Window:
    """A window of the mirrored image, in the image."""
    return window._replace(left=width - window.left - window.width,
                           cut_left=window.scaled_width - rule.width - window.cut_left)
