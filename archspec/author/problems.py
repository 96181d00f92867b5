"""A page for each code of a problem: what it means, a wrong and a right example. They stand in problems.md, by code."""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from archspec.errors import InputError, Problem, SpecError, nearest
from archspec.network import load

PAGES = Path(__file__).with_name("problems.md")
FENCE = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# ([\w.-]+\.yaml)\n")
FRAME = {"input": "input: 32x32x3", "classes": "classes: 10", "head": "head: [global_avg_pool, dense: $classes]"}
"""What an example leaves out that a whole spec has."""
EXAMPLE = "example.yaml"
FOLDER = "archspec-example-"
"""How the names of the folders begin in which examples are tried; messages leave those out."""
WRONG = ("wrong", "warned")
"""The notes of examples that are refused, and of those that a warning is about."""


@dataclass(frozen=True)
class Example:
    """Part of a page: a spec or a part of one, a file that it needs, or a command."""

    text: str
    wrong: bool
    command: bool = False
    file: str = EXAMPLE
    needed: bool = False
    """Whether it is a file that another example needs."""


@dataclass(frozen=True)
class Page:
    """What a code means, in Markdown, with its examples in their order."""

    code: str
    meaning: str
    examples: tuple[Example, ...]

    @property
    def title(self) -> str:
        """The first sentence of what it means."""
        text = _without_links(self.meaning).replace("\n", " ")
        return re.split(r"(?<=[.:])(?<!^A warning:)\s", text, maxsplit=1)[0].rstrip(".:")

    @property
    def wrong(self) -> tuple[Example, ...]:
        """What is wrong, the files that it needs first; empty where no text gives the code."""
        return tuple(each for each in self.examples if each.wrong)

    @property
    def right(self) -> tuple[Example, ...]:
        """What is right."""
        return tuple(each for each in self.examples if not each.wrong)


@cache
def pages() -> dict[str, Page]:
    """Every page, by code."""
    parts = re.split(r"^## (\S+)\n", PAGES.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {code: _page(code, text) for code, text in zip(parts[::2], parts[1::2], strict=True)}


def page(code: str) -> Page:
    """The page of a code. Raises InputError for one that is not known, with the nearest."""
    found = pages().get(code)
    if found is None:
        raise InputError(f"there is no code '{code}'\n  hint: {nearest(code, pages()) or '`archspec explain` lists all'}")
    return found


def _page(code: str, text: str) -> Page:
    examples = tuple(_example(*match.groups(default="")) for match in FENCE.finditer(text))
    return Page(code, FENCE.sub("", text).strip(), examples)


def _example(language: str, note: str, text: str) -> Example:
    named = FILE.match(text)
    if language == "console":
        return Example(text.removeprefix("$ ").strip(), note in WRONG, command=True)
    return Example(text, note in WRONG, file=named[1] if named else EXAMPLE, needed=note == "blocks")


def whole(example: Example) -> str:
    """An example with what it leaves out behind it, so that its lines keep their numbers."""
    text = example.text
    keys = set(re.findall(r"^(\w+):", text, re.MULTILINE))
    if example.needed or "extends" in keys or not keys:
        return text
    return "\n".join([text.rstrip("\n"), *(line for key, line in FRAME.items() if key not in keys), ""])


def problems_of(examples: tuple[Example, ...]) -> tuple[Problem, ...]:
    """What `check` says of the last of some examples: what is wrong with it, else what is doubtful in it."""
    last = examples[-1]
    with tempfile.TemporaryDirectory(prefix=FOLDER) as folder:
        try:
            if last.command:
                _, _, reference, *rest = shlex.split(last.text)  # archspec check SPEC --set …
                return load(reference, rest[1::2]).warnings
            for each in examples:
                Path(folder, each.file).write_text(whole(each), encoding="utf-8")
            return load(Path(folder, last.file)).warnings
        except SpecError as error:
            return error.problems


def shown(found: Page) -> Iterator[str]:
    """A page as lines for a terminal: what it means, what is wrong, what archspec says of it, what is right."""
    yield f"{found.code}"
    yield ""
    yield from _without_links(found.meaning).splitlines()
    if not found.wrong:
        return
    yield from ["", "wrong:", *_indented(found.wrong)]
    yield from ["", "says:", *_messages(found)]
    yield from ["", "right:", *_indented(found.right)]


def _indented(examples: tuple[Example, ...]) -> Iterator[str]:
    for number, example in enumerate(examples):
        if number:
            yield ""
        text = f"$ {example.text}" if example.command else example.text
        yield from (f"  {line}".rstrip() for line in text.rstrip("\n").splitlines())


def _messages(found: Page) -> Iterator[str]:
    for problem in problems_of(found.wrong):
        yield from (f"  {line}" for line in re.sub(rf"[\w./-]*/{FOLDER}\w*/", "", str(problem)).splitlines())


def _without_links(text: str) -> str:
    return re.sub(r"\[([^]]*)\]\(([^)#]*)(?:#[^)]*)?\)", r"\1 (docs/\2)", text)
