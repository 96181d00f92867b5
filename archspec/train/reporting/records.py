"""All that a training writes while it runs: checkpoints, metrics.jsonl, TensorBoard. One process of a cluster does."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from types import TracebackType
from typing import Any, Self

import numpy as np

from archspec.errors import InputError
from archspec.train.devices.cluster import Cluster
from archspec.train.progress import Row
from archspec.train.reporting.board import Board
from archspec.train.reporting.metrics import read_steps, write_lines
from archspec.train.run import RunFolder
from archspec.train.saving import manifest as manifests
from archspec.train.saving.background import Background
from archspec.train.saving.checkpoint import Checkpoints
from archspec.train.state import Copy


class Records:
    """Writes into a run folder, and never into another one that has taken its name since. Used as a context.

    Begins with the history as it stands, and the rows of the steps that are done: what a killed process had written beyond
    them is gone. Checkpoints are written while training goes on; a context that ends waits for the last one.
    """

    def __init__(self, run: RunFolder, checkpoints: Checkpoints, cluster: Cluster, history: Sequence[Row], done: int) -> None:
        self._run, self._checkpoints, self._chief = run, checkpoints, cluster.chief
        self._folder = _identity(run)
        self._background = Background("checkpoint")
        self._board = _begun(run, history, done) if cluster.chief else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            with suppress(Exception) if kind else nullcontext():  # what went wrong first is what counts
                self._background.wait()
        finally:
            self._background.close()
            if self._board:
                self._board.close()

    def save(self, copy: Copy) -> None:
        """Begins to write a checkpoint, when the one before is written. Raises what went wrong with that one."""
        if self._chief:
            self._background.start(partial(self._write, copy))

    def keep(self, copy: Copy, steps: Collection[int]) -> None:
        """Begins to keep a state as one of the best, see Checkpoints.save_best. Raises as `save` does."""
        if self._chief:
            self._background.start(partial(self._keep, copy, steps))

    def check(self) -> None:
        """Raises what went wrong in writing, if something did: InputError if the run folder is gone. Returns at once."""
        self._background.check()

    def wait(self) -> None:
        """Returns when all that was saved is on the disk. Raises as `check` does."""
        self._background.wait()

    def epoch(self, history: Sequence[Row]) -> None:
        """The last row of the history is new. Raises InputError if the run folder is gone.

        A row is written when the state that it was measured on is: a run with rows and no checkpoint cannot be gone on with.
        """
        if self._board:
            self.wait()
            self._refuse_another_folder()
            write_lines(self._run.metrics, history)
            self._board.epoch(history[-1])

    def step(self, row: Row) -> None:
        """A step that is written down. Raises InputError if the run folder is gone."""
        if self._board:
            self._refuse_another_folder()
            with self._run.steps.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            self._board.step(row)

    def back(self, history: Sequence[Row], done: int) -> None:
        """The training has gone back to where so many steps are done: what was told of later ones is gone."""
        if self._board:
            self._board.close()
            self._board = _begun(self._run, history, done)

    def image(self, name: str, pixels: np.ndarray, epoch: int) -> None:
        """A picture of an epoch, (h, w, 3) uint8."""
        if self._board:
            self._board.image(name, pixels, epoch)

    def histograms(self, values: Mapping[str, Any], epoch: int) -> None:
        """How the numbers of each weight are spread after an epoch."""
        if self._board:
            self._board.histograms(values, epoch)

    def _write(self, copy: Copy) -> None:
        self._refuse_another_folder()
        self._checkpoints.save(copy.fetch())

    def _keep(self, copy: Copy, steps: Collection[int]) -> None:
        self._refuse_another_folder()
        self._checkpoints.save_best(copy.fetch(), steps)

    def _refuse_another_folder(self) -> None:
        if _identity(self._run) != self._folder:
            raise InputError(f"{self._run.path} is no longer there: it was moved or removed while it was worked in\n"
                             "  hint: move it back, or name it with --run; the same command goes on from its last checkpoint")


def _begun(run: RunFolder, history: Sequence[Row], done: int) -> Board:
    """TensorBoard's files, and those of rows, with what has been done and nothing else."""
    steps = read_steps(run.steps, done)
    for path, rows in ((run.metrics, history), (run.steps, steps)):
        if rows or path.exists():
            write_lines(path, rows)
    board = Board(run.tensorboard, run.spec, _choices(run), history, steps)
    board.picture(run.augmented)
    return board


def _choices(run: RunFolder) -> dict[str, Any]:
    """What runs are compared by: the recipe's keys, and which network it is."""
    try:
        manifest = manifests.read(run.manifest)
    except (InputError, OSError):
        return {}
    return {**manifest.train, "network": manifest.fingerprint}


def _identity(run: RunFolder) -> tuple[int, int] | None:
    try:
        found = os.stat(run.path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
