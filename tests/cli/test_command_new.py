"""`archspec new`, `explain` and `schema` as one types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archspec.cli import run


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(list(arguments))
    return code, *capsys.readouterr()


def test_a_new_spec_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "new", "mine", "--from", "resnet18") == (0, "mine.yaml: a variant of resnet18; archspec check mine.yaml\n", "")
    assert said(capsys, "new", "--block", "twig")[0] == 0
    assert said(capsys, "check", "mine.yaml", "twig.yaml", "--strict")[0] == 0
    code, out, err = said(capsys, "new", "mine", "--from", "resnet50")
    assert (code, out) == (2, "")
    assert "is there already" in err
    assert said(capsys, "new", "other", "--block", "leaf")[1].startswith("other.yaml")


@pytest.mark.parametrize(("arguments", "message"), [
    (["new"], "--from SPEC, or --block BLOCK"), (["new", "mine"], "--from SPEC, or --block BLOCK"), (["new", "--from", "resnet18"], "what the new spec is called"),
    (["new", "a", "--from", "resnet18", "--block", "b"], "one of them"), (["new", "a", "--from", "resnet5O"], "did you mean 'resnet50'?"),
    (["explain", "shap"], "did you mean 'shape'?"), (["explain", "shape", "nonsense"], "lists all"), (["completion", "tcsh"], "'tcsh' is not one of"),
])
def test_mistakes_exit_2_and_leave_nothing(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = said(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert not [*tmp_path.iterdir()]


def test_a_folder_that_cannot_be_written_to_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("", encoding="utf-8")
    code, out, err = said(capsys, "new", "file/mine", "--from", "resnet18")
    assert (code, out) == (2, "")
    assert "Traceback" not in err and err


def test_explain_lists_all_and_tells_some(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "explain")[1].splitlines()
    assert lines == sorted(lines) and len(lines) > 80
    both = said(capsys, "explain", "shape", "twice")[1]
    assert both.startswith("shape\n") and "\n\ntwice\n" in both


def test_schema_prints_json_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "schema")
    assert (code, err) == (0, "")
    assert json.loads(out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
