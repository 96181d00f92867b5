"""Every command in the pages runs and prints what the page shows."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from pages import ROOT, Block, Command, Folders, commands, matches, of_language

from archspec.cli import run

IN_A_PROCESS = ("train", "verify", "import", "data", "bench")
"""Commands that load TensorFlow."""
CONSOLE = of_language("console")
SHELL = of_language("sh", "console")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def _slow(block: Block) -> bool:
    return any(word in IN_A_PROCESS or word == "make" for command in commands(block) for word in command.line.split()[:2])


def _parameters() -> list[object]:
    return [pytest.param(block, id=block.id, marks=[pytest.mark.slow] if _slow(block) else []) for block in CONSOLE]


@pytest.mark.parametrize("block", _parameters())
def test_the_commands_print_what_is_shown(block: Block, folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folders(block.page))
    for name in ("COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    code, asked = 0, True
    for command in commands(block):
        if command.line == "echo $?":
            assert command.shown == (str(code),), f"{block.id}: the exit code is {code}"
            asked = True
            continue
        assert asked or code == 0, f"{block.id}: the command before `{command.line}` ended with {code}"
        code, printed = _run(command)
        asked = False
        assert not command.shown or matches(command.shown, printed), f"{block.id}: $ {command.line}\n{printed}"
    assert asked or code == 0, f"{block.id}: the last command ended with {code}"


def _run(command: Command) -> tuple[int, str]:
    """The exit code of a command, and what it printed on both streams."""
    program, *arguments = shlex.split(_unmade(command.line))
    assert program == "archspec", f"no test can run `{command.line}`"
    if arguments[0] in IN_A_PROCESS:
        return _in_a_process(arguments)
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        code = run(arguments)
    return code, printed.getvalue()


def _in_a_process(arguments: list[str]) -> tuple[int, str]:
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    done = subprocess.run([sys.executable, "-m", "archspec", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, env={**os.environ, "PYTHONPATH": path}, check=False)
    return done.returncode, done.stdout


def _unmade(line: str) -> str:
    """The archspec command that a make target runs."""
    if not line.startswith("make "):
        return line
    recipe = re.search(rf"^{line.removeprefix('make ')}:.*\n\t\S*/(archspec .*)$", MAKEFILE, re.MULTILINE)
    assert recipe, f"the Makefile runs no archspec command for `{line}`"
    return recipe[1]


@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.id)
def test_the_make_targets_exist(block: Block) -> None:
    for target in re.findall(r"^(?:\$ )?make ([\w-]+)", block.text, re.MULTILINE):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), f"{block.id}: the Makefile has no target {target}"


def test_a_shown_line_may_be_elided() -> None:
    assert matches(("a …", "…", "z"), "a 12\nb\nc\nz\n")
    assert not matches(("a …", "z"), "a 12\nb\nz\n")


def test_the_folder_is_not_the_checkout(folders: Folders) -> None:
    assert not folders(Path(CONSOLE[0].page)).is_relative_to(ROOT)
