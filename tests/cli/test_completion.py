"""What shells complete: names beside files, keys of the spec at hand; driven through click, and through the shells themselves."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click
import pytest

from archspec.cli import COMMANDS, archspec
from archspec.cli.completion import SHELLS, Bash
from archspec.network import load
from archspec.schema.keys import OneOf
from archspec.search.dials import dials_of
from archspec.spec.files import recipe_names, spec_names
from archspec.spec.library import shipped_blocks
from archspec.spec.operations import MEMORIES, OPERATIONS, SHORTCUTS
from archspec.spec.recipe import Recipe


def completed(*line: str) -> list[tuple[str, str]]:
    """What can stand in place of the last word: kinds and texts."""
    *words, begun = line
    return [(item.type, item.value) for item in Bash(archspec, {}, "archspec", "_ARCHSPEC_COMPLETE").get_completions(words, begun)]


def texts(*line: str) -> list[str]:
    return [text for kind, text in completed(*line) if kind in ("plain", "key")]


def test_commands_are_completed_and_none_is_loaded() -> None:
    assert texts("su") == ["summary"]
    assert texts("") == list(COMMANDS)
    assert "--version" in texts("--")
    code = ("import sys; from archspec.cli import archspec; from archspec.cli.completion import Bash; "
            "found = Bash(archspec, {}, 'archspec', 'X').get_completions([], ''); "
            "print(len(found), sorted(name for name in sys.modules if name.startswith('archspec.cli.')))")
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said == f"{len(COMMANDS)} ['archspec.cli.completed', 'archspec.cli.completion']\n"


@pytest.mark.parametrize("command", ["train", "check", "summary", "show", "verify", "bench", "import", "export", "launch", "new --from", "data check",
                                     "data show", "data pack", "draw", "draw resnet18", "diff", "diff resnet18"])
def test_names_of_specs_and_files_stand_side_by_side(command: str) -> None:
    found = completed(*command.split(), "resnet5")
    assert ("plain", "resnet50") in found
    assert ("file", "resnet5") in found
    assert [text for kind, text in completed(*command.split(), "") if kind == "plain"] == spec_names()


@pytest.mark.parametrize("line", ["predict runs/x a", "predict --from a", "runs a", "train resnet18 --run a", "export x --to a", "data pack x a",
                                  "data show x -o a", "import resnet18 a", "import resnet18 a -o a", "serve-check a", "predict x --labels a",
                                  "export x --weights a", "new a", "draw x -o a", "diff a", "diff x a", "diff x y -o a"])
def test_files_and_folders_are_never_lost(line: str) -> None:
    assert {kind for kind, text in completed(*line.split()) if text == "a"} & {"file", "dir"}


def parameters() -> Iterator[tuple[str, click.Parameter]]:
    for name in COMMANDS:
        command = archspec.get_command(click.Context(archspec), name)
        assert command is not None
        below = command.commands.values() if isinstance(command, click.Group) else [command]
        yield from ((f"{name} {each.name}: {parameter.name}", parameter) for each in below for parameter in each.params)


def test_every_parameter_says_what_is_completed() -> None:
    """A text has words, files, or, said so, nothing; what is a number or a choice says it by its type."""
    silent = [where for where, parameter in parameters()
              if isinstance(parameter.type, click.types.StringParamType) and parameter._custom_shell_complete is None]
    assert silent == []


def test_options_are_completed() -> None:
    assert texts("summary", "resnet50", "--b") == ["--batch"]
    assert texts("completion", "") == list(SHELLS)
    assert texts("train", "--strategy", "m") == ["mirrored", "multi_worker"]
    assert texts("export", "x", "--format", "tflite,") == ["tflite,savedmodel", "tflite,keras", "tflite,onnx"]
    assert "torchvision" in texts("import", "resnet18", "x", "--layout", "")


def test_codes_and_blocks_are_completed() -> None:
    assert texts("explain", "unknown-") == sorted(texts("explain", "unknown-"))
    assert "unknown-key" in texts("explain", "shape", "unknown-")
    assert texts("show", "--block", "") == sorted(shipped_blocks())


# -- keys of --set -------------------------------------------------------------------------------------------------------

def test_keys_are_completed_up_to_the_next_point() -> None:
    top = texts("summary", "--set", "")
    assert {"train.", "stages.", "input=", "classes=", "defaults."} <= set(top)
    assert "extends=" not in top
    assert {"train.epochs=", "train.optimizer=", "train.optimizer.", "train.data."} <= set(texts("summary", "--set", "train."))
    assert texts("summary", "--set", "train.ep") == ["train.epochs="]
    assert "train.optimizer.weight_decay=" in texts("summary", "--set", "train.optimizer.w")
    assert "defaults.conv.groups=" in texts("summary", "--set", "defaults.conv.g")
    assert {f"defaults.{name}=" for name in OPERATIONS if not OPERATIONS[name].holds and not OPERATIONS[name].layerless} <= set(
        texts("summary", "--set", "defaults."))
    assert texts("summary", "--set", "nothing.") == []
    assert all(kind == "key" for kind, _ in completed("summary", "--set", "train."))


def test_the_keys_of_the_spec_at_hand_are_among_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(
        "input: 32x32x3\nclasses: 10\nlet: {wide: 64}\nblocks:\n  mine: {parameters: {width: required, depth_of: 2}, body: [conv: 3x3 $width]}\n"
        "stages: {block: mine, name: [near, far], widths: [8, 16]}\nhead: [global_avg_pool, dense: $classes]\n", encoding="utf-8")
    for before in (["summary", "mine.yaml", "--set"], ["summary", "--set", "classes=3", "mine.yaml", "--set"], ["check", "mine.yaml", "--set"]):
        assert {"stages.near.", "stages.far.", "stages.depth_of=", "stages.width=", "stages.widths=", "stages.repeats="} <= set(texts(*before, "stages."))
    assert texts("summary", "mine.yaml", "--set", "stages.near.d") == ["stages.near.depth_of="]
    assert texts("summary", "mine.yaml", "--set", "let.") == ["let.wide="]
    assert texts("summary", "mine.yaml", "--set", "parameters.d") == ["parameters.depth_of="]
    assert "mine" in texts("show", "mine.yaml", "--block", "mi")
    assert texts("summary", "mine.yaml", "--set", "stages.block=mi")[0] == "stages.block=mine"
    assert "stages.se=" in texts("summary", "se_resnet50", "--set", "stages.")
    assert "train.epochs" in texts("show", "mine.yaml", "--explain", "train.")


def test_stages_and_called_blocks_of_the_spec_at_hand(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "input: 32x32x3\nclasses: 10\nblocks:\n  inner: {parameters: {width: required, ese: 1}, body: [conv: 3x3 $width, se: {ratio: $ese}]}\n"
        "  mine: {parameters: {width: required}, body: [residual: [inner: $width, inner]]}\n  idle: {body: [conv: 1x1 8]}\n"
        "stages: {block: mine, name: [near, far], widths: [8, 16], between: [drop: 0.1]}\nhead: [global_avg_pool, dense: $classes]\n", encoding="utf-8")
    assert texts("draw", str(path), "--stage", "") == ["near", "far", "head"]
    found = texts("draw", str(path), "--block", "")
    assert found[0] == "all"
    assert {"inner", "mine"} <= set(found)
    assert not {"idle", "ese", "bottleneck"} & set(found)
    assert texts("draw", "resnet50", "--block", "") == ["all", "bottleneck", "se"]
    assert texts("draw", "resnet50", "--stage", "st") == ["stem", "stage1", "stage2", "stage3", "stage4"]
    assert set(texts("draw", "shvit_s1", "--block", "sh")) >= {"shvit", "shvit_down"}
    assert texts("draw", "resnet50", "--stage", "stage1", "--repeat", "") == ["first", "last"]


def test_each_of_two_specs_has_its_own_keys() -> None:
    both = ["diff", "resnet50", "se_resnet50"]
    assert texts(*both, "--set-b", "stages.se") == ["stages.se="]
    assert texts("diff", "se_resnet50", "resnet50", "--set", "stages.se") == ["stages.se="]
    assert texts("diff", "--set-b", "classes=3", *both[1:], "--set-b", "stages.se") == ["stages.se="]
    assert texts("diff", "se_resnet50", "--set-b", "stages.se") == ["stages.se="]


def test_values_are_completed_behind_the_sign() -> None:
    assert texts("summary", "--set", "stages.memory=") == [f"stages.memory={word}" for word in MEMORIES]
    assert texts("summary", "--set", "train.recipe=res") == [f"train.recipe={name}" for name in recipe_names() if name.startswith("res")]
    assert "train.optimizer=adamw" in texts("summary", "--set", "train.optimizer=ad")
    assert texts("summary", "--set=train.jit=") == ["train.jit=off", "train.jit=on"]
    assert texts("summary", "--set", "train.epochs=") == []


@pytest.mark.parametrize("key, kind", [("train.optimizer", "optimizer"), ("train.schedule", "schedule")])
def test_what_tells_the_kind_of_a_section_has_the_words_of_all_kinds(key: str, kind: str) -> None:
    choice = Recipe.declared[kind].kind
    assert isinstance(choice, OneOf)
    assert texts("train", "--set", f"{key}.{choice.tag}=") == [f"{key}.{choice.tag}={word}" for word in choice.kinds()]


def test_a_parameter_has_the_words_of_the_argument_that_it_becomes(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "input: 32x32x3\nclasses: 10\nblocks:\n  inner: {parameters: {width: required, how: identity}, "
        "body: [residual: {body: [conv: 3x3 $width], shortcut: $how}]}\n"
        "  mine: {parameters: {width: required, way: pad, kind: relu, edge: same}, "
        "body: [conv: 3x3 $width padding=$edge, inner: $width how=$way, act: $kind]}\n"
        "stages: {block: mine, widths: [8, 16]}\nhead: [global_avg_pool, dense: $classes]\n", encoding="utf-8")
    given = ["summary", str(path), "--set"]
    assert texts(*given, "stages.way=") == [f"stages.way={word}" for word in SHORTCUTS]
    assert texts(*given, "stages.stage2.edge=s") == ["stages.stage2.edge=same", "stages.stage2.edge=symmetric"]
    assert "parameters.kind=gelu" in texts(*given, "parameters.kind=")
    assert texts(*given, "stages.width=") == []
    assert texts("summary", "resnet50", "--set", "stages.shortcut=pr") == [
        "stages.shortcut=projection", "stages.shortcut=projection_always"]


def test_what_a_search_can_free(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "input: 32x32x3\nclasses: 10\nlet: {wider: 2, named: relu}\nblocks:\n"
        "  mine: {parameters: {width: required, groups: required, ratio: 4, way: same}, "
        "body: [conv: 3x3 $(width * wider * ratio) groups=$groups padding=$way, act: $named]}\n"
        "stages: {block: mine, widths: [8, 16], groups: [1, 2]}\nhead: [global_avg_pool, dense: $classes]\n", encoding="utf-8")
    found = ["input", "repeats", "widths", "depth_and_width", "compound", "groups", "ratio", "let.wider"]
    assert texts("solve", str(path), "--free", "") == found
    assert texts("solve", "--free", "") == found[:5]
    assert texts("solve", str(path), "--free", "repeats=1.2,w") == ["repeats=1.2,widths"]
    assert not [word for word in texts("solve", str(path), "--free", "repeats=1.2,") if word.endswith("repeats")]
    assert texts("solve", "alexnet", "--free", "") == ["input"]
    assert not {"widths", "compound"} & set(texts("solve", "densenet121", "--free", ""))
    spec = load(path)
    assert all(dials_of(spec, [word], None) for word in found)


@pytest.mark.parametrize("text", ["not: [yaml", "extends: nowhere\n", "stages: 3\nblocks: 3\nlet: 3\n", "", "stages: [1, {block: [3]}]\n"])
def test_a_spec_that_cannot_be_read_gives_what_all_have(text: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text, encoding="utf-8")
    assert "stages.repeats=" in texts("summary", str(path), "--set", "stages.")
    assert "bottleneck" in texts("show", str(path), "--block", "bott")
    assert texts("draw", str(path), "--block", "al") == ["all"]
    assert texts("draw", str(path), "--stage", "he") == ["head"]


def test_no_framework_is_loaded() -> None:
    for line in ("train --set train.", "export resnet5", "predict a", "import resnet18 a --layout t"):
        env = {**os.environ, "COMP_LINE": f"archspec {line}", "_ARCHSPEC_COMPLETE": "bash_complete"}
        code = ("import sys, atexit; atexit.register(lambda: print({'tensorflow', 'keras'} & set(sys.modules), file=sys.stderr)); "
                "from archspec.cli import run; run([])")
        assert subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True).stderr == "set()\n"


# -- the shells themselves -----------------------------------------------------------------------------------------------

@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files, and an `archspec` on the path that runs this one."""
    (tmp_path / "bin").mkdir()
    own = tmp_path / "bin" / "archspec"
    own.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m archspec "$@"\n', encoding="utf-8")
    own.chmod(0o755)
    work = tmp_path / "work"
    (work / "resnet_runs").mkdir(parents=True)
    (work / "resnet9 mine.yaml").write_text("extends: resnet18\n", encoding="utf-8")
    monkeypatch.setenv("PATH", f"{own.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.chdir(work)
    return work


def script(shell: str) -> str:
    return SHELLS[shell](archspec, {}, "archspec", "_ARCHSPEC_COMPLETE").source()


def bash(line: str) -> list[str]:
    """What bash has to put in place of the last word, which it parts at = and : too."""
    words = "COMP_LINE=$1; COMP_POINT=${#1}; _archspec_completion archspec"
    said = subprocess.run(["bash", "--norc", "-c", f"{script('bash')}\n{words}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"", "bash", line],
                          capture_output=True, text=True, check=True).stdout
    return said.splitlines()


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_bash(place: Path) -> None:
    found = bash("archspec summary resnet")
    assert {"resnet50", "resnet9 mine.yaml", "resnet_runs"} <= set(found)
    assert bash("archspec summ") == ["summary"]
    assert bash("archspec summary resnet50 --set train.ep") == ["train.epochs="]
    assert bash("archspec summary resnet50 --set stages.memory=re") == ["recompute"]
    assert bash("archspec summary resnet50 --set=stages.memory=re") == ["recompute"]
    assert bash("archspec train resnet50 --run resn") == ["resnet_runs"]
    assert "stages.repeats=" in bash("archspec summary 'resnet9 mine.yaml' --set stages.")


def inserted(*lines: str) -> list[list[str]]:
    """The words of each line once an interactive bash has put in all that it completes: Readline's insert-completions."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="dumb", PS1="$ ", INPUTRC="/dev/null")
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 50, 4000, 0, 0))
    typed = "".join(f"{line}\033*\001printf '<%s>' \r" for line in lines)
    os.write(terminal, f'eval "$(archspec completion bash)"; echo\r{typed}exit\r'.encode())
    said = b""
    with suppress(OSError):  # what reading a terminal ends in
        while part := os.read(terminal, 65536):
            said += part
    os.close(terminal)
    os.waitpid(child, 0)
    return [line.decode().split("><") for line in re.findall(rb"^<(.*?)>\$ ", said, re.MULTILINE)]


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_an_interactive_bash_puts_words_in_behind_the_sign(place: Path) -> None:
    """Bash parts words at `=` and `:`, Readline too: what stands before them must neither be lost nor said twice."""
    for name in "bac":
        (place / f"sweep {name}.yaml").touch()
    optimizer, memory, both, part, search, freed, swept = inserted(
        "archspec train resnet50 --set train.optimizer.kind=", "archspec summary resnet50 --set=stages.memory=re",
        "archspec train resnet50 --set train.optimizer.ki", "archspec train resnet50 --set train.schedule.kind=c",
        "archspec solve resnet50 --free repeats=1.2,wi", "archspec solve resnet50 --free dep", "archspec sweep sw")
    kinds = Recipe.declared["optimizer"].kind
    assert isinstance(kinds, OneOf)
    first, *others = kinds.kinds()
    assert optimizer[4:] == [f"train.optimizer.kind={first}", *others]
    assert memory[3:] == ["--set=stages.memory=recompute"]
    assert both[4:] == ["train.optimizer.kind="]
    assert sorted(part[4:]) == ["constant", "train.schedule.kind=cosine"]
    assert search[4:] == ["repeats=1.2,widths"]
    assert freed[4:] == ["depth_and_width"]
    assert swept[2:] == ["sweep a.yaml", "sweep b.yaml", "sweep c.yaml"]


@pytest.mark.skipif(not shutil.which("zsh"), reason="no zsh here")
def test_zsh_reads_the_script(place: Path) -> None:
    answered = """compdef() { :; }; compadd() { print -r -- "compadd $*"; }; _describe() { print -r -- "describe ${words_told[1]}"; }
_path_files() { print -r -- "files $*"; }
"""
    asked = "words=(archspec summary resnet50 --set train.ep); CURRENT=5; _archspec_completion\nwords=(archspec check res); CURRENT=3; _archspec_completion\n"
    said = subprocess.run(["zsh", "-f", "-c", f"{answered}{script('zsh')}\n{asked}"], capture_output=True, text=True).stdout.splitlines()
    assert said == ["compadd -U -S  -V unsorted -a keys", "files -f", "compadd -U -V unsorted -a words_alone"]


@pytest.mark.skipif(not shutil.which("fish"), reason="no fish here")
def test_fish(place: Path) -> None:
    (place / "archspec.fish").write_text(script("fish"), encoding="utf-8")
    said = subprocess.run(["fish", "--no-config", "-c", "source archspec.fish; complete -C 'archspec summary resnet'; complete -C 'archspec summary "
                           "resnet50 --set train.ep'"], capture_output=True, text=True).stdout
    found = [line.split("\t")[0] for line in said.splitlines()]
    assert {"resnet50", "resnet_runs/", "train.epochs="} <= set(found)


@pytest.mark.parametrize("shell", list(SHELLS))
def test_the_command_prints_the_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    from archspec.cli import run
    assert run(["completion", shell]) == 0
    assert capsys.readouterr().out == script(shell)
