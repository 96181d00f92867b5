"""Every command in the pages runs and prints what the page shows."""

from __future__ import annotations

import io
import json
import re
import shlex
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import pytest
from forked import printing
from pages import ROOT, Block, Command, Folders, commands, matches, of_language

from archspec.cli import run

IN_A_PROCESS = ("train", "verify", "import", "data", "bench", "export", "predict", "serve-check")
"""Commands that load TensorFlow."""
CONSOLE = of_language("console")
SHELL = of_language("sh", "console")
FIRST = next(block for block in CONSOLE if block.text.startswith("$ make train"))
"""What the README begins with; a training of minutes, so that it is run once for all that is to be seen of it."""
FEWER = "6"
"""Epochs of that training here, in place of the recipe's 24, to which its schedule is stretched: a quarter of the work."""
SERVED = next(block for block in CONSOLE if block.text.startswith("$ archspec export runs/resnet20_digits"))
"""What is done with that run."""
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def _slow(block: Block) -> bool:
    return any(word in IN_A_PROCESS or word == "make" for command in commands(block) for word in command.line.split()[:2])


def _parameters() -> list[object]:
    return [pytest.param(block, id=block.id, marks=[pytest.mark.slow] if _slow(block) else [])
            for block in CONSOLE if block not in (FIRST, SERVED)]


@pytest.mark.parametrize("block", _parameters())
def test_the_commands_print_what_is_shown(block: Block, folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    _check(block, folders(block.page), monkeypatch)


@pytest.mark.longest
@pytest.mark.slow
def test_the_first_command_trains_a_network_that_reads_digits_and_is_served(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    _check(_shorter(FIRST), folders(FIRST.page), monkeypatch)
    run = folders(FIRST.page) / "runs" / "resnet20_digits"
    result = json.loads((run / "result.json").read_text())
    assert result["top1"] >= 0.985
    assert (result["examples"], result["split"], result["epochs"]) == (360, "test", int(FEWER))
    assert len((run / "metrics.jsonl").read_text().splitlines()) == int(FEWER)
    assert (run / "saved_model" / "1" / "saved_model.pb").is_file()
    assert {path.name for path in run.iterdir()} == {
        "spec.yaml", "manifest.json", "data.json", "augmented.png", "metrics.jsonl", "result.json", "curves.png", "report.md", "confusion.png", "worst.png", "tensorboard", "checkpoints", "artifact.json",
        "model.keras", "saved_model", "model.tflite", "labels.txt", "parity.json"}
    _check(SERVED, folders(SERVED.page), monkeypatch)
    proved = {row["format"]: row for row in json.loads((run.parents[1] / "models/resnet20_digits/files/1/parity.json").read_text())["artefacts"]}
    assert {row["top1"] for name, row in proved.items() if name != "tflite_int8"} == {result["top1"]}
    assert proved["tflite_int8"]["top1"] >= result["top1"] - 0.01


def _shorter(block: Block) -> Block:
    """The same of fewer epochs."""
    command = f"$ {_unmade('make train')} --set train.epochs={FEWER}"
    return replace(block, text=re.sub(r"\b24\b", FEWER, block.text).replace("$ make train", command))


def _check(block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Raises AssertionError where a command prints something else, or ends otherwise."""
    monkeypatch.chdir(folder)
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
    assert asked or code == (2 if block.note == "wrong" else 0), f"{block.id}: the last command ended with {code}"


def _run(command: Command) -> tuple[int | None, str]:
    """The exit code of a command, and what it printed on both streams."""
    program, *arguments = shlex.split(_unmade(command.line))
    assert program == "archspec", f"no test can run `{command.line}`"
    if arguments[0] in IN_A_PROCESS:
        return _in_a_process(arguments)
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        code = run(arguments)
    return code, printed.getvalue()


def _in_a_process(arguments: list[str]) -> tuple[int | None, str]:
    with tempfile.TemporaryDirectory() as folder:
        printed = Path(folder, "printed")
        return printing(printed, run, arguments), printed.read_text(encoding="utf-8")


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
