"""The check of pictures catches each flaw in a picture made with that flaw alone."""

from __future__ import annotations

import pytest
from draw.flaws import flaws

STYLE = "<style>.p text{font-size:12px}.p .s{font-size:11px}.p .c{font-size:6px}.p .b{font-weight:bold}</style>"
BOX = ('<g data-layer="one"><rect x="10" y="30" width="90" height="24" class="conv"/>'
       '<text x="55" y="46" text-anchor="middle">3×3 conv</text></g>')
LINE = '<path class="e" d="M55 54L55 80" data-from="one"/>'


def picture(*things: str, more: str = 'data-fits="column"') -> str:
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" role="img" {more}><title id="t">a</title>'
            f'<desc id="d">b</desc>{STYLE}{"".join(things)}</svg>')


@pytest.mark.parametrize("things", [
    (BOX, LINE),
    # a sheet behind a box, whose edge the box covers
    ('<g data-layer="s"><rect x="16" y="36" width="90" height="24"/><rect x="10" y="30" width="90" height="24"/>'
     '<text x="55" y="46" text-anchor="middle">3×3 conv</text></g>',),
    # a line in its own circle, one into a panel, one that ends at an edge, two values that cross
    ('<g data-layer="sum"><circle cx="50" cy="100" r="9"/><path d="M46 100L54 100"/></g>',),
    ('<rect x="10" y="30" width="90" height="90" class="panel"/>', LINE, '<text x="20" y="100">words</text>'),
    ('<path class="e" d="M10 100L50 100" data-from="one"/>', '<path class="a" d="M54 100L48 96.5L48 103.5Z"/>', '<text x="59" y="104">words</text>'),
    ('<path class="e" d="M10 20L10 96" data-from="one"/>', '<path class="a" d="M10 100L6.5 94L13.5 94Z"/>'),
    (BOX, '<path class="e" d="M55 0L55 30" data-from="two"/>', '<path class="e" d="M10 10L200 10" data-from="one"/>'),
])
def test_nothing_is_wrong_with(things: tuple[str, ...]) -> None:
    assert flaws(picture(*things)) == []


@pytest.mark.parametrize("said, things", [
    ("'above' on 'words'", ('<text x="20" y="100">above</text>', '<text x="22" y="110">words</text>')),
    # six signs of 12 px: 18 % more than Arial's reach
    ("'aaaaaa' on 'b'", ('<text x="20" y="100">aaaaaa</text>', '<text x="64" y="100">b</text>')),
    ("'words' on line from one", (BOX, LINE, '<text x="50" y="70">words</text>')),
    ("'words' on line from two", ('<text x="50" y="70">words</text>',
                                  '<path d="M0 60L20 60Q26 60 26 66L26 66L90 67" data-from="two"/>')),
    ("'words' over the edge of box one", (BOX, '<text x="90" y="46">words</text>')),
    ("'3×3 conv, 1024' leaves its box one", (BOX.replace("3×3 conv", "3×3 conv, 1024"),)),
    ("'words' stands in circle sum", (
        '<g data-layer="sum"><circle cx="50" cy="100" r="39"/></g>', '<text x="40" y="100">words</text>')),
    ("'words' is covered by box", ('<text x="40" y="100">words</text>', '<rect x="10" y="80" width="90" height="44"/>')),
    ("line from two enters box one", (BOX, '<path d="M0 33L200 33" data-from="two"/>')),
    ("line from two enters box one", (BOX, '<path d="M0 20L22 60" data-from="two"/>')),
    ("line from two enters circle sum", ('<g data-layer="sum"><circle cx="50" cy="100" r="9"/></g>',
                                         '<path d="M0 100L45 100" data-from="two"/>')),
    ("line from two runs along the edge of box one", (BOX, '<path d="M0 54L40 54" data-from="two"/>')),
    ("line from one and line from two share a stretch", ('<path d="M0 40L20 40L20 80" data-from="one"/>',
                                                         '<path d="M20 70L20 90" data-from="two"/>')),
    ("line from one and line from two share a stretch", ('<path d="M0 40L40 60" data-from="one"/>',
                                                         '<path d="M20 50L60 70" data-from="two"/>')),
    ("lies on box one", (BOX, '<g data-layer="two"><rect x="90" y="40" width="40" height="24"/></g>')),
    ("the smallest type has 3.57 pt in a column", ('<text x="20" y="100" class="c">words</text>',)),
    ("the id one occurs twice", ('<g id="one"/>', '<g id="one"/>')),
    ("'words' leaves the picture", ('<text x="380" y="100">words</text>',)),
    ("points at nothing", ('<path class="e" d="M10 100L50 100" data-from="one"/>', '<path class="a" d="M54 100L48 96.5L48 103.5Z"/>',
                           '<text x="70" y="104">words</text>')),
    ("is not at multiples of a half", ('<rect x="10.3" y="30" width="90" height="24"/>',)),
])
def test_each_flaw_is_caught(said: str, things: tuple[str, ...]) -> None:
    found = flaws(picture(*things))
    assert len(found) == 1 and said in found[0], found


def test_a_picture_wider_than_it_says_is_caught() -> None:
    wide = picture(BOX).replace("0 0 400 400", "0 0 500 400")
    assert flaws(wide)[0] == "500 px do not fit a column"
    assert not flaws(wide.replace("column", "page"))
    assert not flaws(picture('<text x="20" y="100" class="c">words</text>', more='data-fits="free"'))


def test_a_picture_says_what_it_shows() -> None:
    assert flaws(picture(BOX).replace("<desc", "<g").replace("</desc", "</g")) == ["no role, title and desc"]


@pytest.mark.parametrize("thing", ['<g transform="scale(2)"/>', '<path d="M0 0A1 1 0 0 0 2 2"/>', "<image/>",
                                   '<text x="1" y="20">a<tspan>b</tspan></text>'])
def test_what_the_check_cannot_read_is_an_error(thing: str) -> None:
    with pytest.raises(ValueError, match="the check"):
        flaws(picture(thing))
