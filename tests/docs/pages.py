"""The pages of the documentation, and the pieces of them that are tested.

    ```yaml             a spec, or a part of one; `# NAME.yaml` as its first line saves it under that name
    ```yaml wrong       one that has problems
    ```yaml blocks      a file of blocks, which a spec includes
    ```console          `$ archspec …` with what it prints; `…` stands for any text, a line `…` for any lines
    ```console wrong    the same, where the last command is refused
    ```pycon            a session in Python, run by doctest
    ```sh               what a person types; only make targets are checked
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")))
FENCE = re.compile(r"^```(\S*)[ ]?(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
FILE = re.compile(r"# ([\w./-]+\.yaml)\b.*\n")
ELIDED = "…"
Folders = Callable[[Path], Path]
"""From a page to the folder in which its commands run."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the rest of its first line, its text, and the line where it starts."""

    page: Path
    language: str
    note: str
    text: str
    line: int

    @property
    def id(self) -> str:
        """For the name of a test."""
        return f"{self.page.name}:{self.line}"

    @property
    def file(self) -> str | None:
        """The name under which a spec is saved."""
        match = FILE.match(self.text)
        return match[1] if match else None


@dataclass(frozen=True)
class Command:
    """A line `$ …` of a console block, and what is shown below it."""

    line: str
    shown: tuple[str, ...]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [Block(page, match[1], match[2].strip(), match[3], text.count("\n", 0, match.start()) + 1)
            for match in FENCE.finditer(text)]


def of_language(*languages: str) -> list[Block]:
    """The blocks of all pages that are in one of the languages."""
    return [block for page in PAGES for block in blocks(page) if block.language in languages]


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        line, *shown = part.rstrip("\n").split("\n")
        while line.endswith("\\"):
            line = line[:-1] + shown.pop(0).removeprefix(">")
        yield Command(line, tuple(text.rstrip() for text in shown if text.rstrip() or any(shown)))


def matches(shown: tuple[str, ...], printed: str) -> bool:
    """Whether a command printed what the page shows."""
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == ELIDED else _inline(line) for line in shown)
    return re.fullmatch(pattern, "".join(f"{line.rstrip()}\n" for line in printed.splitlines())) is not None


def _inline(line: str) -> str:
    return ".*?".join(re.escape(part) for part in line.split(ELIDED)) + r"\n"
