"""What is installed: the specs travel with the package, and imports run one way."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ORDER = ["errors", "io", "graph", "schema", "spec", "lowering", "lower", ("views", "weights", "preprocess", "model"), "data",
         "artifact", "evaluate", "train", "export", "cli"]
"""The parts of archspec; each imports only those before it, and those that stand together not one another."""
FRAMEWORKS = {"tensorflow", "keras", "numpy", "sklearn", "ai_edge_litert"}

NUMERIC = {"passes": {"numpy"}}
"""What graph/passes may use beyond: it rewrites weights."""


def imported(path: Path) -> set[str]:
    """The dotted names that a file imports, anywhere in it but for type checkers."""
    found: set[str] = set()
    tree = ast.parse(path.read_text())
    for block in ast.walk(tree):
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING":
            block.body = [ast.Pass()]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def ranks() -> dict[str, int]:
    return {name: rank for rank, names in enumerate(ORDER) for name in ([names] if isinstance(names, str) else names)}


def sources() -> list[Path]:
    return sorted(path for path in (ROOT / "archspec").rglob("*.py") if path.relative_to(ROOT / "archspec").parts[0] in
                  {*ranks(), *(f"{name}.py" for name in ranks())})


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    own = path.relative_to(ROOT / "archspec").parts[0].removesuffix(".py")
    parts = {name.split(".")[1] for name in imported(path) if name.startswith("archspec.")}
    assert all(part == own or ranks()[part] < ranks()[own] for part in parts), parts
    if own in ("errors", "graph", "spec", "lowering", "lower", "views"):
        assert not {name.partition(".")[0] for name in imported(path)} & FRAMEWORKS - NUMERIC.get(path.parent.name, set())


def test_every_part_of_the_package_has_a_rank() -> None:
    names = {path.stem for path in (ROOT / "archspec").iterdir() if not path.name.startswith("__") and path.suffix != ".typed"}
    assert names <= set(ranks())


@pytest.mark.slow
def test_a_wheel_works_in_an_empty_folder(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".git", ".venv", "runs", "*.egg-info", "build", "tests"))
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--disable-pip-version-check", "-w",
                    str(tmp_path), str(source)], check=True)
    wheel, = tmp_path.glob("archspec_keras-*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    empty = tmp_path / "empty"
    empty.mkdir()
    shipped = subprocess.run([sys.executable, "-m", "archspec", "show", "resnet20_digits", "--explain", "stages.block"], cwd=empty,
                             env={**os.environ, "PYTHONPATH": str(tmp_path / "site")}, capture_output=True, text=True, check=True)
    assert str(tmp_path / "site" / "archspec" / "specs") in shipped.stdout
    assert {path.stem for path in (ROOT / "specs").rglob("*.yaml")} == {
        path.stem for path in (tmp_path / "site" / "archspec" / "specs").rglob("*.yaml")}
