"""The views of a network: each a function in a table, from the network and what is asked of it to a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from archspec.compare import picture as compared_picture
from archspec.compare.report import compared
from archspec.draw import calls
from archspec.draw.block import block_picture
from archspec.draw.captions import three
from archspec.draw.fit import MOST
from archspec.draw.full import boxes_of, full_picture
from archspec.draw.svg import Picture, Theme, svg
from archspec.draw.table import Amount, Bracket, Content, Style, table
from archspec.draw.whole import whole_picture
from archspec.errors import InputError, visible
from archspec.graph.ir import Graph
from archspec.spec.arch import Spec
from archspec.studio.documents import Missing, shipped_file
from archspec.studio.elements import Elements
from archspec.studio.known import checked, here
from archspec.studio.places import Json, Text, told
from archspec.studio.run_folders import RUNS
from archspec.views.summary import Summary


@dataclass(frozen=True, slots=True)
class Asked:
    """A network without problems, and what a view of it is asked for; `cost` is what it costs, where that is known by now."""

    text: Text
    spec: Spec
    graph: Graph
    view: Json
    cost: Summary | None = None

    def word(self, name: str) -> str:
        """A word of the view; '' of none."""
        value = self.view.get(name)
        return value if isinstance(value, str) else ""

    def one_of(self, name: str, words: tuple[str, ...]) -> Any:
        """One of these words, the first where none is given. Raises InputError."""
        found = self.word(name) or words[0]
        if found not in words:
            raise InputError(f"{name} is one of {' '.join(words)}")
        return found

    @property
    def repeat(self) -> calls.Repeat | None:
        """Of the repeats of a stage that which is asked for."""
        value = self.view.get("repeat")
        if value == "last":
            return "last"
        return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


@dataclass(frozen=True, slots=True)
class Other:
    """Another network, to be held against."""

    name: str
    said: str
    """How a command line names it; '' where it cannot."""
    text: Text
    spec: Spec


def picture(asked: Asked) -> Json:
    """The picture of a view; where there is none, why."""
    kind = asked.one_of("kind", tuple(VIEWS))
    try:
        return {"kind": kind, **VIEWS[kind](asked)}
    except InputError as error:
        message, hint = told(error)
        return {"kind": kind, "refused": message, "hint": hint}


def shown(asked: Asked, drawn: Picture) -> Json:
    """A picture as the page takes it: without a background."""
    theme: Theme = asked.one_of("theme", get_args(Theme))
    return {"svg": svg(drawn, theme, background=False), "title": drawn.title, "description": drawn.description,
            "fits": drawn.fits, "elements": Elements(asked.text, asked.spec, asked.graph).of(drawn.shapes)}


# -- views ---------------------------------------------------------------------------------------------------------------

def network(asked: Asked) -> Picture:
    """The whole network, folded."""
    return whole_picture(asked.graph, cost=asked.cost)


def block(asked: Asked) -> Picture:
    """A block, or that of a stage; where none is named the first."""
    return block_picture(part(asked))


def part(asked: Asked) -> calls.Shown:
    """What the block view shows. Raises InputError."""
    if stage := asked.word("stage"):
        return calls.stage(asked.graph, stage, asked.repeat)
    name = asked.word("block") or next((frame.name for node in asked.graph.predicting for frame in node.calls), "")
    if not name:
        return calls.stage(asked.graph, next(node.section for node in asked.graph.predicting if node.section))
    return calls.block(asked.graph, name, asked.repeat or 1)


def full(asked: Asked) -> Picture:
    """Every box, of a stage where one is named."""
    return full_picture(asked.graph, section=asked.word("stage"))


def difference(asked: Asked, other: Other) -> Picture | None:
    """Another network, and what this one has otherwise; None where nothing differs."""
    report = compared(other.spec, asked.spec, (other.name, asked.graph.name))
    return None if report.equal else compared_picture.picture(report)


def _full(asked: Asked) -> Json:
    if not asked.word("stage") and len(boxes_of(asked.graph)) > MOST:
        sections = [(name, len(boxes_of(asked.graph, name))) for name in asked.graph.sections]
        return {"choose": [name for name, boxes in sections if 0 < boxes <= MOST], "boxes": dict(sections)}
    return shown(asked, full(asked))


def _block(asked: Asked) -> Json:
    found = part(asked)
    return {**shown(asked, block_picture(found)), "block": found.title, "stage": found.nodes[0].section,
            "repeat": found.nodes[0].block}


def _table(asked: Asked) -> Json:
    style: Style = asked.one_of("style", get_args(Style))
    found = table({asked.spec.name: (asked.graph, asked.spec)}, style)
    return {"html": {"header": [*found.header], "rows": [[*map(_cell, row)] for row in found.rows], "words": found.words,
                     "totals": [{"name": name, "cells": [*map(_cell, row)]} for name, row in found.totals.items()]}}


def _cell(content: Content) -> list[str | Json]:
    """The pieces of a cell: words, and brackets with their lines and how often they are repeated."""
    return [three(piece.value) if isinstance(piece, Amount) else
            {"lines": [*piece.lines], "times": piece.times} if isinstance(piece, Bracket) else piece for piece in content]


def _difference(asked: Asked) -> Json:
    other = other_of(asked)
    found = difference(asked, other)
    both = {"other": {"name": other.name, "text": other.text.text}, "equal": found is None}
    return both if found is None else {**both, **shown(asked, found)}


VIEWS: Mapping[str, Callable[[Asked], Json]] = {
    "network": lambda asked: shown(asked, network(asked)), "block": _block, "full": _full, "table": _table, "diff": _difference}
"""By the name of the view. They raise InputError where there is no such picture."""


# -- other networks ------------------------------------------------------------------------------------------------------

def other_of(asked: Asked) -> Other:
    """What the difference is to: the saved file where nothing is said. Raises InputError."""
    said = asked.view.get("other") or {"saved": True}
    kind = next((each for each in OTHERS if isinstance(said, dict) and said.get(each)), None)
    if kind is None:
        raise InputError(f"a difference is to one of {' '.join(OTHERS)}")
    value = said[kind]
    if kind != "saved" and not isinstance(value, str):
        raise InputError(f"{kind} is a name")
    path, name, command = OTHERS[kind](asked, value)
    text = Text(path, here().read(path).text)
    found = checked(text)
    if found.spec is None:
        problem = found.problems[0] if found.problems else None
        why = f"{problem.where}: {problem.message}" if problem else "it is no network"
        raise InputError(f"{visible(name)} has problems ({visible(why)})")
    return Other(name, command, text, found.spec)


def _saved(asked: Asked, _: object) -> tuple[Path, str, str]:
    try:
        here().read(asked.text.path)
    except Missing:
        raise Missing("this is not saved yet, and there is nothing to compare it with\n  hint: choose another spec") from None
    return asked.text.path, "the saved file", ""


def _file(asked: Asked, name: str) -> tuple[Path, str, str]:
    return here().path(name), name, name


def _zoo(asked: Asked, name: str) -> tuple[Path, str, str]:
    return shipped_file(name), name, name


def _run(asked: Asked, name: str) -> tuple[Path, str, str]:
    return here().path(f"{RUNS}/{name}/spec.yaml"), f"the run {name}", f"{RUNS}/{name}/spec.yaml"


OTHERS: Mapping[str, Callable[[Asked, Any], tuple[Path, str, str]]] = {
    "saved": _saved, "file": _file, "zoo": _zoo, "run": _run}
"""By what `other` says: the file, what it is called, and how a command line names it."""
