"""YAML text to a tree whose every part knows its file, line and column.

Scalars follow YAML 1.2's core schema, more strictly (docs/language.md, Values): PyYAML reads YAML 1.1, where `1e-4` is
text, `no` false and a duplicate key silently wins. The tree is built from PyYAML's events, so aliases are counted
unfolded and tags are refused before anything is made of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from archspec.errors import Problem, SpecError, Where, shorten
from archspec.io.places import called, relative
from archspec.io.stopping import go_on
from archspec.io.unsaved import unsaved_text
from archspec.schema.tree import BROKEN, Atom, ListTree, MappingTree, Scalar, Tree, kind

MAX_BYTES = 1_000_000
SPEC = "a spec"
"""What a file is taken for where nothing else is said."""
MAX_NODES = 100_000
SHORT = 10_000
"""Characters; all recipes that ship are shorter, and nearly all specs."""
MAX_DEPTH = 60
MAX_DIGITS = 18
MAX_PATH = 400
"""Characters of a key path; what lies deeper has the path of what it lies in."""
TOO_DEEP = f"the document is nested deeper than {MAX_DEPTH} levels, aliases counted unfolded"

INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
NO_COLON = "could not find expected ':'"
"""What libyaml says where a key has no colon."""
NESTED = re.compile(rf"[\[{{](?:[ \t]*[\[{{]){{{MAX_DEPTH}}}")
"""More brackets opened in a row than there may be levels."""
WORD = re.compile(r"[A-Za-z]\w*")
"""An operation in a line of its own, without a dash."""
BREAKS = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
WORDS = {"null": None, "~": None, "true": True, "false": False}

SYNTAX_HINTS = {
    NO_COLON: "a key has a colon and its value behind it, key: value",
    "mapping values are not allowed": "keys of one mapping begin in the same column, one a line",
    "did not find expected key": "keys of one mapping begin in the same column, one a line",
    "did not find expected '-'": "the entries of a list begin with a dash in the same column",
    "did not find expected ',' or": "a bracket that was opened above is not closed, or a comma is missing",
    "unexpected end of stream": "a quote that was opened is not closed",
    "cannot start any token": "quote a text that begins with this sign",
    "surrogates not allowed": "write it as UTF-8 text",
}
"""What is wrong most often where libyaml says this."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class TooLong(ValueError):
    """A number that is written too long or is too large; the hint says what is not."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def atom(text: str) -> Atom:
    """The value of a plain scalar. Raises TooLong."""
    if text in WORDS:
        return WORDS[text]
    if INTEGER.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise TooLong(f"a number of {len(text)} digits", f"a whole number has at most {MAX_DIGITS}")
        return int(text)
    if not FLOAT.fullmatch(text):
        return text
    value = float(text)
    if abs(value) == float("inf"):
        raise TooLong(f"the number {shorten(text)} is too large", "numbers stay below 1e308")
    return value


def read(path: Path, problems: list[Problem] | None = None, what: str = SPEC) -> MappingTree:
    """The tree of a file, which should be `what`. Parts that cannot be read go to `problems` where given, and are BROKEN.

    Raises SpecError where nothing can be made of the file, or with every such part.
    """
    file = relative(path)
    where = Where(file, called=called(path))
    try:
        raw = _held(path)
    except OSError as error:
        raise SpecError([Problem("unreadable", where, f"the file cannot be read: {error.strerror}")]) from None
    if len(raw) > MAX_BYTES:
        raise SpecError([Problem("too-large", where, f"the file is larger than {MAX_BYTES} bytes")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[:error.start].count(b"\n") + 1
        raise SpecError([Problem("not-utf8", replace(where, line=line), "the file is not UTF-8 text",
                                 "save it as UTF-8")]) from None
    return document(text, file, problems, where.called, what)


def _held(path: Path) -> bytes:
    """What a file holds, up to one byte more than it may; what an editor holds for it counts instead."""
    text = unsaved_text(path)
    if text is not None:
        return text.encode(errors="surrogatepass")  # half of a sign: no UTF-8, which is told
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def document(text: str, file: str, problems: list[Problem] | None = None, called: str = "", what: str = SPEC) -> MappingTree:
    """The tree of a text that has to be one mapping. `called` is what messages call the file, `what` what it should be."""
    try:
        tree = parse(text, file, problems=problems, called=called)
    except SpecError as error:
        if what == SPEC:
            raise
        raise SpecError([replace(each, hint=f"{what} is a mapping of keys") if each.code == "empty" else each
                         for each in error.problems]) from None
    if isinstance(tree, MappingTree):
        return tree
    raise SpecError([Problem("not-a-mapping", tree.where, f"{what} is a mapping of keys, this is {kind(tree)}",
                             "the smallest spec has the keys input and head" if what == SPEC else "")])


def parse(text: str, file: str, within: Where | None = None, problems: list[Problem] | None = None,
          called: str = "") -> Tree:
    """The tree of a text, which may stand within a line of another."""
    if within is not None:
        tree, found = _read(text, Where(file, called=called), within)
    else:
        tree, found = (_short if len(text) <= SHORT else _whole)(text, file, called)
    if problems is not None:
        problems.extend(found)
    elif found:
        raise SpecError(found)
    return tree


@lru_cache(maxsize=8)
def _whole(text: str, file: str, called: str) -> tuple[Tree, tuple[Problem, ...]]:
    """The last texts are kept: who checks what is typed reads its parents again and again."""
    return _read(text, Where(file, called=called), None)


@lru_cache(maxsize=64)
def _short(text: str, file: str, called: str) -> tuple[Tree, tuple[Problem, ...]]:
    """More of those that take little memory: the recipes and parents that ship come again with one spec after the other."""
    return _read(text, Where(file, called=called), None)


def _read(text: str, where: Where, within: Where | None) -> tuple[Tree, tuple[Problem, ...]]:
    reader = _Reader(where, BREAKS.split(text), within)
    try:
        tree = reader.document(yaml.parse(text, Loader=_Loader))
    except (yaml.YAMLError, UnicodeEncodeError) as error:  # the second for bytes of a command line that are not UTF-8
        raise SpecError([*reader.problems, reader.syntax(error)]) from None
    return tree, tuple(reader.problems)


class _TooLarge(Exception):
    """Raised to stop reading a document that grows beyond its bounds."""


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A part of the tree that aliases repeat: its numbers of values, of characters and of levels."""

    tree: Tree
    size: int
    length: int
    height: int


def _below(path: str, part: str) -> str:
    """The path of a part: without bounds, long keys around many values would take gigabytes."""
    return f"{path}{part}".lstrip(".") if len(path) + len(part) <= MAX_PATH else path


AFTER_QUESTION = re.compile(r"(?<![^\s\[{,])\?[\s,]*$")
"""YAML takes a bare ? for the mark of a key."""
COLONLESS = re.compile(r"(\w+) +(\S.*)")
"""A key and its value, with nothing between them."""
QUESTION = "inside [...] and {...} a ? stands in quotes: reshape: [1, '?', 8]"


def _syntax_hint(error: str, where: Where, before: str) -> str:
    """What to write where YAML's own message does not say it; `before` is the line ahead."""
    line = where.text
    if line[where.column - 1:where.column] == "?" and "node content" in error:
        return QUESTION
    if "$(" in line:
        return 'inside [...] and {...} a comma or bracket ends a value: quote it, "$(min(8, a))"'
    if "\\t" in error or "\t" in line:
        return "indent with spaces, never tabs"
    if "mapping values are not allowed" in error and (line.count(": ") > 1 or WORD.fullmatch(before)):
        return "operations stand in a list: stem: [conv: 3x3 16], or each behind a dash in a line of its own"
    return next((hint for part, hint in SYNTAX_HINTS.items() if part in error), "")


def _is_empty(event: yaml.ScalarEvent) -> bool:
    return not event.value and event.style not in ("'", '"')


class _Reader:
    """Builds a tree from events; collects problems and goes on where it can."""

    def __init__(self, file: Where, lines: list[str], within: Where | None) -> None:
        self.file = file
        self.lines = lines
        self.within = within
        self.problems: list[Problem] = []
        self.open = False
        """Whether a parenthesis was left open, whose rest YAML takes for further values."""
        self.flow = False
        """Whether what is read stands in [...] or {...}, where a comma ends a value."""
        self.anchors: dict[str, _Anchor] = {}
        self.count = 0
        self.length = 0
        self.deepest = 0
        self.here = file

    def document(self, events: Iterator[yaml.Event]) -> Tree:
        next(events)
        start = next(events)
        if isinstance(start, yaml.StreamEndEvent):
            raise SpecError([Problem("empty", self.file, "the file is empty",
                                     "the smallest spec has the keys input and head")])
        try:
            tree = self.tree(next(events), events, self.within.path if self.within else "", 0)
        except _TooLarge as error:
            raise SpecError([*self.problems, Problem("too-large", self.here, str(error))]) from None
        next(events)
        following = next(events)
        if isinstance(following, yaml.DocumentStartEvent):
            self.problem("second-document", self.at(following.start_mark, ""), "a file holds one document",
                         "put the second one into a file of its own")
        return tree

    def problem(self, code: str, where: Where, message: str, hint: str = "") -> None:
        self.problems.append(Problem(code, where, message, hint))

    def at(self, mark: Any, path: str) -> Where:
        if self.within is not None:
            column = min(mark.column if mark.line == 0 else len(self.within.text), len(self.within.text))
            return replace(self.within, column=column + 1, path=path)
        if mark.line >= len(self.lines):  # libyaml ends the last line where the file does not
            last = self.lines[-1]
            return Where(self.file.file, len(self.lines), len(last) + 1, path, last, self.file.called)
        return Where(self.file.file, mark.line + 1, mark.column + 1, path, self.lines[mark.line], self.file.called)

    def syntax(self, error: yaml.YAMLError | UnicodeEncodeError) -> Problem:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        if getattr(error, "problem", None) == NO_COLON:  # what is told of is the key, not the line after it
            mark = getattr(error, "context_mark", None) or mark
        where = self.at(mark, "") if mark else self.control()
        if deep := NESTED.search(where.text[:where.column]):  # libyaml 0.2.6 looks a thousand brackets ahead and gives up
            return Problem("too-large", replace(where, column=deep.end()), TOO_DEEP)
        text = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        before = self.lines[where.line - 2].strip() if self.within is None and 1 < where.line <= len(self.lines) else ""
        return Problem("yaml-syntax", where, f"this is not YAML: {text}", _syntax_hint(text, where, before))

    def control(self) -> Where:
        """The first character that YAML does not allow."""
        for number, line in enumerate(self.lines, 1):
            if found := CONTROL.search(line):
                return replace(self.file, line=number, column=found.start() + 1, text=CONTROL.sub("?", line))
        return self.file

    def tree(self, event: Any, events: Iterator[yaml.Event], path: str, depth: int) -> Tree:
        self.here = where = self.at(event.start_mark, path)
        self.grow(1, len(getattr(event, "value", "")))
        self.deepen(depth)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, where, depth)
        values, characters, outer, self.deepest = self.count, self.length, self.deepest, depth
        around, self.flow = self.flow, getattr(event, "flow_style", self.flow)
        if event.tag is not None:
            self.problem("tag", where, "a spec has no tags, this is "
                         + shorten(event.tag.replace("tag:yaml.org,2002:", "!!")), "leave the tag out")
        tree: Tree
        if isinstance(event, yaml.MappingStartEvent):
            tree = self.mapping(events, where, path, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            tree = self.sequence(events, where, path, depth)
        else:
            tree = self.scalar(event, where)
        if event.anchor is not None:
            length = self.length - characters + len(getattr(event, "value", ""))
            self.anchors[event.anchor] = _Anchor(tree, self.count - values + 1, length, self.deepest - depth)
        self.deepest, self.flow = max(outer, self.deepest), around
        self.open = self.open and around
        return tree

    def deepen(self, depth: int) -> None:
        self.deepest = max(self.deepest, depth)
        if depth > MAX_DEPTH:
            raise _TooLarge(TOO_DEEP)

    def grow(self, values: int, characters: int) -> None:
        go_on()
        self.count += values
        self.length += characters
        if self.count > MAX_NODES:
            raise _TooLarge(f"the document has more than {MAX_NODES} values, aliases counted unfolded")
        if self.length > MAX_BYTES:
            raise _TooLarge(f"the document has more than {MAX_BYTES} characters, aliases counted unfolded")

    def alias(self, event: Any, where: Where, depth: int) -> Tree:
        anchor = self.anchors.get(event.anchor)
        if anchor is None:
            self.problem("alias", where, f"no anchor &{shorten(event.anchor)} stands before this alias",
                         f"write &{shorten(event.anchor)} before the value that it repeats, or quote the text")
            return Scalar(BROKEN, "", where)
        self.grow(anchor.size, anchor.length)
        self.deepen(depth + anchor.height)
        return anchor.tree

    def sequence(self, events: Iterator[yaml.Event], where: Where, path: str, depth: int) -> ListTree:
        items: list[Tree] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            was_open = self.open
            item = self.tree(event, events, _below(path, f"[{len(items)}]"), depth + 1)
            if was_open and isinstance(item, Scalar):  # what stands between the parentheses, and behind it all
                self.open, item = item.value != BROKEN, replace(item, value=BROKEN)
            items.append(item)
        return ListTree(tuple(items), where)

    def lone(self, key: Scalar, before: dict[str, Where]) -> bool:
        """Whether a key without a value, between braces, is a number or a key whose colon is missing, which is told then."""
        words = COLONLESS.fullmatch(key.text)
        if isinstance(key.value, int | float):
            self.problem("key", key.where, f"{key.text} stands here without a key",
                         f"a list has brackets: {next(reversed(before))}: […, {key.text}]" if before else "write key: value")
        elif words:
            self.problem("key", key.where, f"'{shorten(key.text)}' has no colon",
                         f"a key has a colon and its value behind it: {shorten(f'{words[1]}: {words[2]}')}")
        return isinstance(key.value, int | float) or words is not None

    def mapping(self, events: Iterator[yaml.Event], where: Where, path: str, depth: int) -> MappingTree:
        entries: dict[str, Tree] = {}
        keys: dict[str, Where] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key, event = self.key(event, events, path, depth), next(events)
            if self.flow and isinstance(event, yaml.ScalarEvent) and _is_empty(event) and self.lone(key, keys):
                self.grow(1, 0)
                continue
            value = self.tree(event, events, _below(path, f".{key.text}"), depth + 1)
            if key.value == BROKEN:
                self.open = False
                continue
            if key.text in entries:
                self.problem("duplicate-key", key.where, f"the key '{shorten(key.text)}' is here twice",
                             f"the first one is in line {keys[key.text].line}; keep one of them")
                continue
            entries[key.text], keys[key.text] = value, key.where
        return MappingTree(entries, where, keys)

    def key(self, event: yaml.Event, events: Iterator[yaml.Event], path: str, depth: int) -> Scalar:
        tree = self.tree(event, events, path, depth + 1)
        if not isinstance(tree, Scalar):
            self.problem("key", tree.where, f"a key is a word, this is {kind(tree)}")
            return Scalar("", f"key at line {tree.where.line}", tree.where)
        if tree.text == "<<":
            self.problem("merge-key", tree.where, "a spec has no merge keys", "use extends, or write the keys out")
        return Scalar(tree.value, tree.text, self.at(event.start_mark, _below(path, f".{tree.text}")))

    def scalar(self, event: yaml.ScalarEvent, where: Where) -> Scalar:
        text: str = event.value
        if event.style in ("'", '"', "|", ">"):
            return Scalar(text, text, where)
        if text == "" and not self.open:
            marked = AFTER_QUESTION.search(where.text[:where.column - 1])
            self.problem("empty-value", where, "nothing stands here", QUESTION if marked else
                         "write a value: none, or [] for a list; or leave the key out")
        if text == "" or (self.open and text.count(")") > text.count("(")):
            return Scalar(BROKEN, "", where)
        if "$(" in text and text.count("(") != text.count(")"):
            self.open = True
            self.problem("open-expression", where, f"the expression '{shorten(text)}' is not closed",
                         'inside [...] and {...} a comma or bracket ends a value: quote it, "$(min(8, a))"')
            return Scalar(BROKEN, "", where)
        if self.flow and text.count("(") > text.count(")"):
            self.open = True
            self.problem("open-expression", where, f"the parenthesis in '{shorten(text)}' is not closed",
                         "inside [...] and {...} a comma ends a value; write a size as 3x3" if text.startswith("(") else
                         "arguments stand behind a colon, with spaces between them: conv: 3x3 64")
            return Scalar(BROKEN, "", where)
        try:
            return Scalar(atom(text), text, where)
        except TooLong as error:
            self.problem("number-size", where, str(error), error.hint)
            return Scalar(BROKEN, "", where)
