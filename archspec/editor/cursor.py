"""Where a cursor is in a text that need not be YAML yet: the keys and places in lists around it, and what is begun there."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from archspec.editor.paths import Path
from archspec.spec.source import MAX_DEPTH

KEY = re.compile(r"""("[^"\n]*"|'[^'\n]*'|[^\s\[\]{},#"'&*!|>%@`-][^:#\n]*?|-[^\s:#][^:#\n]*?)\s*:(?=\s|$)""")
"""A key of the block style, ahead of its colon."""
LITERAL = re.compile(r"[|>][-+0-9]* *(#.*)?$")
"""What begins a text of several lines."""
ANCHOR = re.compile(r"&\S+ +")
QUOTED = re.compile(r"""\s*("[^"]*"|'[^']*'):$""")
"""A key in quotes, behind whose colon no blank has to be."""
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
        found = re.search(r"\w*$" if self.in_expression else r"(\$\w*|[^\s=$]*)$", self.text)
        return found[0] if found else ""


@dataclass(slots=True)
class _Level:
    """A level of the block style: where it is indented to, and the key or place there. `dash`: whether it is a list's."""

    indent: int
    part: str | int
    dash: bool = False


@dataclass(slots=True)
class _Flow:
    """A bracket that is open: the key or place in it, and what stands since the last comma."""

    is_list: bool
    place: int = 0
    key: str | None = None
    text: str = ""
    begin: int = 0
    """The column of that text."""

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
    text: str = ""
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
    keys: dict[Path, dict[str, tuple[int, int]]] = field(default_factory=dict)
    """Of each mapping the keys by its path, with line and column."""

    def copy(self) -> _Scan:
        """The same so far; it knows no keys."""
        return replace(self, levels=[*self.levels], flows=[replace(flow) for flow in self.flows], keys={})

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
            self.text, self.of_key, self.dashed, self.comment = "", False, False, bool(bare)
            return
        self._block(line, len(line) - len(bare))

    def blank(self, indent: int) -> None:
        """An empty line with the cursor: what is written there belongs where it is indented to."""
        self.comment = False
        if not self.flows:
            self._close(indent, dash=False)
            self.text, self.of_key, self.dashed = "", False, False

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
        at, dash = indent, re.match(r"-(?:\s+|$)", line[indent:])
        last, self.dashed = self._close(indent, dash=dash is not None), dash is not None
        while dash is not None:
            self.levels.append(_Level(at, last + 1, dash=True))
            last, at = -1, at + dash.end()
            dash = re.match(r"-(?:\s+|$)", line[at:])
        self.of_key = False
        if found := KEY.match(line, at):
            key = found[1].strip("\"'")
            self._known(key, found.start() + 1)
            self.levels.append(_Level(at, key))
            self.of_key, self.dashed, at = True, False, found.end()
        self.text, rest = "", line[at:].lstrip(" ")
        if anchor := ANCHOR.match(rest):
            rest = rest[anchor.end():]
        if LITERAL.match(rest):
            self.literal = indent
        else:
            self._flow(rest, len(line) - len(rest) + 1)

    def around(self) -> Path:
        """The path of the levels of the block style."""
        return tuple(level.part for level in self.levels)

    def _known(self, key: str, column: int) -> None:
        if len(self.levels) + len(self.flows) <= MAX_DEPTH:  # what lies deeper is in no spec
            self.keys.setdefault(self._path(), {}).setdefault(key, (self.number, column))

    def _flow(self, text: str, column: int) -> None:
        """What stands in brackets, or behind a key or dash, from a column on."""
        before = " "
        for at, char in enumerate(text, column):
            if self.quote:
                self.quote = "" if char == self.quote else self.quote
                self._add(char)
            elif char in "\"'" and before in " [{,:=(\n":
                self.quote = char
                self._add(char)
            elif char == "#" and before in " \n":
                self.comment = True
                break
            elif char in "[{" and (self.flows or not self.text.strip()):
                self._after_quotes()
                self.flows.append(_Flow(char == "["))
            elif self.flows:
                self._inside(char, at)
            else:
                self._add(char)
            before = char

    def _inside(self, char: str, column: int) -> None:
        self._after_quotes()
        flow = self.flows[-1]
        if char in "]}":
            self.flows.pop()
        elif char == ",":
            flow.place, flow.key, flow.text = flow.place + 1, None, ""
        elif char in " \n" and flow.text.endswith(":") and flow.key is None:
            self._keyed(flow, flow.text[:-1].strip().strip("\"'"))
        else:
            if not flow.text.strip():
                flow.begin = column
            flow.text += " " if char == "\n" else char

    def _keyed(self, flow: _Flow, key: str) -> None:
        """The innermost bracket has a key, and its value begins."""
        self._known(key, flow.begin)
        flow.key, flow.text = key, ""

    def _after_quotes(self) -> None:
        """Behind a key in quotes and its colon its value begins at once."""
        if self.flows and self.flows[-1].key is None and QUOTED.match(self.flows[-1].text):
            self._keyed(self.flows[-1], self.flows[-1].text.strip()[1:-2])

    def _add(self, char: str) -> None:
        if self.flows:
            self.flows[-1].text += char
        else:
            self.text += char

    def _path(self) -> Path:
        return (*self.around(), *(part for flow in self.flows for part in flow.path()))

    def at(self) -> At:
        """The cursor behind what was read."""
        path = self._path()
        if not self.flows:
            return At(path, self.of_key, self.dashed, self.text.lstrip(), self.comment)
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
    if before.strip():
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
    number = scan.number + 1
    for line in lines:
        scan.line(line)
        if scan.number > number and line.strip() and not scan.flows and scan.around()[:len(path)] != path:
            break
    return [key for key, (there, begin) in scan.keys.get(path, {}).items()
            if there != number or not begin <= column <= begin + len(key)]
