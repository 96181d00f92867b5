"""What result.json says of a network is what the network in the folder does, whichever weights were chosen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from runs import QUICK, RUN, SPEC, metrics

from archspec.artifact.folder import read
from archspec.cli import run as archspec
from archspec.evaluate.judged import judge
from archspec.export.images import Sought

pytestmark = pytest.mark.usefixtures("many_tested")

EVERYTHING = ["train.ema=0.9", "train.recompute_statistics=96", "train.checkpoint.best=1", "train.precision=mixed_bfloat16",
              "train.accumulate=2", "train.freeze={layers: [stem], until: 1}"]


SAID = {"raw": "weights after epoch 2 of 2; mixed_bfloat16", "ema": "moving average of the weights after epoch 2 of 2; float32",
        "best": "moving average of the weights after epoch 2 of 2, the best by test_top1; float32"}


@pytest.fixture
def many_tested(spec: Path) -> None:
    """So many images that one which half precision takes for another class is less than the result may be off."""
    spec.write_text(SPEC.replace("train: 120, test: 20", "train: 360, test: 600").replace("batch: 4", "batch: 12"))


@pytest.mark.parametrize("weights", ["ema", "best"])
def test_the_exported_network_has_the_result_that_is_told(weights: str) -> None:
    train(weights)
    told_truly(weights)


def train(weights: str) -> None:
    keys = [part for key in (*EVERYTHING, f"export.weights={weights}") for part in ("--set", key)]
    assert archspec(["train", "small.yaml", *QUICK, *keys]) == 0


def told_truly(weights: str) -> None:
    artifact, result = read(RUN), json.loads((RUN / "result.json").read_text())
    testing = Sought(RUN, artifact).testing
    assert testing is not None
    judged = judge(artifact, testing)
    assert judged.right.mean() == pytest.approx(result["top1"], abs=0.01)  # half precision in training, none here
    assert judged.losses.mean() == pytest.approx(result["loss"], rel=0.01)
    assert f"- {SAID[weights]}; " in (RUN / "report.md").read_text()


def test_a_finished_run_gives_other_weights_when_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """The first are raw ones, of a run that begins. They are tested, for the rows say what the others came to; a best epoch by the tests of others is none."""
    for weights in ("raw", "ema"):
        train(weights)
        told_truly(weights)
    assert [row["averaged"] for row in metrics()] == [0, 0]
    before = {path: path.read_bytes() for path in RUN.rglob("*") if path.is_file()}
    keys = [part for key in (*EVERYTHING, "export.weights=best") for part in ("--set", key)]
    assert archspec(["train", "small.yaml", *QUICK, *keys]) == 2
    assert capsys.readouterr().err.endswith(
        "runs/small/checkpoints holds no best epoch that can be used: train.checkpoint.best keeps those that end from now on\n"
        "  hint: --set export.weights=raw, or ema of a training with one, takes the weights at the end\n")
    assert {path: path.read_bytes() for path in RUN.rglob("*") if path.is_file()} == before
