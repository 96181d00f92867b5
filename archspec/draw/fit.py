"""What a picture fits: a column of a paper, its page, or neither."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from archspec.errors import InputError

Width = Literal["column", "page", "free"]
Wanted = Literal["auto", "column", "page", "free"]
WIDTHS: dict[Width, float] = {"column": 436, "page": 925, "free": float("inf")}
"""Pixels: 84 and 178 mm of paper, where a type of 11 px has 6 points."""
SMALLEST = 11.0

MOST = 400
"""Boxes of a picture that somebody may still want to read."""


def fits(wide: float, smallest: float) -> Width:
    """The first that a picture fits whose smallest type has so many pixels: smaller type needs a smaller picture."""
    return next(name for name, limit in WIDTHS.items() if wide <= limit * min(1, smallest / SMALLEST))


def least(wide: Sequence[float], wanted: Wanted) -> tuple[int, float]:
    """Of pictures from the roomiest to the tightest the first that fits, and what it may have: the column before the page.

    The tightest where none fits what is wanted; the roomiest where nothing does and anything may be.
    """
    names: tuple[Width, ...] = ("column", "page", "free") if wanted == "auto" else (wanted,)
    for name in names:
        for index, each in enumerate(wide):
            if each <= WIDTHS[name]:
                return index, WIDTHS[name]
    return len(wide) - 1, WIDTHS[names[-1]]


def too_wide(title: str, wide: float, wanted: Width, smallest: float = SMALLEST, more: str = "") -> InputError:
    """What is said of a picture that does not fit; `more` is another way out than a larger width."""
    limit = int(WIDTHS[wanted] * min(1, smallest / SMALLEST))
    return InputError(f"the picture of {title} is {wide:g} pixels wide, and a {wanted} has {limit}\n"
                      f"  hint: --width {fits(wide, smallest)}{f', or {more}' if more else ''}")


def too_many(title: str, boxes: int, way_out: str) -> InputError:
    """What is said of a picture that nobody could read."""
    return InputError(f"{title} has {boxes:,} boxes, and nobody reads a picture of more than {MOST}\n  hint: {way_out}")
