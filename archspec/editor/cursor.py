"""Where a cursor is in a text that need not be YAML yet: the keys and places in lists around it, and what is begun there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from archspec.editor.paths import Path

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


@dataclass(frozen=True, slots=True)
class At:
    """A cursor: `path` leads to the value in which it stands where `of_key`, else to the mapping or list in which it stands.

    `text` is what stands of that value, key or entry ahead of the cursor. In a comment nothing is written.
    """

    path: Path
    of_key: bool
    in_list: bool
    text: str
    in_comment: bool = False

    @property
    def in_expression(self) -> bool:
        """Whether it stands in `$(…)`."""
        begin = self.text.rfind("$(")
        return begin >= 0 and self.text.count("(", begin) > self.text.count(")", begin)

    @property
    def word(self) -> str:
        """The last word: in an expression a name, else what stands behind a blank or the = of an argument."""
        found = re.search(r"\w*$" if self.in_expression else r"[^\s=]*$", self.text)
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

    def line(self, line: str) -> None:
        """One more line."""
        self.comment = False
        if self.flows:
            self._flow("\n" + line)
            return
        bare = line.lstrip(" ")
        if self.literal >= 0 and (not bare or len(line) - len(bare) > self.literal):
            return
        self.literal = -1
        if not bare or bare.startswith("#"):
            self._blank(len(line) - len(bare))
            self.comment = bool(bare)
            return
        self._block(line, len(line) - len(bare))

    def _blank(self, indent: int) -> None:
        """An empty line: what is written next belongs where it is indented to."""
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
            self.levels.append(_Level(at, found[1].strip("\"'")))
            self.of_key, self.dashed, at = True, False, found.end()
        self.text, rest = "", ANCHOR.sub("", line[at:].lstrip(" "), count=1)
        if LITERAL.match(rest):
            self.literal = indent
        else:
            self._flow(rest)

    def _flow(self, text: str) -> None:
        """What stands in brackets, or behind a key or dash."""
        before = " "
        for char in text:
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
                self._inside(char)
            else:
                self._add(char)
            before = char

    def _inside(self, char: str) -> None:
        self._after_quotes()
        flow = self.flows[-1]
        if char in "]}":
            self.flows.pop()
        elif char == ",":
            flow.place, flow.key, flow.text = flow.place + 1, None, ""
        elif char in " \n" and flow.text.endswith(":") and flow.key is None:
            flow.key, flow.text = flow.text[:-1].strip().strip("\"'"), ""
        else:
            flow.text += " " if char == "\n" else char

    def _after_quotes(self) -> None:
        """Behind a key in quotes and its colon its value begins at once."""
        if self.flows and self.flows[-1].key is None and QUOTED.match(self.flows[-1].text):
            self.flows[-1].key, self.flows[-1].text = self.flows[-1].text.strip()[1:-2], ""

    def _add(self, char: str) -> None:
        if self.flows:
            self.flows[-1].text += char
        else:
            self.text += char

    def at(self) -> At:
        """The cursor behind what was read."""
        path: Path = tuple(level.part for level in self.levels)
        for flow in self.flows:
            path += flow.path()
        if not self.flows:
            return At(path, self.of_key, self.dashed, self.text.lstrip(), self.comment)
        flow = self.flows[-1]
        return At(path, flow.key is not None, flow.is_list and flow.key is None, flow.text.lstrip(), self.comment)


def cursor(text: str, line: int, column: int) -> At:
    """The place in a text; `line` and `column` count from 1, as those of problems."""
    lines = BREAK.split(text.removeprefix("\ufeff"))[:line]
    column -= line == 1 and text.startswith("\ufeff")
    scan = _Scan()
    for each in lines[:-1]:
        scan.line(each)
    last = lines[-1][:column - 1] if lines else ""
    if last.strip():
        scan.line(last)
    else:
        scan.comment = False
        if not scan.flows:
            scan._blank(len(last))
    return scan.at()
