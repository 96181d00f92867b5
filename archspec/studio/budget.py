"""What a network may cost, as the user has set it: kept beside the unsaved texts, for every folder and every port."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from archspec.errors import InputError, one_line
from archspec.io.files import read_json, write_json
from archspec.io.machine import refusal
from archspec.studio.places import Json

FIGURES = ("trainable", "macs", "activations")
"""Parts of a cost for which there can be a budget."""
MOST = 1e18
NAME = "budget.json"


def budget(place: Path) -> Json:
    """The budget that is kept; empty where there is none that can be read."""
    with suppress(OSError, ValueError):
        return _sound(read_json(place / NAME))
    return {}


def keep_budget(place: Path, wanted: Json) -> None:
    """Keeps another one. Raises InputError."""
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(place / NAME, _sound(wanted))
    except OSError as error:
        raise InputError(f"the budget is not kept: {refusal(error) or one_line(error)}") from None


def _sound(found: object) -> Json:
    """The figures that have a number above 0."""
    known = found if isinstance(found, dict) else {}
    return {name: known[name] for name in FIGURES if type(known.get(name)) in (int, float) and 0 < known[name] < MOST}
