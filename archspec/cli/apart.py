"""A command in a process of its own, which starts at once and takes all its memory with it when it ends.

Such processes are forked from one that has loaded TensorFlow, and used nothing of it: no device, no thread. A process that had
to load it would do so for five seconds of processor time, and one process for many trainings would keep what each leaves.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from archspec.io.quiet import settle
from archspec.io.signals import heed, interrupt, no_more

POLL_SECONDS = 2.0
PRELOADED = "archspec.cli.preloaded"


def run_apart(arguments: Sequence[str], log: Path, between: Callable[[], object]) -> int:
    """The exit code of a command in a process of its own, minus the signal that ended it. What it prints is added to `log`.

    `between` is called every other second. A signal is handed on, once, and KeyboardInterrupt raised when the process has
    ended; a second one kills it. If this process is killed, the other one is asked to end, too.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    log.touch()
    settle()  # for what is loaded before any process is forked
    process: BaseProcess = _context().Process(target=_run, args=(list(arguments), log.resolve(), Path.cwd(), dict(os.environ)))
    try:
        if not _started(process):
            return -signal.SIGKILL
        while process.is_alive():
            process.join(POLL_SECONDS)
            heed()
            between()
    except BaseException:
        _end(process)
        raise
    assert process.exitcode is not None
    return process.exitcode


def _started(process: BaseProcess) -> bool:
    """Whether a process could be forked; not where the one that it would be forked from was killed."""
    try:
        process.start()
    except (EOFError, ConnectionError):
        return False
    return True


def _context() -> ForkServerContext | SpawnContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOADED])
    return context


def _end(process: BaseProcess) -> None:
    """Asks a process to stop, which saves what it has done, and waits for that."""
    if process.pid is None:
        return
    process.terminate()
    try:
        process.join()
    except KeyboardInterrupt:
        process.kill()
        process.join()


def _run(arguments: list[str], log: Path, folder: Path, environment: Mapping[str, str]) -> None:
    if hasattr(os, "setsid"):
        os.setsid()  # a terminal's Ctrl-C reaches the sweep alone, and is handed on once
    interrupt()
    threading.Thread(target=_follow, daemon=True).start()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as printed:
        for stream in (1, 2):
            os.dup2(printed.fileno(), stream)
    from archspec.cli import run
    try:
        code = run(arguments)
    finally:
        no_more()
    gc.collect()  # as archspec/__main__.py does, and why
    sys.exit(code)


def _follow() -> None:
    """Ends this process, as a signal from outside would, when the one that started it is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
