"""Runs trial.py on a version, again where a trial has ended it, within bounds of time and memory."""

from __future__ import annotations

import json
import resource
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from archspec.errors import visible
from archspec.io.memory import free_memory
from archspec.io.python import command, environment
from archspec.serving.rules import RULES, Fault, Seen

PROGRAM = ("-m", "archspec.serving.trial")
QUIETLY = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
MOST_MEMORY = 16 << 30
MOST_ENDS = 20
"""How often a process is started again."""
TRIED = ("run.loads", "run.answers", "run.text", "run.rows", "run.repeats", "run.refuses", "labels", "warmup", "files.once",
         "files.variables")
"""The rules of which a trial speaks."""
NEEDED = ("run.loads", "run.answers")
"""What others build on, and is done again in another process; of what else was tried there it is not asked again."""
BEFORE = ("files.variables", "files.once", "run.loads")
"""Those that come before anything is asked."""
LONGER = "--timeout SECONDS gives it longer, if it is only large or slow"
"""What to do where the time was up."""


def tried(version: Path, seconds: float) -> Seen:
    """Loads a version in another process and asks it. At most so many seconds, and most of the memory that is free."""
    found, done, end = Seen(), list[str](), time.monotonic() + seconds
    for _ in range(MOST_ENDS):
        rows, code = _once(version, done, end - time.monotonic())
        found.faults += [Fault(code_, visible(where), visible(message)) for kind, code_, where, message in rows
                         if kind == "fault" and code_ in TRIED]
        tries = [(row[1], row[2]) for row in rows if row[0] == "tries"]
        open_ = tries[-1] if tries and len(tries) > sum(row[0] == "tried" for row in rows) else None
        if open_ is None:
            if code != 0:
                late = f": {LONGER}" if code is None else ""
                found.unseen |= dict.fromkeys(TRIED, f"the process that was to load it {_how(code)}{late}")
            break
        found.faults.append(_fault(open_[0], visible(open_[1]), code))
        done += [":".join(each) for each in tries if each == open_ or each[0] not in NEEDED]
        if code is None:
            found.unseen |= dict.fromkeys(TRIED, f"its time was up: {LONGER}")
        if open_[0] == "run.loads" or code is None:
            break
    else:
        found.unseen |= dict.fromkeys(TRIED, f"it ended the process {MOST_ENDS} times")
    if any(fault.code == "run.loads" and fault.hint != LONGER for fault in found.faults):
        found.unseen |= {each: "it cannot be loaded" for each in TRIED if each not in BEFORE}
    return found


def _fault(rule: str, where: str, code: int | None) -> Fault:
    """What has ended a process. That its time was up while files were read says nothing of these."""
    if code is None:
        return Fault("run.loads" if rule in BEFORE or rule not in RULES else rule, where, _how(code), LONGER)
    return Fault(rule if rule in RULES else "run.loads", where, _how(code))


def _how(code: int | None) -> str:
    if code is None:
        return "took too long, and was ended"
    return f"ends the process ({signal.Signals(-code).name})" if code < 0 else f"ends the process (exit code {code})"


def _once(version: Path, done: Sequence[str], seconds: float) -> tuple[list[tuple[str, str, str, str]], int | None]:
    """The lines of one process, and its exit code; None where its time was up."""
    token = secrets.token_hex(16)
    memory = min(MOST_MEMORY, free_memory())
    with tempfile.TemporaryFile() as said, tempfile.TemporaryDirectory(prefix="archspec-") as own:
        process = subprocess.Popen(command(*PROGRAM, token, str(version), *done), env=environment({**QUIETLY, "TMPDIR": own}),
                                   stdout=said, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        resource.prlimit(process.pid, resource.RLIMIT_DATA, (memory, memory))
        try:
            code = process.wait(max(seconds, 0))
        except subprocess.TimeoutExpired:
            code = None
        finally:
            process.kill()
            process.wait()
        return _rows(said, token), code


def _rows(said: IO[bytes], token: str) -> list[tuple[str, str, str, str]]:
    """The lines that begin with the token: a graph may print, but does not know it."""
    said.seek(0)
    begins = token.encode()
    return [tuple(json.loads(line.removeprefix(begins))) for line in said.read().splitlines() if line.startswith(begins) and
            line.endswith(b"]")]
