"""What is tested and exported is the average; what is trained goes on untouched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from runs import QUICK, RUN, Finished, checkpoints, metrics

from archspec.artifact.folder import read as artifact
from archspec.cli import run as archspec
from archspec.errors import SpecError
from archspec.network import load
from archspec.train.saving.checkpoint import read

LEARNED = ("loss", "accuracy")


Found = tuple[list[list[float]], list[float], dict[str, np.ndarray], np.ndarray]
"""Loss and accuracy of each epoch, those of the last test, the checkpoint, and a kernel as it is exported."""


def trained(*overrides: str) -> Found:
    assert archspec(["train", "small.yaml", *QUICK, *(f"--set={each}" for each in overrides), "--fresh"]) == 0
    return found()


def found() -> Found:
    arrays = read(RUN / "checkpoints" / f"step-{checkpoints()[-1]:08}.npz").arrays
    rows = metrics()
    return ([[row[key] for key in LEARNED] for row in rows], [rows[-1][key] for key in ("test_loss", "test_top1")], arrays,
            artifact(RUN).weights["stem_conv", "kernel"])


@pytest.mark.slow
def test_the_average_is_tested_and_exported(spec: Path, finished: Finished) -> None:
    finished()
    plain = found()
    averaged = trained("train.ema=0.99")
    raw = trained("train.ema=0.99", "export.weights=raw")
    assert plain[0] == averaged[0] == raw[0]  # the training itself sees nothing of it
    assert plain[1] == raw[1] != averaged[1]
    name = "stem_conv/kernel"
    assert np.array_equal(averaged[3], averaged[2][f"ema/{name}"])
    assert np.array_equal(raw[3], raw[2][f"model/{name}"])
    assert np.array_equal(averaged[2][f"model/{name}"], plain[2][f"model/{name}"])
    assert not np.array_equal(averaged[2][f"ema/{name}"], averaged[2][f"model/{name}"])


def test_there_is_no_average_to_export(spec: Path) -> None:
    with pytest.raises(SpecError) as error:
        load("small.yaml", ["export.weights=ema"])
    problem, = error.value.problems
    assert (problem.message, problem.hint) == ("export.weights: ema, but train.ema says no average",
                                               "train: {ema: 0.9999}, or leave export.weights out")
