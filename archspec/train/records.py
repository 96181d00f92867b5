"""All that a training writes while it runs: checkpoints, metrics.jsonl, TensorBoard. One process of a cluster does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from archspec.errors import InputError
from archspec.train.board import TensorBoard
from archspec.train.checkpoint import Checkpoints, Snapshot
from archspec.train.cluster import Cluster
from archspec.train.metrics import write_lines
from archspec.train.progress import Row
from archspec.train.run import RunFolder


class Records:
    """Writes into a run folder, and never into another one that has taken its name since. Used as a context.

    Begins with the history as it stands: rows that a killed process had written beyond it are gone.
    """

    def __init__(self, run: RunFolder, checkpoints: Checkpoints, cluster: Cluster, history: Sequence[Row]) -> None:
        self._run, self._checkpoints, self._chief = run, checkpoints, cluster.chief
        self._folder = _identity(run)
        self._board = TensorBoard(run.tensorboard, history) if cluster.chief else None
        if self._board:
            self._board.picture(run.augmented)
        if cluster.chief and history:
            write_lines(run.metrics, history)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._board:
            self._board.close()

    def save(self, snapshot: Snapshot) -> None:
        """A checkpoint. Raises InputError if the run folder is gone."""
        if self._chief:
            self._refuse_another_folder()
            self._checkpoints.save(snapshot)

    def epoch(self, history: Sequence[Row]) -> None:
        """The last row of the history is new. Raises InputError if the run folder is gone."""
        if self._board:
            self._refuse_another_folder()
            write_lines(self._run.metrics, history)
            self._board.add(history[-1])

    def _refuse_another_folder(self) -> None:
        if _identity(self._run) != self._folder:
            raise InputError(f"{self._run.path} is no longer there: it was moved or removed while it was worked in\n"
                             "  hint: move it back, or name it with --run; the same command goes on from its last checkpoint")


def _identity(run: RunFolder) -> tuple[int, int] | None:
    try:
        found = os.stat(run.path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
