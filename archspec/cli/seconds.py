"""Options that say how long something may take."""

from __future__ import annotations

import math

import click

MOST = 7 * 24 * 3600
"""A week: a process can wait longer, but none does with purpose."""


def seconds(text: str) -> float:
    """The type of an option: a number of seconds above 0, and no more than a week. Raises BadParameter where it is none."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found <= MOST:
        raise click.BadParameter(f"{text!r} is no number of seconds above 0, and at most {MOST} (a week)")
    return found
