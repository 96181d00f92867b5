"""Every rule of the language has a spec that breaks it, and the whole message that the user then reads.

ARCHSPEC_UPDATE=1 writes the messages anew; read each before it is committed.
"""

from __future__ import annotations

import os
import re
import shlex
from functools import cache
from pathlib import Path

import pytest

import archspec
from archspec.errors import SpecError
from archspec.io.places import shipped

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "bad_specs"
CASES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
ELSEWHERE = {
    "unreadable": "test_source.py: a file without permission or a folder",
    "too-large": "test_source.py and too_many_*.yaml",
    "not-found": "test_inherit.py: a name on the command line",
    "not-a-file": "test_inherit.py: a folder on the command line",
    "sweep": "tests/search/test_sweep.py: in a sweep's file, which is no spec",
    "graph-input": "tests/graph/test_verify.py: no spec gives such a graph",
    "graph-order": "tests/graph/test_verify.py: no spec gives such a graph",
    "graph-type": "tests/graph/test_verify.py: no spec gives such a graph",
}


@cache
def problems(name: str) -> SpecError:
    first = (FOLDER / f"{name}.yaml").read_bytes().split(b"\n")[0].decode("latin-1")
    words = shlex.split(first[1:]) if first.startswith("# --set") else []
    with pytest.raises(SpecError) as caught:
        archspec.lower(archspec.load(f"tests/bad_specs/{name}.yaml", [word for word in words if word != "--set"]))
    return caught.value


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("name", CASES)
def test_message(name: str) -> None:
    said = str(problems(name)).replace(str(shipped()), "specs") + "\n"
    expected = FOLDER / f"{name}.txt"
    if os.environ.get("ARCHSPEC_UPDATE"):
        expected.write_text(said, encoding="utf-8")
    assert said == expected.read_text(encoding="utf-8")


def test_each_code_has_a_bad_spec() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "archspec").rglob("*.py"))
    codes = set(re.findall(r'[Pp]roblem\("([a-z0-9-]+)"', source)) - ELSEWHERE.keys()
    found = {problem.code for name in CASES for problem in problems(name).problems}
    assert codes <= found
    assert found <= codes | ELSEWHERE.keys()


def test_each_problem_has_a_place() -> None:
    for name in CASES:
        for problem in problems(name).problems:
            assert problem.where.line >= 1
            assert problem.where.column <= len(problem.where.text) + 1
