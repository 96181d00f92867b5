"""The compact form: the arguments of an operation in one line, `3x3 64 /2 groups=4 linear`.

A word that the operation does not know is named, with what somebody meant who wrote it as elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, lru_cache
from itertools import islice

from archspec.errors import Problem, SpecError, Where, hinted, nearest, shorten
from archspec.schema.kinds import Choice, Form, Whole, plainly
from archspec.schema.tree import Scalar, Tree
from archspec.schema.words import key_called
from archspec.spec.arguments import ALMOST_PAIR
from archspec.spec.expressions import NAME
from archspec.spec.operations import FLAGS, OPERATIONS, PADDINGS, SHORTHANDS, Signature
from archspec.spec.source import TooLong, atom, parse

MAX_WORDS = 100
"""Words of a compact argument."""
KERNEL = re.compile(r"[0-9]+x[0-9]+")
ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
ARGUMENT = re.compile(r"/[0-9$].*|[a-z_]+=.+", re.DOTALL)
"""/2, stride=2: what is never an item."""
KERNEL_WITH_A_NAME = "a kernel with a name: kernel=$k; with two, in the long form: {kernel: [$a, $b]}"
LARGE_KERNEL = 16
KERNEL_OF_NAMES = re.compile(r"[$(\w)]+[xX*×]\$[$(\w)]+")
GLUED = {re.compile(r"([0-9]+x[0-9]+)x([0-9]+)"): r"\1 \2", re.compile(r"([0-9]+)@([0-9]+x[0-9]+)"): r"\2 \1",
         re.compile(r"([0-9]+x[0-9]+)(?:/|s)([0-9]+)"): r"\1 /\2"}
"""Words that are two: 3x3x64, 64@3x3, 3x3/2."""
SHORT = re.compile(r"([skpdg])=?([0-9]+)")
SHORTS = {"s": ("stride", "/{0}"), "k": ("kernel", "{0}x{0}"), "p": ("padding", "padding={0}"),
          "d": ("dilation", "dilation={0}"), "g": ("groups", "groups={0}")}
"""s2 k3 p1, as tables of networks have it: the argument, and how it is written."""
NAMING_A_VALUE = ("none", "true", "false")

Written = tuple[str, Tree, Where]
"""An argument: its name, what is written for it, and where the word stands."""


def words(text: str) -> Iterator[tuple[int, str]]:
    """The words of a compact argument with their offsets, split at spaces outside parentheses and quotes."""
    depth, quote, start = 0, "", -1
    for index, char in enumerate(text + " "):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        if (char.isspace() and not quote and depth <= 0) or index == len(text):
            if start >= 0:
                yield start, text[start:index]
            start = -1
        elif start < 0:
            start = index


def within(where: Where, offset: int, word: str) -> Where:
    """The place of a word inside a text that stands at `where`."""
    for shift in (0, 1):
        column = where.column + offset + shift
        if where.text.startswith(word, column - 1):
            return replace(where, column=column)
    return where


def _later(where: Where, count: int) -> Where:
    """So many characters later in the line; of a word that stands in a line below, the line's end."""
    return replace(where, column=min(where.column + count, len(where.text) + 1))


def scalar(word: str, where: Where) -> Tree:
    """A word of a compact argument as a value. Raises SpecError."""
    if word[:1] in "[\"'":
        return parse(" " * (where.column - 1) + word, where.file, where)
    try:
        return Scalar(atom(word), word, where)
    except TooLong as error:
        raise SpecError([Problem("number-size", where, str(error), error.hint)]) from None


def compact(signature: Signature, tree: Scalar, problems: list[Problem]) -> Iterator[Written]:
    """The arguments that a line says. What is wrong with it is added to `problems`."""
    found = [(within(tree.where, offset, word), word) for offset, word in islice(words(tree.text), MAX_WORDS + 1)]
    if len(found) > MAX_WORDS:
        problems.append(Problem("too-large", tree.where, f"the arguments of {signature.name} have more than {MAX_WORDS} words",
                                "write a mapping of its arguments"))
        return
    slip = _slip(signature, found)
    if slip is not None:
        problems.append(slip)
        return
    reader = _Words(signature, [word for _, word in found], problems)
    for where, word in found:
        yield from reader.word(word, where)


def _slip(signature: Signature, found: list[tuple[Where, str]]) -> Problem | None:
    """A sign in the wrong place, or one that is missing: it makes several words wrong, and is one mistake."""
    name = signature.name
    for index, (where, word) in enumerate(found):
        before = found[index - 1][1] if index else ""
        after = found[index + 1][1] if index + 1 < len(found) else ""
        if word[:1] == "=" or (word[-1:] == "=" and after):
            whole = before + word if word[:1] == "=" else word
            return Problem("spaces", where, f"{name}: there are no spaces around =",
                           f"write {shorten(whole + (after if whole[-1:] == '=' else ''))}")
        if word == "/" and after:
            return Problem("spaces", where, f"{name}: there is no space behind /", f"write /{shorten(after)}")
        argument = "" if word in (*FLAGS, *PADDINGS) or not NAME.fullmatch(word) else key_called(word, signature.arguments)
        if argument and after and _is_value(after):
            return Problem("spaces", where, f"{name}: {word} and its value are one word", f"write {argument}={shorten(after)}")
        if "," in word and not re.search(r"[\[(\"']", word):
            return Problem("commas", where, f"{name}: spaces part the words, no commas",
                           "write " + shorten(" ".join(each.replace(",", " ").strip() for _, each in found)))
    return None


class _Words:
    """Reads the words of one line."""

    def __init__(self, signature: Signature, line: list[str], problems: list[Problem]) -> None:
        self.signature, self.line, self.problems = signature, line, problems
        main = None if signature.main is None else signature.arguments[signature.main].kind
        self.names_a_value = isinstance(main, Form) and main.name in ("kept", "name", "names")
        self.main = ""
        """The word that was taken for the main argument."""

    def word(self, word: str, where: Where) -> Iterator[Written]:
        if self.names_a_value and not self.main and NAME.fullmatch(word):  # which may be called as a flag is
            yield from self.bare(word, where)
        elif word in FLAGS and word in SHORTHANDS:
            yield from ((part, Scalar("none", "none", where), where) for part in SHORTHANDS[word])
        elif word in FLAGS:
            yield word, Scalar(True, "true", where), where
        elif KERNEL.fullmatch(word) and self.signature.main != "to":  # there it is two of three sizes
            yield "kernel", Scalar(word, word, where), where
        elif word.startswith("/"):
            yield "stride", self.value(word[1:], _later(where, 1)), where
        elif word in PADDINGS:
            yield "padding", Scalar(word, word, where), where
        elif match := ASSIGNMENT.fullmatch(word):
            yield match[1], self.value(match[2], _later(where, len(match[1]) + 1)), where
        else:
            yield from self.bare(word, where)

    def bare(self, word: str, where: Where) -> Iterator[Written]:
        """A word that says no argument: the main one, once."""
        main = self.signature.main
        if self.signature.broken:
            return
        if main is None:
            self.problem("no-main", where, f"{self.signature.name} takes no bare value, this is '{shorten(word)}'",
                         self.unasked(word) or hinted(self.problems, advice, self.signature, word)
                         or f"write key=value; it takes {self.signature.takes()}")
        elif self.main and _is_value(self.main) and _is_value(word):
            self.problem("twice", where, f"{self.signature.name}: {main} is {self.main} already, and {word} stands here",
                         self.second(word))
        elif self.main or self.other_than_main(word):
            self.problem("unknown-word", where, f"{self.signature.name} does not know the word '{shorten(word)}'",
                         self.several(word) or hinted(self.problems, advice, self.signature, word)
                         or f"{main} is {self.main} already; write key=value")
        else:
            self.main = shorten(word)
            yield main, self.value(word, where), where

    def other_than_main(self, word: str) -> bool:
        """Whether a word cannot be the main argument, and something else was meant by it."""
        kind = None if self.signature.main is None else self.signature.arguments[self.signature.main].kind
        return (isinstance(kind, Whole) or self.signature.main == "kernel") and not _is_value(word) and \
            bool(advice(self.signature, word))

    def several(self, word: str) -> str:
        """Hint for a second name where one of several values stands."""
        return f"several are a list: {self.signature.name}: [{self.main}, {word}]" if self.signature.name == "join" else ""

    def unasked(self, word: str) -> str:
        """Hint for a number where there is no main argument."""
        sized = any(KERNEL.fullmatch(each) or each.startswith("kernel=") for each in self.line)
        return "" if sized and word[:1] == "$" else number_unasked(self.signature, word, sized)

    def second(self, word: str) -> str:
        """Hint for a second number."""
        sized = any(KERNEL.fullmatch(each) for each in self.line)
        numbers = [int(each) for each in (self.main, word) if each.isdigit()]
        if "kernel" in self.signature.arguments and self.signature.main != "kernel" and not sized and numbers:
            # beside a name a large number is the filters, and the name the kernel
            one = len(numbers) == 1 and min(numbers) >= LARGE_KERNEL
            return KERNEL_WITH_A_NAME if one else f"a kernel is {min(numbers)}x{min(numbers)}"
        strided = any(each[:1] == "/" for each in self.line)
        if "stride" in self.signature.arguments and not strided and (word.isdigit() or NAME.fullmatch(word[1:])):
            return f"a stride is /{word}"
        return "keep one of them"

    def value(self, word: str, where: Where) -> Tree:
        try:
            if word:
                return scalar(word, where)
            self.problem("empty-value", where, "nothing stands here", "write a value")
        except SpecError as error:
            self.problems.extend(error.problems)
        return Scalar("none", "none", where)

    def problem(self, code: str, where: Where, message: str, hint: str) -> None:
        self.problems.append(Problem(code, where, message, hint))


def _is_value(word: str) -> bool:
    """Whether a word can be a number: one, an expression, or a text that somebody takes for one."""
    if ALMOST_PAIR.fullmatch(word) or KERNEL_OF_NAMES.fullmatch(word) or any(glued.fullmatch(word) for glued in GLUED):
        return False
    return word[:1].isdigit() or word[:1] in "-+.\"'[$" or word in NAMING_A_VALUE


def kind_called(part: str, word: str) -> str:
    """The kind of norm or activation that a word names, in whatever spelling; ''."""
    return _kinds(part).get(plainly(word), "")


@cache
def _kinds(part: str) -> dict[str, str]:
    choice = OPERATIONS[part].arguments["kind"].kind
    assert isinstance(choice, Choice)
    synonyms = {word: same for word, same in choice.synonyms.items() if " " not in same}
    return {**synonyms, **{plainly(kind): kind for kind in choice.spelled() if kind != "none"}}


def number_unasked(signature: Signature, word: str, sized: bool) -> str:
    """What to write instead of a number that stands alone where an operation has no main argument, or ''."""
    if "kernel" not in signature.arguments or not (word.isdigit() or word[:1] == "$"):
        return ""
    if sized:
        return f"there are as many filters as channels come in: leave {word} out"
    return KERNEL_WITH_A_NAME if word[:1] == "$" else f"a kernel is {word}x{word}"


@lru_cache(maxsize=1024)
def advice(signature: Signature, word: str) -> str:
    """What to write instead of a word that an operation does not know, or ''. The same slip is often made in many items."""
    takes, lower = signature.arguments, word.lower()
    if "kernel" in takes and (match := ALMOST_PAIR.fullmatch(word)):
        return f"a kernel is {match[1]}x{match[2]}"
    if "kernel" in takes and (parted := next((match.expand(parts) for glued, parts in GLUED.items()
                                              if (match := glued.fullmatch(word))), "")):
        return f"write {parted}"
    if (short := SHORT.fullmatch(lower)) and SHORTS[short[1]][0] in takes:
        return f"write {SHORTS[short[1]][1].format(short[2])}"
    if "kernel" in takes and KERNEL_OF_NAMES.fullmatch(word):
        return KERNEL_WITH_A_NAME
    for part in ("act", "norm"):
        if part in takes and kind_called(part, word):
            return f"write {part}={kind_called(part, word)}"
    if lower in (*PADDINGS, *FLAGS) and lower != word:
        return f"write {lower}"
    if (absent := lower.removeprefix("no").lstrip("_-")) in takes and lower.startswith("no"):
        return f"write {absent}={'false' if absent == 'bias' else 'none'}"
    if argument := key_called(word, takes):
        return f"write {argument}=…" + f", and a name as ${word}" * (argument == signature.main and word not in takes)
    if word in OPERATIONS:
        return f"{word} is an operation, and stands in an entry of its own"
    near = nearest(word, (*PADDINGS, *(flag for flag in FLAGS if flag in takes)))
    if near or not NAME.fullmatch(word) or len(word) >= 60:
        return near
    known = [word for key in takes.values() if isinstance(key.kind, Choice) for word in key.kind.spelled()]
    return f"it knows {' '.join(known)}; a name is written ${word}" if known else f"a name is written ${word}"
