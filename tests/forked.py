"""Processes that start at once: forks of one that has loaded TensorFlow, and used nothing of it."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["archspec.io.quiet", "tensorflow", "keras", "archspec.cli.training", "archspec.train.begin",
                              "archspec.train.loop", "archspec.export.run", "sklearn.datasets"])


def ends(work: Callable[..., object], *arguments: Any) -> int | None:
    """The exit code of a function of a module, in a process of its own; minus the signal that killed it."""
    process = FORKS.Process(target=work, args=arguments)
    process.start()
    process.join()
    return process.exitcode


def printing(path: Path, work: Callable[..., object], *arguments: Any) -> int | None:
    """The same; what it prints on both streams is added to a file."""
    return ends(_printing, str(path), dict(os.environ), work, arguments)


def _printing(path: str, environment: Mapping[str, str], work: Callable[..., object], arguments: Sequence[Any]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    printed = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(printed, stream)
    sys.exit(work(*arguments))
