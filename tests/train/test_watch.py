"""A worker ends when another one has ended, and says which."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace

import pytest
from tensorflow import errors

from archspec.train.devices import watch as watches
from archspec.train.devices.cluster import Cluster
from archspec.train.devices.watch import STILL_SECONDS, WAITS, WORKS, Watch

CLUSTER = Cluster(2, ("a:1", "b:1", "c:1"))
LOST = ("has ended, or cannot be reached: this one ends, too\n  hint: why it did stands in its own log; the same commands again "
        "go on from the last checkpoint")


class Ended(Exception):
    """Instead of the end of the process."""


class Seen:
    """A watch of worker 2 of 3 with a clock of its own, and the service that it asks."""

    def __init__(self, states: Sequence[object], cluster: Cluster = CLUSTER) -> None:
        self.found, self.now, self.told = list(states), 0.0, ""
        self.words: dict[int, str] = {}
        self.watch = Watch(cluster, self, self._end, lambda: self.now)

    def states(self) -> Sequence[object]:
        if self.found[0]:
            raise errors.UnavailableError(None, None, "no answer")
        return self.found

    def say(self, word: str) -> None:
        self.words[2] = word

    def said(self, rank: int, seconds: float) -> str:
        if rank not in self.words:
            self.now += seconds
        return self.words.get(rank, "")

    def _end(self, text: str, code: int) -> None:
        assert code == 4
        self.told = text
        raise Ended


def test_nothing_is_said_while_all_are_there() -> None:
    seen = Seen([None, None, None])
    seen.watch.look()
    seen.now = STILL_SECONDS
    seen.watch.look()
    assert seen.told == ""


@pytest.mark.parametrize(("states", "who"), [([None, "dead", None], "worker 1 (b:1)"), (["dead", None, None], "worker 0 (a:1)")])
def test_who_is_gone_is_named(states: list[object], who: str) -> None:
    seen = Seen(states)
    with pytest.raises(Ended):
        seen.watch.look()
    assert seen.told == f"{who} {LOST}"
    done = Seen(states)
    done.watch.stop()
    done.watch.look()
    assert done.told == ""


@pytest.mark.parametrize(("words", "waits", "why"), [
    ({0: WAITS, 1: WORKS}, True, "the others wait for worker 1 (b:1)"),
    ({0: WAITS}, True, "the others wait for worker 1 (b:1)"),  # which does not even say that
    ({0: WAITS, 1: WAITS}, False, "the others wait for worker 2 (c:1)"),
    ({0: WAITS, 1: WAITS}, True, "all wait for one another: a device, or the network between them, is stuck"),
    ({0: WORKS, 1: WORKS}, False, "each is at work of its own, such as reading images"),
])
def test_a_step_that_takes_for_ever(words: dict[int, str], waits: bool, why: str) -> None:
    seen = Seen([None, None, None])
    seen.now, seen.words = STILL_SECONDS, words
    with seen.watch.together():
        pass
    seen.now += STILL_SECONDS
    seen.watch.look()
    assert seen.told == ""
    seen.now += 1
    with pytest.raises(Ended), seen.watch.together() if waits else nullcontext():
        seen.watch.look()
    assert seen.told == (f"no step was done in 15 minutes: {why}\n  hint: look at the last line of each worker's log; the same "
                         "commands again go on from the last checkpoint")


def test_without_its_launcher_it_is_asked_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, for a second signal would end it at once."""
    sent: list[signal.Signals] = []
    monkeypatch.setattr(watches.os, "kill", lambda process, number: sent.append(number))
    with_it, without = (Seen([None] * 3, replace(CLUSTER, launcher=each)) for each in (os.getppid(), os.getpid()))
    for seen in (with_it, without, without):
        seen.watch.look()
    assert sent == [signal.SIGTERM]


@pytest.mark.parametrize(("message", "states", "who"), [
    ("recvmsg:Connection reset by peer\nAdditional GRPC error information from remote target /job:worker/replica:0/task:1 while",
     [None, None, None], "worker 1 (b:1)"),
    ("Failed to send RPC to coordination service", ["dead", None, None], "worker 0 (a:1)"),
    ("from remote target /job:worker/replica:0/task:0 while", [None, "dead", None], "worker 1 (b:1)"),
])
def test_work_that_breaks_off(message: str, states: list[object], who: str) -> None:
    seen = Seen(states)
    with pytest.raises(Ended), seen.watch.over():
        raise errors.UnavailableError(None, None, message)
    assert seen.told == f"{who} {LOST}"


def test_another_error_is_no_end_of_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen([None, None, None])

    def sleep(seconds: float) -> None:
        seen.now += seconds
    monkeypatch.setattr(watches.time, "sleep", sleep)
    with pytest.raises(errors.InternalError), seen.watch.over():
        raise errors.InternalError(None, None, "a kernel")
    assert seen.told == ""
