"""Several workers at the same time, as forks of a process that has loaded TensorFlow; and what may happen to them."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from forked import FORKS
from runs import undrawn

from archspec.__main__ import main
from archspec.train import loop
from archspec.train.devices.launcher import addresses
from archspec.train.job import Job

Hook = Callable[[], None]
"""Called before the command: it may have something happen to the process later."""
PATCH = pytest.MonkeyPatch()
"""Of these processes, which end with what is changed in them."""


def together(arguments: Sequence[str], *workers: Sequence[Hook]) -> list[tuple[int, str]]:
    """Of each worker the exit code, minus the signal that ended it, and what it printed. Each is given by its hooks."""
    listed = ",".join(addresses(len(workers)))
    each = [[*arguments, "--workers", listed, "--rank", str(rank)] for rank, _ in enumerate(workers)]
    return ended(*zip(each, workers, strict=True))


def ended(*commands: tuple[Sequence[str], Sequence[Hook]]) -> list[tuple[int, str]]:
    """The same of commands, arguments with hooks, that run at the same time."""
    with tempfile.TemporaryDirectory() as folder:
        logs = [Path(folder, str(number)) for number, _ in enumerate(commands)]
        started = [_started(arguments, hooks, log) for (arguments, hooks), log in zip(commands, logs, strict=True)]
        for process in started:
            process.join()
        return [(process.exitcode or 0, log.read_text()) for process, log in zip(started, logs, strict=True)]


def _started(arguments: Sequence[str], hooks: Sequence[Hook], log: Path) -> BaseProcess:
    process = FORKS.Process(target=_run, args=(list(arguments), list(hooks), log, dict(os.environ), os.getcwd()))
    process.start()
    return process


def _run(arguments: list[str], hooks: list[Hook], log: Path, environment: dict[str, str], folder: str) -> None:
    os.environ.update(environment, CUDA_VISIBLE_DEVICES="-1")
    os.chdir(folder)
    with log.open("wb") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    undrawn(PATCH)
    for hook in hooks:
        hook()
    sys.argv = ["archspec", *arguments]
    main()


def two_devices() -> None:
    """TensorFlow sees two CPUs."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


def signalled(number: signal.Signals, step: int) -> None:
    """A signal comes when so many steps are done."""
    real = loop.Steps.next

    def following(self: loop.Steps) -> None:
        real(self)
        if self._job.state.progress.step == step:
            os.kill(os.getpid(), number)
    PATCH.setattr(loop.Steps, "next", following)


def killed_together(workers: int, step: int) -> None:
    """All are killed when all have done so many steps: none of them lives to see that another one is gone."""
    real = loop.Steps.next

    def following(self: loop.Steps) -> None:
        real(self)
        if self._job.state.progress.step == step:
            Path(f"at-{step}-{os.getpid()}").touch()
            while len(list(Path().glob(f"at-{step}-*"))) < workers:
                time.sleep(0.001)
            os.kill(os.getpid(), signal.SIGKILL)
    PATCH.setattr(loop.Steps, "next", following)


def spoiled(step: int) -> None:
    """The part that this worker has of a batch is no numbers."""
    real = Job.train

    def train(self: Job, batch: Any) -> Any:
        if self.state.progress.step + 1 == step:
            batch = batch._replace(weights=self.strategy.run(tf.multiply, (batch.weights, np.nan)))
        return real(self, batch)
    PATCH.setattr(Job, "train", train)
