"""Several workers, as processes on this machine: they train what one does, and end together."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from runs import QUICK, SPEC, checkpoints, exact, metrics
from test_strategy import ROOT

from archspec.cli import run as archspec
from archspec.train.devices.launcher import addresses

AUGMENTED = SPEC.replace("  epochs: 2\n", "  epochs: 2\n  augment: [pad_crop: 1]\n")
PLAIN = SPEC.replace(", dropout: 0.1", "")
ARGUMENTS = ["train", "small.yaml", *QUICK, "--set", "train.checkpoint.steps=10"]
TWO_DEVICES = """
import sys
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                           [tf.config.LogicalDeviceConfiguration()] * 2)
from archspec.cli import run
sys.exit(run(sys.argv[1:]))
"""
KILLING = """
from archspec.io.quiet import import_tensorflow
import_tensorflow()
from archspec.train import loop
real, step = loop.Steps.next, int(sys.argv[1].split()[1])

def following(self):
    real(self)
    if self._job.state.progress.step == step:
        os.kill(os.getpid(), signal.SIGKILL)
loop.Steps.next = following
from archspec.cli import run
sys.exit(run(sys.argv[2:]))
"""
STOPPED = KILLING.replace("SIGKILL", "SIGTERM")


def together(arguments: list[str], *programs: str) -> list[tuple[int, str]]:
    """Exit code and standard error of one worker for each program; '' for the command itself, else see `at`."""
    listed, found = ",".join(addresses(len(programs))), []
    for rank, program in enumerate(programs):
        command = ["-c", *program.split("\0")] if program else ["-m", "archspec"]
        found.append(subprocess.Popen([sys.executable, *command, *arguments, "--workers", listed, "--rank", str(rank)],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                      env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1"}))
    errors = [each.communicate()[1] for each in found]
    return [(each.returncode, error) for each, error in zip(found, errors, strict=True)]


def at(step: int, program: str = KILLING) -> str:
    """A worker that is killed when so many steps are done."""
    return f"import os, signal, sys\n{program.replace('import_tensorflow()', 'import_tensorflow(devices=False)')}\0step {step}"


def alike(one: Path, two: Path, tolerance: float) -> bool:
    """Whether the loss curves of two runs are, as far as they are long."""
    pairs = [(before[key], after[key]) for before, after in zip(metrics(one), metrics(two), strict=True)
             for key in ("loss", "accuracy", "test_loss", "test_top1")]
    return all(after == pytest.approx(before, rel=tolerance) for before, after in pairs)


@pytest.mark.slow
def test_one_device_two_devices_and_two_workers_have_one_loss_curve(spec: Path) -> None:
    """With synchronised batch normalisation, to 0.01 %. A run that two workers began is gone on with by one, and ends there."""
    spec.write_text(PLAIN)
    assert archspec([*ARGUMENTS, "--run", "one"]) == 0
    command = [sys.executable, "-c", TWO_DEVICES, *ARGUMENTS, "--run", "mirrored", "--strategy", "mirrored"]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1"})
    assert [code for code, _ in together([*ARGUMENTS, "--run", "two"], "", "")] == [0, 0]
    assert [code for code, _ in together([*ARGUMENTS, "--run", "changed"], at(37), at(37))] == [-9, -9]
    assert archspec([*ARGUMENTS, "--run", "changed"]) == 0
    for run in ("mirrored", "two", "changed"):
        assert alike(Path("one"), Path(run), 1e-4), run


@pytest.mark.slow
def test_stopped_and_killed_in_every_way_the_end_is_that_of_the_whole_run(spec: Path) -> None:
    """Bit for bit, with augmentation and dropout: one is asked to stop, one is killed, all are killed."""
    spec.write_text(AUGMENTED)
    run = [*ARGUMENTS, "--run", "cut"]
    assert [code for code, _ in together([*ARGUMENTS, "--run", "whole"], "", "")] == [0, 0]
    stopped = together(run, "", at(4, STOPPED))
    assert [code for code, _ in stopped] == [130, 130], stopped
    assert len(checkpoints(Path("cut"))) == 1
    assert checkpoints(Path("cut"))[0] in (5, 6)  # of both workers after the same step
    (left, said), (killed, _) = together(run, "", at(17))
    assert (left, killed) == (4, -9)
    assert re.search(r"worker 1 \(127\.0\.0\.1:\d+\) has ended, or cannot be reached: this one ends, too", said)
    assert checkpoints(Path("cut"))[-1] == 10
    (killed, _), (left, said) = together(run, at(33), "")
    assert (killed, left) == (-9, 4)
    assert re.search(r"worker 0 \(127\.0\.0\.1:\d+\) has ended", said)
    assert [code for code, _ in together(run, at(47), at(47))] == [-9, -9]
    assert [code for code, _ in together(run, "", "")] == [0, 0]
    assert exact(Path("cut")) == exact(Path("whole"))
    assert [code for code, _ in together(run, "", "")] == [0, 0]  # nothing is left to do, and all know it


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_a_worker_that_never_comes_is_named(rank: int, spec: Path) -> None:
    first, other = addresses(2)
    command = [sys.executable, "-m", "archspec", *ARGUMENTS, "--workers", f"{first},{other}", "--rank", str(rank), "--wait", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 4
    assert f"worker {1 - rank} ({(other, first)[rank]}) did not come within 2 s: this one ends\n  hint: start all" in done.stderr
    assert not Path("runs").exists()
