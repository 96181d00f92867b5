"""Which numbers are written into files: the same that are taken from them."""

from __future__ import annotations

MOST = 1e38
"""Where float32 ends, nearly: what is below can be learned from, drawn, rounded, printed, and shown by TensorBoard."""


def is_number(value: object) -> bool:
    """Whether it is finite and below MOST; JSON holds others: NaN, Infinity, true, whole numbers of a thousand digits."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -MOST < value < MOST
