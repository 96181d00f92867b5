"""The specs that ship, to start from: found by words and by what they cost, the best known with a miniature."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from functools import cache

from archspec.draw.miniature import miniature
from archspec.draw.outline import Segment, outline
from archspec.draw.svg import Picture, svg
from archspec.errors import InputError, closest, shorten, visible
from archspec.network import load, lower
from archspec.studio.places import Json
from archspec.views.catalog import SpecEntry, specs
from archspec.views.numbers import short

FEATURED = ("resnet50", "resnet20_digits", "densenet121", "inception_v4", "inception_resnet_v2", "se_resnext50_32x4d",
            "mobilenet_v2", "efficientnet_b0", "vgg16", "convnext_tiny")
"""With which one begins."""
WIDE, HIGH = 84.0, 84.0
"""Of a miniature, in pixels."""
UNITS: Mapping[str, float] = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
FIGURES: Mapping[str, Callable[[SpecEntry], int | None]] = {
    "parameters": lambda spec: spec.parameters, "macs": lambda spec: spec.macs, "depth": lambda spec: spec.depth}
SAID: Mapping[str, str] = {"params": "parameters", "multiply-adds": "macs", "flops": "macs", "layers": "depth"}
"""Other words for figures."""
HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, "≤": operator.le, ">": operator.gt, ">=": operator.ge, "≥": operator.ge,
    "=": operator.eq}
CONDITION = re.compile(r"([A-Za-z-]+)\s*(<=|>=|[<>=≤≥])\s*(\d[\d.,]*)\s*([kmgt]?)\b", re.IGNORECASE)
VAGUE = re.compile(r"[A-Za-z-]+\s*(?:<=|>=|[<>=≤≥])\s*\S*")
"""A comparison with what is no number."""
MOST = 500
"""Signs of a query."""


def zoo(request: Json) -> Json:
    """The specs that a query finds. Raises InputError where it compares what is no figure."""
    query = (request.get("query") or "")[:MOST]
    conditions = [_condition(found) for found in CONDITION.finditer(query)]
    rest = CONDITION.sub(" ", query)
    if vague := VAGUE.search(rest):
        raise InputError(f"'{shorten(visible(vague[0]))}' compares with no number\n  hint: parameters < 10M")
    words = rest.lower().split()
    found = [entry for entry in _entries() if all(word in _said(entry) for word in words)
             and all(holds(entry) for holds in conditions)]
    names = [entry.name for entry in _entries()]
    return {"specs": [_told(entry) for entry in found], "featured": [*FEATURED], "all": len(names),
            "hint": "" if found or not words or conditions else closest(" ".join(words).replace(" ", "_"), names)}


@cache
def _entries() -> list[SpecEntry]:
    return specs()


def _said(entry: SpecEntry) -> str:
    """The words by which a spec is found."""
    return " ".join((entry.name, entry.name.replace("_", "-"), entry.family, entry.description, entry.reference)).lower()


def _condition(found: re.Match[str]) -> Callable[[SpecEntry], bool]:
    word, sign, number, unit = found[1].lower(), found[2], found[3].replace(",", ""), found[4].lower()
    name = SAID.get(word, word)
    if name not in FIGURES:
        meant = closest(name, (*FIGURES, *SAID))
        guess = f"did you mean '{meant}'? " if meant else ""
        raise InputError(f"'{word}' is no figure of a spec\n  hint: {guess}figures: {' '.join(FIGURES)}")
    try:
        limit = float(number) * UNITS[unit]
    except ValueError:
        raise InputError(f"'{number}' is no number\n  hint: parameters < 10M") from None

    def holds(entry: SpecEntry) -> bool:
        value = FIGURES[name](entry)
        return value is not None and HOLDS[sign](value, limit)
    return holds


def _told(entry: SpecEntry) -> Json:
    return {"name": entry.name, "family": entry.family, "description": entry.description, "reference": entry.reference,
            "parameters": entry.parameters, "macs": entry.macs, "input": entry.input, "depth": entry.depth,
            "words": {"parameters": short(entry.parameters), "macs": short(entry.macs)},
            "miniature": small(entry.name) if entry.name in FEATURED else None}


# -- miniatures ----------------------------------------------------------------------------------------------------------

@cache
def small(name: str) -> str | None:
    """The block of a shipped spec in which most of its work is done, as small as a letter; None of one that is too large."""
    graph = lower(load(name))
    segments = [segment for segment in outline(graph) if segment.form == "stage"] or [*outline(graph)]
    found = miniature(max(segments, key=_work).repeats[-1].part, WIDE, HIGH)
    return None if found is None else svg(Picture((found,), name, f"the block of {name}."), background=False)


def _work(segment: Segment) -> int:
    return sum(node.macs or 0 for node in segment.nodes)
