"""The run that the README begins with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_default_run_reads_digits(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "archspec", "train", "resnet20_digits"], cwd=tmp_path, check=True, capture_output=True)
    run = tmp_path / "runs" / "resnet20_digits"
    result = json.loads((run / "result.json").read_text())
    assert result["top1"] >= 0.985
    assert (result["examples"], result["split"], result["epochs"]) == (360, "test", len((run / "metrics.jsonl").read_text().splitlines()))
    assert (run / "saved_model" / "1" / "saved_model.pb").is_file()
    assert {path.name for path in run.iterdir()} == {
        "spec.yaml", "manifest.json", "data.json", "augmented.png", "metrics.jsonl", "result.json", "curves.png", "report.md", "confusion.png", "worst.png", "tensorboard", "checkpoints", "artifact.json",
        "model.keras", "saved_model", "model.tflite", "labels.txt", "parity.json"}
