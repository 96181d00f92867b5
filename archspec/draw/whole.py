"""A whole network as a picture: by its sections, or by resolution where that tells more."""

from __future__ import annotations

from typing import Literal

from archspec.draw.block import Link
from archspec.draw.cells import fits_map
from archspec.draw.fit import Wanted
from archspec.draw.map import map_picture
from archspec.draw.network import network_picture
from archspec.draw.svg import Picture
from archspec.graph.ir import Graph
from archspec.views.summary import Summary

View = Literal["auto", "network", "map"]


def whole_picture(graph: Graph, view: View = "auto", *, width: Wanted = "auto", link: Link | None = None,
                  cost: Summary | None = None) -> Picture:
    """A network in a view; `auto`: a map where it upsamples and joins earlier values. `link` says where boxes lead.

    `cost` is what it costs, where that is known by now.

    Raises InputError where it has no map, or the picture is wider than it should be.
    """
    if view == "map" or (view == "auto" and fits_map(graph)):
        return map_picture(graph, width=width, link=link)
    return network_picture(graph, width=width, link=link, cost=cost)
