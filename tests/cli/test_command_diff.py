"""`archspec diff`: two networks or two runs, in text, as JSON and as a picture."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from draw.flaws import flaws

from archspec.cli import run
from archspec.io.files import write_json
from archspec.network import load, lower
from archspec.preprocess.rule import input_shape, preprocess_of
from archspec.train.reporting.metrics import write_lines
from archspec.train.run import RunFolder
from archspec.train.saving.manifest import begun

Run = Callable[..., tuple[int, str, str]]
SMALL = ("resnet20_digits", "resnet20_digits", "--set-b", "stages.shortcut=projection")


@pytest.fixture
def archspec(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command: exit code, standard output, standard error."""
    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        return code, *capsys.readouterr()
    return call


def document(archspec: Run, *arguments: str) -> Any:
    code, out, err = archspec("diff", *arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_a_spec_against_itself_is_one_line(archspec: Run) -> None:
    assert archspec("diff", "resnet50", "resnet50") == (0, "resnet50 and resnet50: no difference\n", "")
    assert document(archspec, "resnet20_digits", "resnet20_digits")["equal"] is True


def test_text_has_a_row_a_section_then_each_difference_once(archspec: Run) -> None:
    code, out, err = archspec("diff", "resnet50", "se_resnet50")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "resnet50 → se_resnet50"
    assert [line.split()[:2] for line in lines[2:8]] == [
        ["=", "stem"], ["≠", "stage1"], ["≠", "stage2"], ["≠", "stage3"], ["≠", "stage4"], ["=", "head"]]
    assert lines[8].split() == ["total", "28,088,024", "+2,530,992", "3,860,488,192", "−228,696,064", "159", "MiB", "+15.2", "MiB"]
    assert "bottleneck  first repeat of stage2, stage3, stage4 (shown: stage2); all other repeats: only what is marked +" in lines
    assert [line.split()[:2] for line in lines if line[:1] in "≠+" and line[3:5] in ("co", "se")] == [
        ["≠", "conv1"], ["≠", "conv2"], ["+", "se_global_avg_pool"], ["+", "se_conv1"], ["+", "se_conv2"], ["+", "se_gate"]]
    assert re.search(r"^train\.epochs +90 +100 *$", out, re.MULTILINE)
    assert "\x1b" not in out  # no colour without a terminal


def test_json_is_the_document_that_scripts_rely_on(archspec: Run) -> None:
    found = document(archspec, "resnet50", "se_resnet50")
    assert (found["equal"], found["parameters"], found["macs"]) == (False, [25610152, 28141144], [4089184256, 3860488192])
    assert [(stage["name"], stage["status"]) for stage in found["stages"]] == [
        ("stem", "="), ("stage1", "≠"), ("stage2", "≠"), ("stage3", "≠"), ("stage4", "≠"), ("head", "=")]
    assert found["stages"][1]["b"]["parameters"] - found["stages"][1]["a"]["parameters"] == 25392
    assert len(found["layers"]["added"]) == 16 * 6
    assert found["layers"]["removed"] == []
    first = {"name": "stage2_block1_conv1", "a": "1×1 conv, 128; 56x56x128", "b": "1×1 conv, 128, /2; 28x28x128"}
    assert first in found["layers"]["changed"]
    assert found["blocks"][0]["layers"][0] == {"status": "≠", "name": "conv1", "a": "1×1 conv, 128", "b": "1×1 conv, 128, /2"}
    assert {"key": "train.epochs", "a": 90, "b": 100} in found["recipe"]
    assert found["runs"] == []


def test_a_section_that_one_side_alone_has(archspec: Run) -> None:
    stages = {stage["name"]: stage for stage in document(archspec, "vgg16", "resnet34")["stages"]}
    assert (stages["stem"]["status"], stages["stem"]["a"]) == ("+", None)
    assert (stages["stage5"]["status"], stages["stage5"]["b"]) == ("−", None)


def test_set_changes_both_and_set_b_the_second_alone(archspec: Run) -> None:
    assert archspec("diff", "resnet20_digits", "resnet20_digits", "--set", "stages.shortcut=projection")[1].endswith("no difference\n")
    found = document(archspec, *SMALL)
    assert found["names"] == ["resnet20_digits", "resnet20_digits, stages.shortcut=projection"]
    assert not found["equal"]


def test_open_sizes_are_question_marks_and_null(archspec: Run) -> None:
    arguments = ("resnet50", "se_resnet50", "--set", "input=?x?x3")
    assert document(archspec, *arguments)["macs"] == [None, None]
    assert archspec("diff", *arguments)[0] == 0


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_a_picture_is_written_beside_the_text(archspec: Run, tmp_path: Path, theme: str) -> None:
    path = tmp_path / "a.svg"
    code, out, err = archspec("diff", *SMALL, "-o", str(path), "--theme", theme)
    assert code == 0
    assert re.fullmatch(rf"{re.escape(str(path))}: [\d.]+ x [\d.]+ px, .* page\n", err)
    assert "basic" in out
    text = path.read_text()
    assert flaws(text) == []
    assert ("prefers-color-scheme" in text) == (theme == "auto")
    archspec("diff", *SMALL, "-o", str(path), "--theme", theme, "--no-background")
    assert 'class="bg"' in text
    assert 'class="bg"' not in path.read_text()


def test_of_no_difference_no_picture_is_written(archspec: Run, tmp_path: Path) -> None:
    code, _, err = archspec("diff", "resnet20_digits", "resnet20_digits", "-o", str(tmp_path / "a.svg"))
    assert (code, list(tmp_path.iterdir())) == (0, [])
    assert "there is no difference to draw" in err


@pytest.mark.parametrize(("arguments", "said"), [
    (("resnet50",), "Missing argument 'B'"),
    (("resnet50", "resnet51"), "did you mean"),
    (("resnet50", "resnet50", "-o", "a.png"), "written as SVG"),
    (("resnet50", "resnet50", "--set", "stages.no=1"), "stages"),
    (("resnet50", "."), "is no run folder"),
])
def test_wrong_input_is_told(archspec: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = archspec("diff", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def a_run(path: Path, changes: dict[str, object], top1: float, data: str) -> None:
    """A folder as a training leaves it, as far as a comparison looks."""
    spec = load("resnet20_digits", {"train.epochs": 1, "train.schedule": {"kind": "constant", "learning_rate": 0.1}, **changes})
    graph, found = lower(spec), RunFolder(path)
    path.mkdir(parents=True)
    found.spec.write_text(spec.to_yaml(expand=True))
    write_json(found.index, {"digest": data})
    begun(spec, preprocess_of(spec.train, input_shape(graph)), graph, False).write(found.manifest)
    write_lines(found.metrics, [{"epoch": 1.0, "step": 9.0, "loss": 0.5, "accuracy": 0.9, "test_loss": 0.25, "test_top1": top1,
                                 "seconds": 125.0, "images_per_second": 9.0}])
    write_json(found.result, {})


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    a_run(Path("runs/a"), {}, 0.9, "one")
    a_run(Path("runs/b"), {"train.batch": 64, "stages.shortcut": "projection"}, 0.95, "two")
    a_run(Path("runs/c"), {}, 0.9, "one")


@pytest.mark.usefixtures("runs")
def test_of_two_runs_spec_recipe_data_and_result(archspec: Run) -> None:
    found = document(archspec, "runs/a", "runs/b")
    assert found["recipe"] == [{"key": "train.batch", "a": 32, "b": 64}]
    assert found["runs"] == [{"key": "data", "a": "one", "b": "two"}, {"key": "test_top1", "a": 0.9, "b": 0.95}]
    assert found["layers"]["added"]
    out = archspec("diff", "runs/a", "runs/b")[1]
    assert re.search(r"^test_top1 +0\.9 +0\.95 *$", out, re.MULTILINE)


@pytest.mark.usefixtures("runs")
def test_two_runs_may_be_equal_and_a_run_stands_against_a_spec(archspec: Run) -> None:
    assert archspec("diff", "runs/a", "runs/c")[1] == "runs/a and runs/c: no difference\n"
    found = document(archspec, "runs/a", "resnet20_digits")
    assert next(pair["key"] for pair in found["recipe"]) == "train.epochs"
    assert found["layers"] == {"added": [], "removed": [], "changed": [], "renamed": []}


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(("arguments", "said"), [
    (("runs/a", "runs"), "holds runs and is none itself"),
    (("runs/a", "runs/b", "--set-b", "classes=9"), "which is as it was trained"),
])
def test_what_is_no_run_or_cannot_be_changed_is_told(archspec: Run, arguments: tuple[str, ...], said: str) -> None:
    code, _, err = archspec("diff", *arguments)
    assert code == 2
    assert said in err


@pytest.mark.usefixtures("runs")
def test_a_folder_called_like_a_spec_is_in_nobodys_way(archspec: Run) -> None:
    Path("resnet50").mkdir()
    assert archspec("diff", "resnet50", "resnet50")[0] == 0


def test_one_stage_and_no_recipe(archspec: Run, tmp_path: Path) -> None:
    code, out, err = archspec("diff", "resnet50", "se_resnet50", "--stage", "stage2", "--no-recipe", "-o", str(tmp_path / "x.svg"))
    assert code == 0
    assert [line.split()[1] for line in out.splitlines()[2:4]] == ["stage2", "network"]
    assert "stage3" not in out
    assert "train." not in out
    assert re.fullmatch(r".*x\.svg: [\d.]+ x [\d.]+ px, needs the width of a page\n", err)
    text = (tmp_path / "x.svg").read_text("utf-8")
    assert flaws(text) == []
    assert ">recipe<" not in text
    assert archspec("diff", "resnet50", "se_resnet50", "--stage", "head", "--no-recipe")[1] == (
        "resnet50 and se_resnet50: no difference in head\n")
    code, out, err = archspec("diff", "resnet50", "se_resnet50", "--stage", "stage22")
    assert "neither resnet50 nor se_resnet50 has a stage 'stage22'\n  hint: did you mean 'stage2'?" in err


def test_small_networks_are_told_in_units_that_suit_them(archspec: Run) -> None:
    out = archspec("diff", *SMALL)[1]
    assert "KiB" in out
    assert "0.0 MiB" not in out
