"""Keras settings of the user's that Keras itself refuses are a message."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_a_broken_setting_is_told_with_its_file(tmp_path: Path) -> None:
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras/keras.json").write_text('{"floatx": "nonsense"}')
    done = subprocess.run([sys.executable, "-m", "archspec", "verify", "cifar_resnet20"], capture_output=True, text=True, check=False,
                          env={**os.environ, "HOME": str(tmp_path), "KERAS_HOME": str(tmp_path / ".keras")})
    assert done.returncode == 2
    assert "Keras does not start: Invalid `floatx` configuration." in done.stderr
    assert done.stderr.endswith("\n  hint: mend or remove ~/.keras/keras.json\n")
