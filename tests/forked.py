"""Processes that start at once: forks of one that has loaded TensorFlow and the language server, and used nothing of them."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["archspec.lsp.requests", "sklearn.datasets", "archspec.cli.preloaded"])


def ends(work: Callable[..., object], *arguments: Any) -> int | None:
    """The exit code of a function of a module, in a process of its own; minus the signal that killed it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # for the one that they are forked from, which is started now
    process = FORKS.Process(target=work, args=arguments)
    process.start()
    process.join()
    return process.exitcode


def printing(path: Path, work: Callable[..., object], *arguments: Any) -> int | None:
    """The same; what it prints on both streams is added to a file."""
    return ends(_printing, path, path, dict(os.environ), work, arguments)


def program(code: str, *arguments: str) -> str:
    """What a program prints on standard output, in a process of its own that sees no GPU. Raises AssertionError where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        printed, errors = Path(folder, "printed"), Path(folder, "errors")
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
        assert ends(_printing, printed, errors, environment, _run, (code, arguments)) == 0, errors.read_text(encoding="utf-8")
        return printed.read_text(encoding="utf-8")


def _printing(printed: Path, errors: Path, environment: Mapping[str, str], work: Callable[..., object], arguments: Sequence[Any]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for stream, path in ((1, printed), (2, errors)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    sys.exit(work(*arguments))


def _run(code: str, arguments: Sequence[str]) -> None:
    sys.argv = ["-c", *arguments]
    exec(code, {"__name__": "__main__"})
