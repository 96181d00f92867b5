"""Which part of an image the network sees, in whole pixels: the geometry of a rule, without a framework."""

from __future__ import annotations

from typing import NamedTuple


class Window(NamedTuple):
    """A box of the image, the size to which it is scaled, and where the input is cut out of that; all in pixels.

    What lies outside the box is not looked at, not even by a filter at its edge. `top` and `left` count in the image as
    a viewer shows it, `cut_top` and `cut_left` in the scaled box; the cut has the size of the network's input.
    """

    top: int
    left: int
    height: int
    width: int
    scaled_height: int
    scaled_width: int
    cut_top: int = 0
    cut_left: int = 0
