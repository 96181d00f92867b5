"""One block or cell, with its branches, as the papers draw them."""

from __future__ import annotations

from archspec.draw.boxes import Part
from archspec.draw.captions import ROW, costs, legend, shape_text, tip, usual_act
from archspec.draw.laid import Laid, Layout, Look
from archspec.draw.shapes import Line, Shape, Text, extent
from archspec.draw.svg import Picture
from archspec.draw.tree import tree
from archspec.graph.types import Tensor


def block_picture(shown: Part, entered: Tensor, title: str, subtitle: str) -> Picture:
    """A part of a network as a picture of its own, from the shape that enters it to the one that leaves."""
    usual = usual_act(shown.boxes)
    laid = drawn(shown, Look(usual=usual))
    exit_type = next(box for box in shown.boxes if box.name == shown.exit).output
    shapes = [*laid.shapes, *ends(laid, shape_text(entered), shape_text(exit_type))]
    around = extent(shapes)
    left, wide = around.left, around.right - around.left
    head: list[Shape] = [Text(left, around.top - 31, title, "start", "b"),
                         Text(left, around.top - 15, subtitle, "start", "s", dim=True)]
    shapes += head
    foot = legend(shown.boxes, usual, left, around.bottom + 14, wide)
    bottom = extent(foot).bottom if foot else around.bottom
    shapes += [*foot, Text(left, bottom + ROW, costs(shown.boxes), "start", "s", dim=True)]
    labels = "; ".join(box.label for box in shown.boxes)
    return Picture(tuple(shapes), f"{title}: {subtitle}",
                   f"{len(shown.boxes)} boxes from {shape_text(entered)} to {shape_text(exit_type)}: {labels}")


def drawn(shown: Part, look: Look) -> Laid:
    """The boxes of a part with places and tooltips."""
    layout = Layout(look)
    layout.tips = {box.name: tip(box, layout.words(box)) for box in shown.boxes}
    return layout.laid(tree(shown), shown.entry)


def ends(laid: Laid, entered: str, left: str) -> list[Shape]:
    """The lines into and out of what is drawn, with words there; none behind it where they are empty."""
    ports = [port for port in laid.entries if port.drawn]
    straight = all(port.x == 0 for port in ports)
    shapes: list[Shape] = [] if not ports else [Text(0, -40 if straight else -52, entered, face="s", dim=True)]
    start = -34.0 if straight else -46.0
    bus = start + 13
    for port in ports:
        points = ((0.0, start), (0.0, port.y)) if port.x == 0 else ((0.0, start), (0.0, bus), (port.x, bus), (port.x, port.y))
        shapes.append(Line(points, "w" if port.dashed else "e", port.arrow, port.source or "entry"))
    for port in laid.exits[:1]:
        shapes.append(Line(((port.x, port.y), (port.x, port.y + 18)), "e", True, port.source))
        if left:
            shapes.append(Text(port.x, port.y + 30, left, face="s", dim=True))
    return shapes
