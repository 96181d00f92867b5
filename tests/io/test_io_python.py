"""Another process of this Python."""

from __future__ import annotations

import subprocess
from pathlib import Path

import archspec
from archspec.io.python import command, environment

PROGRAM = "import sys; sys.stdout.write('found ')\nimport json, archspec, os; print(archspec.__file__, os.environ['OWN'])"


def test_it_imports_what_this_one_does_and_nothing_from_the_current_folder(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('a stranger was asked')")
    done = subprocess.run(command("-c", PROGRAM), cwd=tmp_path, env=environment({"OWN": "said"}), capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"found {archspec.__file__} said\n", "")
