"""Several workers, as processes on this machine: they train what one does, and end together."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from signal import SIGKILL, SIGTERM

import numpy as np
import pytest
from runs import QUICK, SPEC, checkpoints, exact, metrics
from workers import Hook, ended, killed_together, signalled, spoiled, together, two_devices

from archspec.cli import run as archspec
from archspec.train.devices.launcher import addresses

PLAIN = SPEC.replace(", dropout: 0.1", "")
ALL = SPEC.replace("batch: 4", "batch: 8").replace("train: 120", "train: 240") + """\
  augment: [pad_crop: 1, mixup]
  accumulate: 2
  clip: 5
  ema: {decay: 0.9, every: 3}
  precision: mixed_bfloat16
  on_divergence: rollback
"""
"""A batch that can be shared out over two workers in two parts of whole pairs."""
ARGUMENTS = ["train", "small.yaml", *QUICK, "--set", "train.checkpoint.steps=10"]
SPOILED = 37
"""The step of which one worker's part is no numbers."""
BOTH, SECOND = sorted(np.random.default_rng(2012).choice(range(7, SPOILED), 2, replace=False).tolist())
FIRST = int(np.random.default_rng(2012).integers(SPOILED + 1, 60))
"""When they are killed."""


def alike(one: Path, two: Path, tolerance: float) -> bool:
    """Whether the loss curves of two runs are, as far as they are long."""
    pairs = [(before[key], after[key]) for before, after in zip(metrics(one), metrics(two), strict=True)
             for key in ("loss", "accuracy", "test_loss", "test_top1")]
    return all(after == pytest.approx(before, rel=tolerance) for before, after in pairs)


@pytest.mark.slow
def test_one_device_two_devices_and_two_workers_have_one_loss_curve(spec: Path) -> None:
    """With synchronised batch normalisation, to 0.01 %. A run that two workers began is gone on with by one, and ends there.

    So is one of micro-batches, which are of the same images on any number of devices.
    """
    spec.write_text(PLAIN)
    in_parts = [*ARGUMENTS, "--set", "train.accumulate=2"]
    killed = [partial(killed_together, 2, 37)]
    assert archspec([*ARGUMENTS, "--run", "one"]) == archspec([*in_parts, "--run", "parts"]) == 0
    (code, said), = ended(([*in_parts, "--run", "mirrored", "--strategy", "mirrored"], [two_devices]))
    assert (code, "2 CPUs, mirrored; batch 4, 2 on each" in said) == (0, True), said
    assert [code for code, _ in together([*ARGUMENTS, "--run", "two"], [], [])] == [0, 0]
    assert [code for code, _ in together([*in_parts, "--run", "changed"], killed, killed)] == [-9, -9]
    assert archspec([*in_parts, "--run", "changed"]) == 0
    assert alike(Path("one"), Path("two"), 1e-4)
    for run in ("mirrored", "changed"):
        assert alike(Path("parts"), Path(run), 1e-4), run
    assert not alike(Path("one"), Path("parts"), 1e-4)


@pytest.mark.longest
@pytest.mark.slow
def test_stopped_and_killed_in_every_way_the_end_is_that_of_the_whole_run(spec: Path) -> None:
    """Bit for bit, with everything on: one is asked to stop, one is killed, all are killed, all diverge and go back."""
    spec.write_text(ALL)
    bad = partial(spoiled, SPOILED)
    run, said = [*ARGUMENTS, "--run", "cut"], list[str]()

    def codes(*hooks: list[Hook], run: list[str] = run) -> list[int]:
        first, second = hooks or ([], [])
        found = together(run, first, [bad, *second])
        said[:] = [text for _, text in found]
        print(*said)
        return [code for code, _ in found]

    both, (second, first) = [partial(killed_together, 2, BOTH)], ([partial(signalled, SIGKILL, step)] for step in (SECOND, FIRST))
    assert codes(run=[*ARGUMENTS, "--run", "whole"]) == [0, 0]
    assert codes([], [partial(signalled, SIGTERM, 4)]) == [130, 130]
    assert checkpoints(Path("cut")) in ([5], [6])  # of both workers after the same step
    assert codes(both, both) == [-9, -9]
    assert codes([], second) == [4, -9]
    assert re.search(r"worker 1 \(127\.0\.0\.1:\d+\) has ended, or cannot be reached: this one ends, too", said[0])
    assert codes(run=[*run, "--set", "train.on_divergence=stop"]) == [1, 1]
    assert all("the loss is no longer a number in epoch 2, at step 37 (batch 7 of 30)" in text for text in said)
    assert checkpoints(Path("cut"))[-1] == 30
    assert codes(first, []) == [-9, 4]
    assert re.search(r"worker 0 \(127\.0\.0\.1:\d+\) has ended", said[1])
    assert codes() == [0, 0]
    assert exact(Path("cut")) == exact(Path("whole"))
    assert metrics(Path("cut"))[-1]["skipped_steps"] == 7
    assert codes() == [0, 0]  # nothing is left to do, and all know it


@pytest.mark.slow
def test_a_worker_that_never_comes_is_named(spec: Path) -> None:
    for rank in (0, 1):
        first, other = addresses(2)
        (code, said), = ended(([*ARGUMENTS, "--workers", f"{first},{other}", "--rank", str(rank), "--wait", "2"], []))
        assert code == 4
        assert f"worker {1 - rank} ({(other, first)[rank]}) did not come within 2 s: this one ends\n  hint: start all" in said
    assert not Path("runs").exists()
