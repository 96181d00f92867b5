"""Ends this process when another worker has ended: TensorFlow would wait for it, some of the time for ever.

After a failed sum over workers none works any more, and a normal exit may take seconds or be aborted. So the process ends
at once; what was saved is whole, whenever that happens.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from tensorflow import errors

from archspec.errors import some
from archspec.train.devices.cluster import LOST, Cluster

HEARTBEAT_SECONDS = 15
"""A worker that has not been heard of for so long is taken for dead; measured: noticed after 13 to 18 s."""
POLL_SECONDS = 1.0
STILL_SECONDS = 15 * 60.0
"""So long no step may take, with all that comes between two: compiling, saving, waiting for others' data."""
ANSWER_SECONDS = 30.0
"""So long the others then have to say whether they wait, too: their clocks began to count at about the same time."""
BROKEN = (errors.UnavailableError, errors.DeadlineExceededError, errors.AbortedError, errors.CancelledError,
          errors.InternalError)
"""What a sum over workers raises where one of them is gone."""
WAITS, WORKS = "waits", "works"
"""What a worker says of itself: that it is in work of all together, or at something of its own."""
_TASK = re.compile(r"task:(\d+)")


class Service(Protocol):
    """What knows of all workers; see join.Service. It raises an OpError where the chief, who has it, is gone."""

    def states(self) -> Sequence[object]:
        """For each rank None, or what is wrong with it."""
        ...

    def say(self, word: str) -> None:
        """Puts down a word of this worker's, once."""
        ...

    def said(self, rank: int, seconds: float) -> str:
        """The word that a worker has put down, or does in so many seconds; '' if it has not."""
        ...


class Watch:
    """Watches over the workers, and over the steps of this one. `end` ends the process with an exit code.

    When the cluster's launcher is gone this one is asked to stop, as by a signal.
    """

    def __init__(self, cluster: Cluster, service: Service, end: Callable[[str, int], None] | None = None,
                 now: Callable[[], float] = time.monotonic) -> None:
        self._cluster, self._service, self._end, self._now = cluster, service, end or _end, now
        self._launcher = cluster.launcher
        self._stopped = threading.Event()
        self._moved, self._waits, self._still = now(), False, False

    def start(self) -> None:
        """From now on, in a thread of its own."""
        threading.Thread(target=self._run, daemon=True, name="watch").start()

    def stop(self) -> None:
        """What others do from now on is nothing to this one."""
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        """Whether this one does without the others."""
        return self._stopped.is_set()

    def look(self) -> None:
        """Ends the process if a worker is gone, or nothing has moved for too long."""
        dead = self._dead()
        if self.stopped:
            return
        if dead is not None:
            self._lost(self._cluster.called(dead))
        elif self._now() - self._moved > STILL_SECONDS:
            self._stuck()
        elif self._launcher not in (None, os.getppid()):
            self._launcher = None
            os.kill(os.getpid(), signal.SIGTERM)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Around one piece of work of all workers together, until it is done; see `over`."""
        self._waits = True
        with self.over():
            yield
        self._waits, self._moved = False, self._now()

    @contextmanager
    def over(self) -> Iterator[None]:
        """Around work of all workers together: ends the process where it breaks off because one is gone."""
        try:
            yield
        except BROKEN as error:
            if self._still:  # who it is that they wait for is being found out, and others end by it sooner
                threading.Event().wait()
            dead = None if self.stopped else self._sought(str(error))
            if dead is not None:
                self._lost(self._cluster.called(dead))
            raise

    def _run(self) -> None:
        while not self._stopped.wait(POLL_SECONDS):
            self.look()

    def _dead(self) -> int | None:
        """The first rank that is gone."""
        try:
            found = [rank for rank, state in enumerate(self._service.states()) if state is not None]
        except errors.OpError:
            return 0  # the chief's is the service that would answer
        return found[0] if found else None

    def _sought(self, message: str) -> int | None:
        """Who it is that a message is about: by its words, else by who is not heard of soon."""
        named = [int(rank) for rank in _TASK.findall(message) if self._cluster.rank != int(rank) < self._cluster.size]
        until = self._now() + 2 * HEARTBEAT_SECONDS
        while (dead := self._dead()) is None and not named and self._now() < until:
            time.sleep(POLL_SECONDS)
        return named[0] if dead is None and named else dead

    def _lost(self, who: str) -> None:
        if self._cluster.chief:
            time.sleep(3 * POLL_SECONDS)  # the others ask this one who it was
        self._end(f"{who} has ended, or cannot be reached: this one ends, too\n"
                  f"  hint: why it did stands in its own log; {GO_ON}", LOST)

    def _stuck(self) -> None:
        """Ends all, after each has said whether it waits for the others."""
        self._still = True
        try:
            answers = self._answers()
        except errors.OpError:
            self._lost(self._cluster.called(0))
            return
        held = [self._cluster.called(rank) for rank, said in enumerate(answers) if said != WAITS]
        if not held:
            why = "all wait for one another: a device, or the network between them, is stuck"
        elif len(held) == self._cluster.size:
            why = "each is at work of its own, such as reading images"
        else:
            why = f"the others wait for {some(held)}"
        self._end(f"no step was done in {STILL_SECONDS / 60:.0f} minutes: {why}\n"
                  f"  hint: look at the last line of each worker's log; {GO_ON}", LOST)

    def _answers(self) -> list[str]:
        """By rank, what each says; '' for one whose process does nothing at all. Raises an OpError where the chief is gone."""
        until = self._now() + ANSWER_SECONDS
        self._service.say(WAITS if self._waits else WORKS)
        found = [self._service.said(rank, max(1.0, until - self._now())) for rank in range(self._cluster.size)]
        if self._cluster.chief:
            time.sleep(max(0.0, until - self._now()) + ANSWER_SECONDS / 3)  # the others ask this one
        return found


GO_ON = "the same commands again go on from the last checkpoint"


def _end(text: str, code: int) -> None:
    print(text, file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(code)
