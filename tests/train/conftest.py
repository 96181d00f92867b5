"""A small network on small images, quick enough to train in a test."""

from __future__ import annotations

import shutil
from contextlib import redirect_stderr, redirect_stdout
from hashlib import sha256
from io import StringIO
from pathlib import Path

import pytest
from runs import DIGITS, QUICK, RUN, SPEC, Finished, undrawn

from archspec.cli import run as archspec
from archspec.io.memory import keep_freed

keep_freed()  # as the command does

@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The spec's file, `small.yaml`; commands run in its folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.yaml"
    path.write_text(SPEC)
    return path


@pytest.fixture
def digits(spec: Path) -> None:
    """The spec is that of a residual block on the digits."""
    spec.write_text(DIGITS)


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("finished")


@pytest.fixture
def finished(spec: Path, _finished: Path) -> Finished:
    """Puts a finished run of the spec there, which prints nothing. Each command is trained once, and its run copied."""
    def put(*arguments: str, run: Path = RUN) -> None:
        kept = _finished / sha256(repr((spec.read_text(), arguments)).encode()).hexdigest()
        if not kept.exists():
            with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as said:
                assert archspec(["train", "small.yaml", *QUICK, *arguments, "--run", str(kept)]) == 0, said.getvalue()
        shutil.copytree(kept, run)
    return put


@pytest.fixture(autouse=True)
def diagrams(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a report shows of images is held in tests/export."""
    undrawn(monkeypatch)
