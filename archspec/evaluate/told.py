"""Figures of an evaluation as a person reads them: shares in per cent, with their intervals in brackets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.errors import visible
from archspec.evaluate.intervals import Interval

HEADS = {"real_top1": "ReaL top1", "f1": "F1", "auc": "AUC"}
"""Of figures that are not called as a document calls them."""


def head(name: str) -> str:
    """What stands above a figure."""
    return HEADS.get(name, name.replace("_", " ")) + ", %" * (name not in ("loss", "images"))


def figure(name: str, value: float | None, bounds: Interval | None = None) -> str:
    """A figure, with the interval in which it lies."""
    if value is None:
        return "-"
    if name == "images":
        return f"{value:,}"
    numbers = [value, *([bounds.low, bounds.high] if bounds else [])]
    said = [f"{each:.4f}" if name == "loss" else f"{100 * each:.2f}" for each in numbers]
    return said[0] if bounds is None else f"{said[0]} [{said[1]}, {said[2]}]"


def changed(key: str, value: Any) -> str:
    """What of a protocol is not as its name says, by a key of it."""
    match key:
        case "sizes":
            return "sizes " + " ".join(str(each) for each in value)
        case "mirrored":
            return "mirror images" if value else "no mirror images"
    return f"the mean of {value}"


def difference(found: Mapping[str, Any]) -> str:
    """How two models differ, in a sentence."""
    a, b = map(visible, found["models"])
    if not found["only_first"] and not found["only_second"]:
        return f"{a} and {b} are right about the same images"
    return (f"{a} alone is right about {found['only_first']}, {b} alone about {found['only_second']}: p = {found['p']:.2g} "
            "(McNemar's test)")
