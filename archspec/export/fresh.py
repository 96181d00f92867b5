"""An export in a process of its own: what it gives there, how fast, and in how much memory.

The process is this Python with nothing loaded but what the format needs, and without Keras but for Keras's own file. It is
asked line by line over its standard input, a JSON line and the bytes of an array behind it, and answers in the same way; what
libraries print goes nowhere.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple, Self

import numpy as np

from archspec.errors import one_line
from archspec.io.memory import resident_memory
from archspec.io.python import command, environment
from archspec.io.quiet import forbid

CALLS, SECONDS = 30, 2.0
"""How often an export is called to find out how long it takes, and for how long at most; five times at least."""
LEAST_CALLS = 5
NOTHING = np.zeros(0, np.float32)


class Failed(Exception):
    """The process says that the export cannot be run, or not with this."""


class Ended(Failed):
    """The process has ended."""


class Loaded(NamedTuple):
    """What loading took: seconds, and bytes of memory more than before, the first call included."""

    seconds: float
    memory: int


class Fresh:
    """A process that runs one export. Use it as a context: it ends with it."""

    def __init__(self, kind: str, path: Path) -> None:
        self._process = subprocess.Popen(
            command("-m", "archspec.export.fresh", kind, str(path)), env=environment({"TF_CPP_MIN_LOG_LEVEL": "3"}),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def load(self, images: np.ndarray) -> Loaded:
        """Loads it, and calls it once. Raises Failed, as all of these do."""
        answer, _ = self._ask("load", images)
        return Loaded(answer["seconds"], answer["memory"])

    def run(self, images: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes) of pixels (n, h, w, c)."""
        return self._ask("run", images)[1]

    def run_file(self, encoded: bytes) -> np.ndarray:
        """Probabilities (1, classes) of an encoded image."""
        return self._ask("file", np.frombuffer(encoded, np.uint8))[1]

    def milliseconds(self, images: np.ndarray) -> float:
        """How long a call with these images takes, in the median."""
        return float(self._ask("time", images)[0]["milliseconds"])

    def _ask(self, what: str, array: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
        assert self._process.stdin and self._process.stdout
        try:
            _send(self._process.stdin, {"do": what}, array)
            answer, found = _receive(self._process.stdout)
        except (OSError, EOFError):
            code = self._process.wait()
            raise Ended(f"its process ended {f'by signal {-code}' if code < 0 else f'with code {code}'}") from None
        if "error" in answer:
            raise Failed(answer["error"])
        return answer, found


def _send(file: IO[bytes], document: Mapping[str, Any], array: np.ndarray) -> None:
    head = {**document, "shape": array.shape, "dtype": array.dtype.str}
    file.write(json.dumps(head).encode() + b"\n")
    file.write(np.ascontiguousarray(array).data)
    file.flush()


def _receive(file: IO[bytes]) -> tuple[dict[str, Any], np.ndarray]:
    """Raises EOFError at the end."""
    line = file.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    document: dict[str, Any] = json.loads(line)
    array = np.empty(document["shape"], document["dtype"])  # no memory is touched
    data = file.read(array.nbytes)
    if len(data) < array.nbytes:
        raise EOFError
    return document, np.frombuffer(data, array.dtype).reshape(array.shape)


class _Served:
    """The other side: an export that is asked."""

    def __init__(self, kind: str, path: Path) -> None:
        self._kind, self._path = kind, path
        self._run: Any = None

    def answer(self, question: Mapping[str, Any], array: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
        match question["do"]:
            case "load":
                return self._load(array), NOTHING
            case "run":
                return {}, self._run(array)
            case "file":
                return {}, self._of_files([array.tobytes()])
        return {"milliseconds": self._time(array)}, NOTHING

    @cached_property
    def _of_files(self) -> Any:
        from archspec.export.runners import OF_FILES
        return OF_FILES[self._kind](self._path)

    def _load(self, images: np.ndarray) -> dict[str, Any]:
        from archspec.export.runners import LIBRARIES, RUNNERS
        import_module(LIBRARIES[self._kind])  # what a program has loaded anyhow is not the export's
        before, begin = resident_memory(), time.perf_counter()
        self._run = RUNNERS[self._kind](self._path)
        self._run(images)
        return {"seconds": time.perf_counter() - begin, "memory": resident_memory() - before}

    def _time(self, images: np.ndarray) -> float:
        taken, end = list[float](), time.perf_counter() + SECONDS
        while len(taken) < LEAST_CALLS or (len(taken) < CALLS and time.perf_counter() < end):
            begin = time.perf_counter()
            self._run(images)
            taken.append(1000 * (time.perf_counter() - begin))
        return statistics.median(taken)


def main(kind: str, path: str) -> None:
    """Answers until the other side is gone."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if kind != "keras":
        forbid("keras")
    served = _Served(kind, Path(path))
    with suppress(EOFError, BrokenPipeError):
        while True:
            question, array = _receive(sys.stdin.buffer)
            try:
                answer, found = served.answer(question, array)
            except Exception as error:  # whatever a library raises is an answer
                answer, found = {"error": one_line(error)}, NOTHING
            _send(answers, answer, found)


if __name__ == "__main__":
    main(*sys.argv[1:])
