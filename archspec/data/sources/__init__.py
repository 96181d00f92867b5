"""The data sources. A new one is a file here, a section in spec/recipe.py, and a row in SOURCES."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archspec.data.source import Source
from archspec.data.sources.digits import digits
from archspec.data.sources.folder import folder, place
from archspec.spec.data import Digits, Folder

SOURCES: dict[str, Callable[[Any], Source]] = {"digits": digits, "folder": folder}
"""From the name in `train.data.source` to a function of its section."""


def refuse_missing(section: Digits | Folder) -> None:
    """Raises InputError where the place is not there that a recipe names: known at once, before anything is loaded."""
    if isinstance(section, Folder):
        place(section)


def load_data(section: Digits | Folder) -> Source:
    """The data that a recipe names. Raises InputError where there is none."""
    return SOURCES[section.source](section)
