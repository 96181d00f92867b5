"""What is installed: the specs travel with the package, and the command finds them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_a_wheel_works_in_an_empty_folder(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".git", ".venv*", "runs", "*.egg-info", "build", "tests"))
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--disable-pip-version-check", "-w",
                    str(tmp_path), str(source)], check=True)
    wheel, = tmp_path.glob("archspec_keras-*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    empty = tmp_path / "empty"
    empty.mkdir()
    shipped = subprocess.run([sys.executable, "-m", "archspec", "show", "resnet20_digits", "--explain", "stages.block"], cwd=empty,
                             env={**os.environ, "PYTHONPATH": str(tmp_path / "site")}, capture_output=True, text=True, check=True)
    assert "<shipped>/" in shipped.stdout
    assert {path.relative_to(ROOT / "specs") for path in (ROOT / "specs").rglob("*.*")} == {
        path.relative_to(tmp_path / "site/archspec/specs") for path in (tmp_path / "site/archspec/specs").rglob("*.*")}
    assert {path.name for path in (ROOT / "archspec/studio/page").glob("*")} == {
        path.name for path in (tmp_path / "site/archspec/studio/page").glob("*")}
