"""The generated parts of the pages are current, and links between files lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pages import PAGES, ROOT, blocks

from archspec.cli import COMMANDS, run
from archspec.spec.operations import FLAGS, OPERATIONS
from archspec.spec.sections import SPEC

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
LIMIT = re.compile(r"(\bMAX_\w+)(?:: \w+)? ?= ?([\d_]+)\b(?!\*)")
INSIDE = ("MAX_SHOWN", "MAX_CALLS", "MAX_DIGITS")
"""Bounds of messages and of numbers as written, not of specs."""
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _anchors(page: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = HEADING.findall(FENCED.sub("", _text(page)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_generated_parts_are_current() -> None:
    done = subprocess.run([sys.executable, ROOT / "tools" / "docs.py", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(FENCED.sub("", _text(page))):
        if link.startswith(("http:", "https:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in _anchors(target), f"{page.name}: {link}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_are_not_too_long(page: Path) -> None:
    prose = FENCED.sub("", _text(page))
    long = [line for line in prose.splitlines() if len(line) > 120 and not line.startswith("|")]
    assert not long, f"{page.name}: {long}"


@pytest.mark.parametrize("word", [*OPERATIONS, *SPEC, *FLAGS])
def test_the_reference_names(word: str) -> None:
    assert re.search(rf"`[^`]*\b{word}\b[^`]*`", _text(ROOT / "docs" / "language.md"))


def test_the_reference_gives_the_limits() -> None:
    section = _text(ROOT / "docs" / "language.md").partition("## Limits")[2].partition("\n## ")[0]
    sources = [path for folder in ("spec", "lowering", ".") for path in (ROOT / "archspec" / folder).glob("*.py")]
    found = [(name, int(value)) for path in sources for name, value in LIMIT.findall(_text(path)) if name not in INSIDE]
    assert {"MAX_BYTES", "MAX_NODES", "MAX_LENGTH", "MAX_TIMES"} <= {name for name, _ in found}
    assert not [name for name, value in found if not re.search(rf"\| {value:,}\b", section)]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_reference_has_a_section_for(command: str) -> None:
    assert f"archspec {command}" in _text(ROOT / "docs" / "commands.md")
    assert f"`{command}" in _text(ROOT / "README.md")


def test_paths_in_the_architecture_exist() -> None:
    text = _text(ROOT / "docs" / "architecture.md")
    named = {path for path in re.findall(r"`((?:archspec|specs|tests|tools|docs)/[\w./]*)`", text) if path.isascii()}
    assert named
    assert not [path for path in sorted(named) if not (ROOT / path).exists()]


def test_the_architecture_shows_the_order_of_imports_that_the_linter_holds() -> None:
    contracts = tomllib.loads(_text(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    held = [set(re.findall(r"\w+", layer)) for layer in reversed(layers)]
    shown = next(block.text for block in blocks(ROOT / "docs" / "architecture.md") if block.text.startswith("records\n"))
    assert [set(line.split()) for line in shown.splitlines()] == held


DRAWN = [pytest.param(page, name, command, id=f"{page}:{name}") for page in ("gallery.md", "pictures.md")
         for name, command in re.findall(r'src="pictures/(\w+)_light\.svg".*?`archspec (draw [^`]+)`',
                                         _text(ROOT / "docs" / page), re.DOTALL)]
"""Each picture with the command that stands below it."""


@pytest.mark.parametrize(("page", "name", "command"), DRAWN)
def test_a_picture_is_what_the_command_below_it_draws(page: str, name: str, command: str, tmp_path: Path) -> None:
    assert run([*command.split(), "--theme", "light", "-o", str(tmp_path / "drawn.svg")]) == 0
    assert (tmp_path / "drawn.svg").read_text() == _text(ROOT / "docs" / "pictures" / f"{name}_light.svg")
