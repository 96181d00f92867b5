"""One block or cell, with its branches, as the papers draw them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from archspec.draw.boxes import Box, Part
from archspec.draw.calls import Shown
from archspec.draw.captions import ROW, Legend, costs, shape_text, tip, usual_act
from archspec.draw.fit import MOST, WIDTHS, Wanted, least, too_many, too_wide
from archspec.draw.growth import growth, panel
from archspec.draw.laid import Laid, Layout, Look, Port
from archspec.draw.lettering import wrapped
from archspec.draw.shapes import SIZES, Line, Point, Shape, Text, extent, half, straight
from archspec.draw.svg import MARGIN, Picture
from archspec.draw.tree import tree
from archspec.errors import Where

Link = Callable[[Where], str]
"""Where a box leads to, by where it is written; empty: nowhere."""
LOOKS = (Look(), Look(aside=8), Look(aside=8, broken=True), Look(aside=8, broken=True, short=True))
"""From the roomiest to the tightest."""


def block_picture(shown: Shown, *, depth: int | None = None, width: Wanted = "auto", link: Link | None = None) -> Picture:
    """A block, the stem or the head: from the shape that enters to the one that leaves, then legend and cost.

    `depth` is how many levels of called blocks are opened (none: as fits); `link` says where boxes lead. Raises InputError
    where the picture is wider than it should be, or of so many boxes that nobody reads it.
    """
    part = shown.part(depth)
    if len(part.boxes) > MOST:
        way_out = "a smaller --depth has fewer" if depth else "archspec summary --layers lists them"
        raise too_many(shown.title, len(part.boxes), way_out)
    usual = usual_act(part.boxes)
    looks = [replace(look, usual=usual) for look in LOOKS]
    drawn = [_drawn(part, shown, look, link) for look in looks]
    wide = [_wide(shapes) for shapes in drawn]
    chosen, limit = least(wide, width)
    if width != "auto" and wide[chosen] > limit:
        raise too_wide(shown.title, wide[chosen], width, more="--depth 0 for fewer boxes")
    shapes = drawn[chosen]
    around = extent(shapes)
    room = max(around.right - around.left, min(limit, WIDTHS["column"]) - 2 * MARGIN)
    return _captioned(shapes, part, shown, looks[chosen], room)


def _wide(shapes: Sequence[Shape]) -> float:
    around = extent(shapes)
    return half(around.right - around.left + 2 * MARGIN)


def _drawn(part: Part, shown: Shown, look: Look, link: Link | None) -> list[Shape]:
    laid = drawn(part, look, link)
    entered, left = shape_text(shown.entered.type), shape_text(_exit(part).output)
    if not shown.growth:
        return [*laid.shapes, *ends(laid, part, entered, left)]
    behind = panel(extent(laid.shapes), len(shown.growth) - 1)
    left = left.replace(str(shown.growth[1]), str(shown.growth[-1]))
    shapes = [*behind, *laid.shapes, *ends(laid, part, entered, left, 36)]
    around = extent(shapes)
    return [*shapes, *growth(shown.growth, half(around.right) + 26, half(around.top) + 12)]


def _captioned(shapes: Sequence[Shape], part: Part, shown: Shown, look: Look, room: float) -> Picture:
    """The picture with its title above and what its marks mean below."""
    around = extent(shapes)
    left, top, below = -half(-around.left), -half(-around.top), half(around.bottom)
    places = wrapped(shown.place, room, SIZES["s"])
    title = Text(left, top - 16 - ROW * len(places), shown.title, "start", "b")
    head = [title, *(Text(left, top - 15 - ROW * (len(places) - 1 - row), words, "start", "s", dim=True)
                     for row, words in enumerate(places))]
    legend = Legend(left, below + 14, room)
    legend.outside(part)
    legend.strips(part.boxes, look)
    legend.blocks(part.boxes)
    if look.short:
        legend.short(part.boxes)
    legend.words(costs(part.boxes))
    labels = "; ".join(box.label for box in part.boxes)
    entered, left_ = shape_text(shown.entered.type), shape_text(_exit(part).output)
    return Picture((*shapes, *head, *legend.shapes), f"{shown.title}: {shown.place}",
                   f"{len(part.boxes)} boxes from {entered} to {left_}: {labels}. {costs(part.boxes)}.")


def _exit(part: Part) -> Box:
    return next(box for box in part.boxes if box.name == part.exit)


def drawn(part: Part, look: Look, link: Link | None = None) -> Laid:
    """The boxes of a part with places and tooltips."""
    layout = Layout(look)
    layout.tips = {box.name: tip(box, layout.words(box)) for box in part.boxes}
    if link:
        layout.links = {box.name: link(box.where) for box in part.boxes}
    return layout.laid(tree(part), part.entry)


def _arriving(port: Port, points: Sequence[Point], part: Part) -> Line:
    return Line(straight(points), "w" if port.dashed else "e", port.arrow, part.entry)


def ends(laid: Laid, part: Part, entered: str, left: str, down: float = 18) -> list[Shape]:
    """The lines into and out of what is drawn, with words there if there are any; the last is so long."""
    ports = [port for port in laid.entries if port.drawn]
    shapes: list[Shape] = []
    if len({port.x for port in ports}) == 1:
        # level with the names from elsewhere beside it, if there are any
        port, high = ports[0], 22 if ports[0].y else 34
        shapes.append(Text(port.x, port.y - high - 6, entered, face="s", dim=True))
        shapes += [_arriving(port, ((port.x, port.y - high), (port.x, port.y)), part) for port in ports]
    elif ports:
        shapes.append(Text(0, -52, entered, face="s", dim=True))
        shapes += [_arriving(port, ((0, -46), (0, -33), (port.x, -33), (port.x, port.y)), part) for port in ports]
    for port in laid.exits[:1]:
        shapes.append(Line(((port.x, port.y), (port.x, port.y + down)), "e", True, port.source))
        if left:
            shapes.append(Text(port.x, port.y + down + 12, left, face="s", dim=True))
    return shapes
