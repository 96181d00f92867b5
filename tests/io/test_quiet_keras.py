"""How Keras is loaded: a setting of the user's that Keras itself refuses is a message; what no command needs is left out."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from archspec.io import quiet


def test_a_broken_setting_is_told_with_its_file(tmp_path: Path) -> None:
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras/keras.json").write_text('{"floatx": "nonsense"}')
    done = subprocess.run([sys.executable, "-m", "archspec", "verify", "cifar_resnet20"], capture_output=True, text=True, check=False,
                          env={**os.environ, "HOME": str(tmp_path), "KERAS_HOME": str(tmp_path / ".keras")})
    assert done.returncode == 2
    assert "Keras does not start: Invalid `floatx` configuration." in done.stderr
    assert done.stderr.endswith("\n  hint: mend or remove ~/.keras/keras.json\n")


def test_what_is_left_out_is_not_there_meanwhile_and_is_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is loaded already is no part of it."""
    monkeypatch.delitem(sys.modules, "this", raising=False)
    quiet.leave_out("this", "os")
    with quiet._leaving_out():
        with pytest.raises(ModuleNotFoundError):
            import_module("this")
        assert import_module("os") is os
    quiet.leave_out()
    assert "this" not in sys.modules
    with quiet._leaving_out():
        assert import_module("this").d["N"] == "A"
