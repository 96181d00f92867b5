"""Arrays that are kept from one start to the next, in the user's cache folder; what is lost there is made again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from archspec.io.files import ARCHIVE_ERRORS, replacing
from archspec.io.lock import Taken, alone
from archspec.io.places import cache_folder

FORMAT = 2
"""Goes up when what is kept means something else, or when something else is found out about an image."""
_MADE_BY = "made_by"


def path_of(*key: str) -> Path:
    """Where the arrays of a key lie."""
    return cache_folder() / "index" / f"{hashlib.sha256(repr(key).encode('utf-8', 'surrogateescape')).hexdigest()[:24]}.npz"


def read(path: Path) -> Mapping[str, np.ndarray]:
    """The arrays that `write` left there; none if it did not, or if another version did, or if they are damaged."""
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:  # each array has a checksum
            found = {name: file[name] for name in file.files}
    except ARCHIVE_ERRORS:
        return {}
    return found if found.pop(_MADE_BY, np.zeros(0)).tobytes() == _maker().tobytes() else {}


def write(path: Path, arrays: Mapping[str, np.ndarray]) -> bool:
    """Keeps arrays. False where that cannot be: on a full disk or one that is only read, or if another process is at it."""
    try:
        with alone(path), replacing(path) as partial, partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **{**arrays, _MADE_BY: _maker()})
    except (OSError, Taken):
        return False
    return True


@cache
def made_by() -> str:
    """The versions of what found it out: other decoders may read other files."""
    return f"{FORMAT} " + " ".join(version(each) for each in ("archspec-keras", "pillow", "tensorflow"))


def _maker() -> np.ndarray:
    return np.frombuffer(made_by().encode(), np.uint8)
