"""What happens to a command when nobody reads what it prints any more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from archspec.cli.screen import Screen


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["summary", "vgg11"], ["show", "vgg11"], ["check", "vgg11"]])
def test_results_that_nobody_reads(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-m", "archspec", *arguments], stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_screen_says_no_more_when_its_reader_is_gone() -> None:
    reading, writing = os.pipe()
    with open(writing, "w", encoding="utf-8") as file:
        screen = Screen(file=file)
        os.close(reading)
        for _ in range(3):
            screen.print("lost")
        assert screen.quiet


def test_a_training_outlives_its_terminal(tmp_path: Path) -> None:
    """It ends as if somebody had watched, and had read what is doubtful in its spec."""
    (tmp_path / "tiny.yaml").write_text("input: 8x8x1\nlet: {unread: 1}\nclasses: 10\nstem: [conv: 3x3 4]\nhead: [global_avg_pool, dense: $classes]\n"
                                        "train: {epochs: 2, batch: 479}\nexport: {formats: []}\n")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-m", "archspec", "train", "tiny.yaml"], cwd=tmp_path, stdout=subprocess.PIPE,
                          stderr=writing, check=False)
    os.close(writing)
    assert done.returncode == 0
    assert (tmp_path / "runs/tiny/result.json").is_file()
