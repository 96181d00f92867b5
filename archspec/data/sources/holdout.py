"""Which images are kept for testing where nothing says so: decided by their names, so that it is the same everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np


def held_out(names: Sequence[bytes], share: float) -> np.ndarray:
    """(n,) bool: which of two or more different names are held back, by a hash of each. A file that is added moves no other.

    At least one is held and at least one is not: the one with the least hash, and the one with the greatest. So of a few
    images the share may differ.
    """
    places = [(_place(name), name) for name in names]
    least, greatest = min(places), max(places)
    return np.array([(place[0] < share or place == least) and place != greatest for place in places])


def _place(name: bytes) -> float:
    """A number from 0 to 1 that depends on the name alone."""
    return int.from_bytes(hashlib.blake2b(name, digest_size=6).digest()) / 2 ** 48
