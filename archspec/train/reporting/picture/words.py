"""What stands in the picture: labels short enough for the space below an image, and the recipe in a few lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from PIL import ImageFont

from archspec.errors import visible
from archspec.schema.keys import to_json
from archspec.spec.augment import Operation
from archspec.spec.dump import to_inline

Labels = Mapping[int, float]
"""Classes by number, each with its share of the truth: 1 where nothing is mixed."""
Width = Callable[[str], float]
"""Of a text in pixels."""
MORE = "…"


def legible(text: str) -> str:
    r"""A text that the font can show: signs that it has not as \u82b1."""
    known = _signs()
    return "".join(sign if ord(sign) in known else sign.encode("ascii", "backslashreplace").decode() for sign in visible(text))


def class_names(classes: Sequence[str]) -> tuple[str, ...]:
    """The classes as captions name them: one that the font cannot write by its number, too."""
    found = ((name, legible(name)) for name in classes)
    return tuple(shown if shown == name else f"class {number} ({shown})" for number, (name, shown) in enumerate(found))


def caption(labels: Labels, names: Sequence[str], width: Width, room: float, lines: int) -> tuple[str, ...]:
    """Labels in up to so many lines, none wider than `room`: `cat 0.7 / dog 0.3`; what has no room is counted."""
    if not labels:
        return ("no label",)
    mixed = any(share != 1 for share in labels.values())
    told, sign = {names[number]: f" {share:g}" * mixed for number, share in labels.items()}, " / " if mixed else ", "
    if width(whole := sign.join(name + share for name, share in told.items())) <= room:
        return (whole,)
    if len(told) == 1:
        return broken(whole, width, room, lines)
    if len(told) <= lines:
        return tuple(shortened(name, width, room, share) for name, share in told.items())
    return _packed(told, sign, width, room, lines)


def _packed(told: Mapping[str, str], sign: str, width: Width, room: float, lines: int) -> tuple[str, ...]:
    """As many as there is room for, the rest as +3 behind the last line."""
    rest, found = [name + share for name, share in told.items()], list[str]()
    while rest and len(found) < lines:
        line = shortened(rest.pop(0), width, room)
        while rest and width(line + sign + rest[0] + _left(rest[1:], found, lines)) <= room:
            line += sign + rest.pop(0)
        found.append(line)
    tail = f" +{len(rest)}" if rest else ""
    return (*found[:-1], shortened(found[-1], width, room, tail))


def _left(rest: Sequence[str], found: Sequence[str], lines: int) -> str:
    """What comes behind a line where it is the last one."""
    return f" +{len(rest)}" if rest and len(found) == lines - 1 else ""


def shortened(text: str, width: Width, room: float, tail: str = "") -> str:
    """A text with what has to stand behind it, the text cut off with an ellipsis where it has no room."""
    if width(text + tail) <= room:
        return text + tail
    while text and width(text + MORE + tail) > room:
        text = text[:-1]
    return text.rstrip() + MORE + tail


def broken(text: str, width: Width, room: float, lines: int) -> tuple[str, ...]:
    """A text in up to so many lines, broken between words where it can be."""
    if lines == 1 or width(text) <= room:
        return (shortened(text, width, room),)
    end = next((end for end in range(len(text), 1, -1) if width(text[:end]) <= room), 1)
    between = [place + 1 for place in range(end // 2, end) if text[place] in " _-/"]
    end = between[-1] if between else end
    return (text[:end].rstrip(), *broken(text[end:], width, room, lines - 1))


def shortened_path(path: str, width: Width, room: float) -> str:
    """The end of a path, which tells one image from another."""
    if width(path) <= room:
        return path
    while path and width(MORE + path) > room:
        path = path[1:]
    return MORE + path


def wrapped(parts: Sequence[str], width: Width, room: float) -> list[str]:
    """Parts, between commas, in as many lines as they need."""
    lines = list[str]()
    for place, part in enumerate(parts):
        said = part + "," * (place < len(parts) - 1)
        if lines and width(f"{lines[-1]} {said}") <= room:
            lines[-1] += f" {said}"
        else:
            lines.append(shortened(said, width, room))
    return lines


def operations(augmentation: Sequence[Operation]) -> list[str]:
    """A recipe's list as a spec has it, each with what differs from its defaults: `mixup: {alpha: 0.5}`."""
    return [_operation(each) for each in augmentation] or ["nothing"]


def _operation(operation: Operation) -> str:
    said = {name: _whole(to_json(getattr(operation, name))) for name, each in operation.declared.items()
            if getattr(operation, name) != each.default}
    if list(said) == [operation.main]:
        return f"{operation.word}: {to_inline(said[operation.main])}"
    return operation.word + (f": {to_inline(said)}" if said else "")


def _whole(value: object) -> object:
    """Numbers as a person writes them: 7 and not 7.0."""
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@cache
def plain() -> ImageFont.FreeTypeFont:
    """The letters of a picture."""
    return ImageFont.truetype(font(bold=False), 12)


@cache
def bold(size: int = 16) -> ImageFont.FreeTypeFont:
    """Those of its headings, so many pixels high."""
    return ImageFont.truetype(font(bold=True), size)


@cache
def font(bold: bool) -> Path:
    """DejaVu Sans, which comes with matplotlib: Latin, Greek, Cyrillic, Arabic; Pillow's own has Latin letters alone."""
    import matplotlib
    return Path(matplotlib.get_data_path(), "fonts", "ttf", f"DejaVuSans{'-Bold' * bold}.ttf")


@cache
def _signs() -> frozenset[int]:
    """The signs that the font has."""
    from matplotlib.ft2font import FT2Font
    return frozenset(FT2Font(str(font(bold=False))).get_charmap())
