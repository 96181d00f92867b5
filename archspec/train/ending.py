"""What the rows of a run's epochs say: which is the best, where the rate falls, and whether the training is at its end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from archspec.spec.recipe import Recipe
from archspec.spec.saving import StopEarly
from archspec.spec.schedules import Plateau

Rows = Sequence[Mapping[str, float]]


def rises(metric: str) -> bool:
    """Whether more of it is better: a loss falls, all else are shares of what is right."""
    return not metric.endswith("loss")


def best(rows: Iterable[Mapping[str, float]], metric: str) -> list[Mapping[str, float]]:
    """The rows from the best to the worst; of equal ones the earlier is the better."""
    return sorted(rows, key=lambda row: -row[metric] if rises(metric) else row[metric])


def stopped(rule: StopEarly | None, history: Rows) -> bool:
    """Whether a metric has not got better for as many epochs as a training has patience.

    Better is by more than `least` than the best that counted before; a change that does not count is measured again later.
    What an epoch was not measured by ends nothing.
    """
    if rule is None or not history or not all(rule.metric in row for row in history):
        return False
    mark, since = -math.inf, 0
    for value in _values(rule.metric, history):
        mark, since = (value, 0) if value > mark + rule.least else (mark, since + 1)
        if since >= rule.patience:
            return True
    return False


def fallen(rule: Plateau, history: Rows, warmup: float) -> float:
    """The share of the highest rate that is left after these epochs, of which those within the warm-up are not looked at.

    Better is as in `stopped`. After a fall so many epochs as the cooldown has are looked at, and patience does not run.
    """
    mark, since, rests, share = -math.inf, 0, 0, 1.0
    for value in _values(rule.metric, [row for row in history if row["epoch"] > warmup]):
        mark, since = (value, 0) if value > mark + rule.least else (mark, since + 1)
        if rests:
            since, rests = 0, rests - 1
        elif since >= rule.patience:
            since, rests, share = 0, rule.cooldown, max(rule.final, share * rule.factor)
    return share


def _values(metric: str, rows: Rows) -> list[float]:
    """Of each row what is the better the higher."""
    return [row[metric] if rises(metric) else -row[metric] for row in rows]


def ended(recipe: Recipe, history: Rows) -> bool:
    """Whether a training whose epochs gave these rows has nothing more to do."""
    return len(history) >= recipe.epochs or stopped(recipe.stop_early, history)


def no_better(recipe: Recipe) -> str:
    """Why a training of this recipe has stopped early."""
    rule = recipe.stop_early
    assert rule is not None
    by = f" by more than {rule.least:g}" if rule.least else ""
    return f"{rule.metric} has not {'risen' if rises(rule.metric) else 'fallen'}{by} for {rule.patience} epoch(s)"
