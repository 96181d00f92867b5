"""The views of a network: each a function in a table, from the network and what is asked of it to a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from archspec.draw.svg import Picture, svg
from archspec.draw.whole import whole_picture
from archspec.errors import InputError, SpecError
from archspec.graph.ir import Graph
from archspec.spec.arch import Spec
from archspec.studio.elements import Elements
from archspec.studio.places import Json, Text


@dataclass(frozen=True, slots=True)
class Asked:
    """A network without problems, and what a view of it is asked for."""

    text: Text
    spec: Spec
    graph: Graph
    view: Json


def picture(text: Text, spec: Spec, graph: Graph, view: Json) -> Json:
    """The picture of a view; where there is none, why."""
    kind = view.get("kind") or "network"
    if kind not in VIEWS:
        raise InputError(f"there is no view of that name\n  hint: views: {' '.join(VIEWS)}")
    try:
        return {"kind": kind, **VIEWS[kind](Asked(text, spec, graph, view))}
    except SpecError as error:
        return {"kind": kind, "refused": str(error.problems[0]).split("\n")[0], "hint": ""}
    except InputError as error:
        message, _, hint = str(error).partition("\n  hint: ")
        return {"kind": kind, "refused": message, "hint": hint}


def shown(asked: Asked, drawn: Picture) -> Json:
    """A picture as the page takes it."""
    return {"svg": svg(drawn, background=False), "title": drawn.title, "description": drawn.description, "fits": drawn.fits,
            "elements": Elements(asked.text, asked.graph).of(drawn.shapes)}


def _network(asked: Asked) -> Json:
    return shown(asked, whole_picture(asked.graph))


VIEWS: Mapping[str, Callable[[Asked], Json]] = {"network": _network}
"""By the name of the view."""
