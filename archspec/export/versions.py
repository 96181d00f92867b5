"""The numbers of a model's versions, as TensorFlow Serving reads them from the names in its folder."""

from __future__ import annotations

import re
from pathlib import Path

from archspec.io.places import kind_of

NUMBER = re.compile(r"\s*[+-]?[0-9]+\s*")
"""What TensorFlow Serving reads as a number (absl::SimpleAtoi), if it fits 64 bits with a sign."""
LARGEST = 2**63 - 1


def versions(base: Path) -> dict[int, Path]:
    """What a server takes for a version, by number, the lowest first; of 1 and 01, which are the same to it, 1."""
    names = [path.name for path in base.iterdir() if NUMBER.fullmatch(path.name)] if kind_of(base) == "folder" else []
    numbers = sorted((int(name), name == str(int(name)), name) for name in names)
    return {number: base / name for number, _, name in numbers if abs(number) <= LARGEST}
