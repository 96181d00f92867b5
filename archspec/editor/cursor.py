"""Where a cursor is in a text that need not be YAML yet: the keys and places in lists around it, and what is begun there."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from archspec.editor.paths import Path
from archspec.spec.source import MAX_DEPTH

KEY = re.compile(r"""("[^"\n]*"\s*|'[^'\n]*'\s*|[^\s\[\]{},#"'&*!|>%@`-][^:#\n]*|-[^\s:#][^:#\n]*):(?=\s|$)""")
"""A key of the block style, and blanks behind it, ahead of its colon."""
DASH = re.compile(r"-(?:\s+|$)")
LITERAL = re.compile(r"[|>][-+0-9]* *(#.*)?$")
"""What begins a text of several lines."""
ANCHOR = re.compile(r"&\S+ +")
PIECE = re.compile(r"""[^\s"'#\[\]{},:=(]+|.""", re.DOTALL)
"""Of what stands in brackets: a sign that may mean something there, or all up to the next such sign."""
WORD, OF_EXPRESSION = re.compile(r"\w*\$|[^\s=$]*"), re.compile(r"\w*")
"""The last word, from its end on."""
BREAK = re.compile(r"\r\n|\r|\n")
NO_BREAKS = {0x85: " ", 0x2028: " ", 0x2029: " "}
"""Signs that end a line for YAML alone, and for no editor."""
IN_FLOW, OUTSIDE = re.compile(r"[^,\[\]{}\n]*?(?= #|[,\[\]{}]|$)"), re.compile(r".*?(?= #|$)")
"""What a line goes on with of the value in which a cursor stands, in brackets and outside."""


@dataclass(frozen=True, slots=True)
class At:
    """A cursor: `path` leads to the value in which it stands where `of_key`, else to the mapping or list in which it stands.

    `text` is what stands of that value, key or entry ahead of the cursor, `behind` what the line goes on with behind it.
    `there` are the keys that the mapping at `path` has beside the one that is written. In a comment nothing is written.
    """

    path: Path
    of_key: bool
    in_list: bool
    text: str
    in_comment: bool = False
    behind: str = field(default="", compare=False)
    there: Collection[str] = field(default=(), compare=False)

    @property
    def in_expression(self) -> bool:
        """Whether it stands in `$(…)`."""
        begin = self.text.rfind("$(")
        return begin >= 0 and self.text.count("(", begin) > self.text.count(")", begin)

    @property
    def word(self) -> str:
        """The last word: in an expression a name, else what stands behind a blank or the = of an argument, or begins with $."""
        found = (OF_EXPRESSION if self.in_expression else WORD).match(self.text[::-1])  # a search would begin at each sign anew
        return found[0][::-1] if found else ""


@dataclass(slots=True)
class _Level:
    """A level of the block style: where it is indented to, and the key or place there. `dash`: whether it is a list's."""

    indent: int
    part: str | int
    dash: bool = False


@dataclass(slots=True)
class _Begun:
    """A value, entry or key as far as it stands there: in pieces, since a string would be copied with each sign."""

    pieces: list[str] = field(default_factory=list)
    begin: int = 0
    """The column of its first sign that is no blank; 0 of none."""
    quoted: int = 0
    """How many pieces the text in quotes has with which it begins; 0 of none, -1 while that is open."""

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.pieces)

    @property
    def colon(self) -> bool:
        """Whether it ends in one."""
        return bool(self.pieces) and self.pieces[-1] == ":"

    def add(self, piece: str, column: int) -> None:
        """Goes on with a piece that stands in a column."""
        if not self.begin and not piece.isspace():
            self.begin = column
        self.pieces.append(piece)

    def quote(self, sign: str, column: int) -> None:
        """Goes on with a text in quotes that begins in a column."""
        if not self.begin:
            self.quoted = -1
        self.add(sign, column)

    def unquote(self) -> None:
        """A text in quotes has ended."""
        if self.quoted < 0:
            self.quoted = len(self.pieces)

    def clear(self) -> None:
        """Begins anew."""
        self.pieces, self.begin, self.quoted = [], 0, 0

    def copy(self) -> Self:
        """The same, to go on with by itself."""
        return replace(self, pieces=[*self.pieces])


@dataclass(slots=True)
class _Flow(_Begun):
    """A bracket that is open: the key or place in it, and what stands since the last comma."""

    is_list: bool = False
    place: int = 0
    key: str | None = None

    def path(self) -> Path:
        """The parts of the path that it stands for."""
        place = (self.place,) if self.is_list else ()
        return place if self.key is None else (*place, self.key)


@dataclass(slots=True)
class _Scan:
    """Reads lines up to the cursor."""

    levels: list[_Level] = field(default_factory=list)
    flows: list[_Flow] = field(default_factory=list)
    quote: str = ""
    begun: _Begun = field(default_factory=_Begun)
    """Of the block style: the value or entry in which the line stands."""
    of_key: bool = False
    dashed: bool = False
    """Whether that is an entry of a list."""
    literal: int = -1
    """Within a text of several lines: how far its key is indented; -1 outside of one."""
    comment: bool = False
    """Whether the last line ends in a comment."""
    number: int = 0
    """How many lines were read."""
    keys: dict[Path, dict[str, tuple[int, int, int]]] = field(default_factory=dict)
    """Of each mapping the keys by its path, with line, column and that behind it."""

    def copy(self) -> _Scan:
        """The same so far; it knows no keys."""
        flows = [flow.copy() for flow in self.flows]
        return replace(self, levels=[*self.levels], flows=flows, begun=self.begun.copy(), keys={})

    def line(self, line: str) -> None:
        """One more line."""
        self.comment = False
        self.number += 1
        if self.flows:
            self._flow("\n" + line, 0)
            return
        bare = line.lstrip(" ")
        if self.literal >= 0 and (not bare or len(line) - len(bare) > self.literal):
            return
        self.literal = -1
        if not bare or bare.startswith("#"):
            self._nothing()
            self.comment = bool(bare)
            return
        self._block(line, len(line) - len(bare))

    def blank(self, indent: int) -> None:
        """An empty line with the cursor, in no bracket: what is written there belongs where it is indented to."""
        self.comment = False
        self._close(indent, dash=False)
        self._nothing()

    def _nothing(self) -> None:
        """Nothing is begun in the line."""
        self.begun.clear()
        self.of_key = self.dashed = False

    def _close(self, indent: int, *, dash: bool) -> int:
        """Leaves the levels that end here; the place of the last entry of a list at this indent, -1 of none."""
        last = -1
        while self.levels:
            level = self.levels[-1]
            if level.indent < indent or (level.indent == indent and dash and not level.dash):
                break
            if level.indent == indent and level.dash and dash:
                last = int(level.part)
            self.levels.pop()
        return last

    def _block(self, line: str, indent: int) -> None:
        at, dash = indent, DASH.match(line, indent)
        last, self.dashed = self._close(indent, dash=dash is not None), dash is not None
        while dash is not None:
            self.levels.append(_Level(at, last + 1, dash=True))
            last, at = -1, dash.end()
            dash = DASH.match(line, at)
        self.of_key = False
        if found := KEY.match(line, at):
            key = self._known(found[1].rstrip(), found.start() + 1)
            self.levels.append(_Level(at, key))
            self.of_key, self.dashed, at = True, False, found.end()
        self.begun.clear()
        rest = line[at:].lstrip(" ")
        if anchor := ANCHOR.match(rest):
            rest = rest[anchor.end():]
        if LITERAL.match(rest):
            self.literal = indent
        else:
            self._flow(rest, len(line) - len(rest) + 1)

    def around(self, most: int | None = None) -> Path:
        """The path of the levels of the block style, or so many parts of it."""
        return tuple(level.part for level in self.levels[:most])

    def _known(self, written: str, column: int) -> str:
        """The key that is written at a column, which is known from then on."""
        key = written.strip("\"'")
        if len(self.levels) + len(self.flows) <= MAX_DEPTH:  # what lies deeper is in no spec
            self.keys.setdefault(self._path(), {}).setdefault(key, (self.number, column, column + len(written)))
        return key

    def _flow(self, text: str, column: int) -> None:
        """What stands in brackets, or behind a key or dash, from a column on."""
        before = " "
        for found in PIECE.finditer(text):
            piece, at = found[0], column + found.start()
            self._after_quotes()
            begun = self.flows[-1] if self.flows else self.begun
            if self.quote:
                begun.add(piece, at)
                if piece == self.quote:
                    self.quote = ""
                    begun.unquote()
            elif piece in "\"'" and not begun.begin:  # within a text that began without, it is a sign like others
                self.quote = piece
                begun.quote(piece, at)
            elif piece == "#" and before in " \n":
                self.comment = True
                break
            elif piece in "[{" and (self.flows or not self.begun.begin):
                self.flows.append(_Flow(is_list=piece == "["))
            elif self.flows:
                self._inside(piece, at)
            else:
                begun.add(piece, at)
            before = piece[-1]

    def _inside(self, piece: str, column: int) -> None:
        flow = self.flows[-1]
        if piece in "]}":
            self.flows.pop()
        elif piece == ",":
            flow.place, flow.key = flow.place + 1, None
            flow.clear()
        elif piece in " \n" and flow.colon and flow.key is None:
            self._keyed(flow)
        else:
            flow.add(" " if piece == "\n" else piece, column)

    def _keyed(self, flow: _Flow) -> None:
        """The innermost bracket has a key, and its value begins."""
        flow.key = self._known(flow.text[:-1].strip(), flow.begin)
        flow.clear()

    def _after_quotes(self) -> None:
        """Behind a key in quotes and its colon its value begins at once."""
        flow = self.flows[-1] if self.flows else None
        if flow is not None and flow.key is None and flow.colon and len(flow.pieces) == flow.quoted + 1 > 1:
            self._keyed(flow)

    def _path(self) -> Path:
        return (*self.around(), *(part for flow in self.flows for part in flow.path()))

    def at(self) -> At:
        """The cursor behind what was read."""
        path = self._path()
        if not self.flows:
            return At(path, self.of_key, self.dashed, self.begun.text.lstrip(), self.comment)
        flow = self.flows[-1]
        return At(path, flow.key is not None, flow.is_list and flow.key is None, flow.text.lstrip(), self.comment)


def cursor(text: str, line: int, column: int) -> At:
    """The place in a text; `line` and `column` count from 1, as those of problems."""
    lines = BREAK.split(text.removeprefix("\ufeff"))
    line = min(line, len(lines))
    column -= line == 1 and text.startswith("\ufeff")
    scan = _Scan()
    for each in lines[:line - 1]:
        scan.line(each)
    here, before = scan.copy(), lines[line - 1][:column - 1]
    if before.strip() or here.flows:
        here.line(before)
    else:
        here.blank(len(before))
    at, behind = here.at(), lines[line - 1][column - 1:]
    rest = (IN_FLOW if here.flows else OUTSIDE).match(behind)
    keyed = at.of_key or at.in_list or at.in_comment
    return replace(at, behind=rest[0] if rest else "", there=() if keyed else _there(scan, at.path, lines[line - 1:], column))


def _there(scan: _Scan, path: Path, lines: Sequence[str], column: int) -> Collection[str]:
    """The keys of the mapping at a path in which a cursor stands, but for the one under it, which may become another one.

    `scan` has read what is ahead of the cursor's line, `lines` are that one and what follows, of which no more is read than
    belongs to the mapping.
    """
    if len(path) > MAX_DEPTH:
        return ()
    number = scan.number + 1
    for line in lines:
        scan.line(line)
        if scan.number > number and line.strip() and not scan.flows and scan.around(len(path)) != path:
            break
    return [key for key, (there, begin, end) in scan.keys.get(path, {}).items()
            if there != number or not begin <= column <= end]
