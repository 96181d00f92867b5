"""The process that answers: `python -m archspec.studio.worker FOLDER [FILE]`, frames of JSON on its standard streams.

SIGINT makes it give up what it is at; what it has parsed stays. It may read the folder and what ships, and write nothing,
where the kernel can see to that (archspec/io/confine.py). Its memory has a bound, and it ends where an answer takes far
too long.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import struct
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from archspec.errors import InputError, one_line
from archspec.io.confine import confine
from archspec.io.memory import collect_seldom
from archspec.io.places import shipped
from archspec.studio import known
from archspec.studio.answers import ANSWERS
from archspec.studio.places import Json

HEAD = struct.Struct(">I")
"""Ahead of each frame: how many bytes it has."""
MEMORY = 2 << 30
"""Bytes of address space."""
WARM = "resnet50"
TIME = 10.0
"""Seconds of work for one answer: of the processor's time, so that other programs take none of it."""
LAST = 120
"""Seconds by the clock after which the process ends by itself, should its server be gone."""


READY, STOPPED = b'{"ready": true}', b'{"stopped": true}'


class Stopped(BaseException):
    """Raised in the midst of work that nobody waits for any more."""


class Late(Stopped):
    """Raised in the midst of work that takes too long."""


class Worker:
    """Takes one request after the other."""

    def __init__(self, asked: BinaryIO, answered: BinaryIO) -> None:
        self.asked, self.answered, self.at_work = asked, answered, False
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGPROF, self._stop)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self.at_work:
            raise Late if number == signal.SIGPROF else Stopped

    def serve(self) -> None:
        """Answers until nobody asks any more."""
        self._write(READY)
        while (request := self._next()) is not None:
            signal.alarm(LAST)
            signal.setitimer(signal.ITIMER_PROF, TIME, TIME / 10)  # again where it was lost in a library's code
            answer = self._answer(request)
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.alarm(0)
            self._write(answer)

    def _next(self) -> Json | None:
        head = self.asked.read(HEAD.size)
        if len(head) < HEAD.size:
            return None
        found: Json = json.loads(self.asked.read(HEAD.unpack(head)[0]))
        return found

    def _write(self, raw: bytes) -> None:
        """One frame."""
        self.answered.write(HEAD.pack(len(raw)) + raw)
        self.answered.flush()

    def _answer(self, request: Json) -> bytes:
        try:
            try:
                self.at_work = True
                return answered(request)
            finally:
                self.at_work = False
        except Late:
            return _json({"refused": f"this took longer than {TIME:g} s, and was given up\n"
                                     "  hint: fewer layers, or another view"})
        except Stopped:
            return STOPPED


def answered(request: Json) -> bytes:
    """What is answered to a request, as JSON: `answer`, or that it was `refused`, or the `bug` that it ran into."""
    begin = time.perf_counter()
    try:
        answer = ANSWERS[request["ask"]](request)
        return _json({"answer": {**answer, "seconds": round(time.perf_counter() - begin, 4)}})
    except InputError as error:
        return _json({"refused": str(error)})
    except MemoryError:
        return _json({"refused": f"this takes more than {MEMORY >> 30} GiB of memory, and was given up", "ends": True})
    except RecursionError:
        return _json({"refused": "this is nested too deep, and was given up"})
    except Exception as error:  # a bug of ours: told, and the next request is answered all the same
        return _json({"bug": one_line(error), "traceback": "".join(traceback.format_exception(error))})


def _json(document: Json) -> bytes:
    """Raises ValueError for numbers that JSON has not."""
    return json.dumps(document, allow_nan=False).encode("ascii")


def main(folder: str, file: str = "") -> None:
    """Serves until standard input ends."""
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what is printed disturbs no frame
    os.chdir(folder)
    known.FILE[:] = [Path(file)] if file else []
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    confine([Path(folder), shipped()], [])
    answered({"ask": "check", "name": WARM, "text": f"extends: {WARM}\n"})  # what is loaded and parsed once is there by now
    collect_seldom()
    with suppress(BrokenPipeError):  # the server was killed
        Worker(asked, answers).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
