"""A model's name, and the numbers of its versions, as TensorFlow Serving reads them from the names in its folder."""

from __future__ import annotations

import re
from pathlib import Path

from archspec.errors import InputError
from archspec.io.places import kind_of
from archspec.spec.arch import NETWORK_NAME

NUMBER = re.compile(r"\s*[+-]?[0-9]+\s*")
"""What TensorFlow Serving reads as a number (absl::SimpleAtoi), if it fits 64 bits with a sign."""
LARGEST = 2**63 - 1


def versions(base: Path) -> dict[int, Path]:
    """What a server takes for a version, by number, the lowest first; of 1 and 01, which are the same to it, 1."""
    names = [path.name for path in base.iterdir() if NUMBER.fullmatch(path.name)] if kind_of(base) == "folder" else []
    numbers = sorted((int(name), name == str(int(name)), name) for name in names)
    return {number: base / name for number, _, name in numbers if abs(number) <= LARGEST}


def checked_name(name: str) -> str:
    """The name of a model. Raises InputError where no server could be asked for it, or might take it for a version."""
    if not NETWORK_NAME.fullmatch(name):
        raise InputError(f"the model's name {name!r} has to consist of letters, digits, dots, underscores and dashes\n"
                         "  hint: it is a folder's name and a part of the server's addresses")
    if NUMBER.fullmatch(name):
        raise InputError(f"the model's name {name!r} is a number, and a server that is given the folder above would take"
                         " it for a version\n"
                         "  hint: begin it with a letter")
    return name
