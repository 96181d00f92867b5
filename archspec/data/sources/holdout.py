"""Which images are kept for testing where nothing says so: decided by their names, so that it is the same everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from archspec.errors import InputError


def held_out(names: Sequence[bytes], share: float, called: str) -> np.ndarray:
    """(n,) bool: which of different names are held back, by a hash of each. A file that is added moves no other.

    At least one is held and at least one is not: the one with the least hash, and the one with the greatest. So of a few
    images the share may differ. Raises InputError, with what they are `called`, where there are not two.
    """
    if len(names) < 2:
        raise InputError(f"{called} has {len(names)} image(s): too few to hold {share:g} of them back\n"
                         "  hint: more images of it, or leave the class out")
    places = [(_place(name), name) for name in names]
    least, greatest = min(places), max(places)
    return np.array([(place[0] < share or place == least) and place != greatest for place in places])


def _place(name: bytes) -> float:
    """A number from 0 to 1 that depends on the name alone."""
    return int.from_bytes(hashlib.blake2b(name, digest_size=6).digest()) / 2 ** 48
