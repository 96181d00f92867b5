"""Runs commands of archspec each in a process of its own that may take so much CPU time and memory, and says how each ended.

The processes are forks of one that has loaded the commands, and no TensorFlow: each begins at once, and finds nothing that the
one before has left.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS, BYTES = 5, 1 << 30
"""What a command may take: CPU time, and memory of its own address space."""
WARM = ("resnet20_digits", "googlenet", "mobilenet_v3_large")
"""Specs whose blocks are read before the first command."""


@dataclass(frozen=True)
class Answer:
    """How a command ended: its exit code (minus the signal that killed it), what it took, and what it said."""

    code: int
    seconds: float
    megabytes: float
    said: str
    told: str


class Judge:
    """Runs commands, within a `with`."""

    def __enter__(self) -> Judge:
        self._folder = tempfile.TemporaryDirectory(prefix="judging")
        self._server = subprocess.Popen([sys.executable, __file__, self._folder.name], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": self._folder.name})
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin and self._server.stdout
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()
        self._folder.cleanup()

    def run(self, *arguments: str) -> Answer:
        """A command of archspec, with its arguments."""
        assert self._server.stdin and self._server.stdout
        print(json.dumps(arguments), file=self._server.stdin, flush=True)
        code, seconds, megabytes = json.loads(self._server.stdout.readline())
        said, told = (Path(self._folder.name, name).read_text(encoding="utf-8") for name in ("said", "told"))
        return Answer(code, seconds, megabytes, said, told)


def judged(arguments: Sequence[str], folder: Path) -> tuple[int, float, float]:
    """Exit code, seconds and megabytes of a command in a fork of this process; what it says goes to files in the folder."""
    child = os.fork()
    if child == 0:
        _answer(arguments, folder)
    _, status, used = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def _answer(arguments: Sequence[str], folder: Path) -> None:
    """Runs a command and ends this process."""
    from archspec.cli import BUG, run
    code = BUG
    try:
        with Path(folder, "said").open("w", encoding="utf-8") as said, Path(folder, "told").open("w", encoding="utf-8") as told:
            sys.stdout, sys.stderr = said, told
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
            resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
            code = run([*arguments])
    finally:
        os._exit(code)


def serve(folder: Path) -> None:
    """Runs the commands that stand on standard input, one a line, until it ends."""
    from importlib import import_module

    from archspec.cli import COMMANDS
    from archspec.network import load
    for name in ("check", "summary", "show", "draw", "diff", "solve"):
        import_module(COMMANDS[name][0].partition(":")[0])
    for spec in WARM:
        load(spec)
    for line in sys.stdin:
        print(json.dumps(judged(json.loads(line), folder)), flush=True)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
