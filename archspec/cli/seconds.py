"""Options that say how long something may take."""

from __future__ import annotations

import math

import click

MOST = 7 * 24 * 3600
"""A week: a process can wait longer, but none does with purpose."""


class Seconds(click.ParamType[float]):
    """A number of seconds above 0, and no more than a week."""

    name = "seconds"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number. Fails where it is none, is not finite, or out of range."""
        try:
            seconds = float(str(value))
        except ValueError:
            seconds = math.nan
        if not 0 < seconds <= MOST:
            self.fail(f"{value!r} is no number of seconds above 0, and at most {MOST} (a week)", param, ctx)
        return seconds
