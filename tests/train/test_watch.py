"""A worker ends when another one has ended, and says which."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tensorflow import errors

from archspec.train.devices import watch as watches
from archspec.train.devices.cluster import Cluster
from archspec.train.devices.watch import STILL_SECONDS, Watch

CLUSTER = Cluster(2, ("a:1", "b:1", "c:1"))
LOST = ("has ended, or cannot be reached: this one ends, too\n  hint: why it did stands in its own log; the same commands again "
        "go on from the last checkpoint")


class Ended(Exception):
    """Instead of the end of the process."""


class Seen:
    """A watch of worker 2 of 3 with a clock of its own."""

    def __init__(self, states: Sequence[object]) -> None:
        self.states, self.now, self.told = list(states), 0.0, ""
        self.watch = Watch(CLUSTER, self._ask, self._end, lambda: self.now)

    def _ask(self) -> Sequence[object]:
        if self.states[0]:
            raise errors.UnavailableError(None, None, "no answer")
        return self.states

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


def test_a_step_that_takes_for_ever() -> None:
    seen = Seen([None, None, None])
    seen.now = STILL_SECONDS
    seen.watch.move()
    seen.now += STILL_SECONDS + 1
    with pytest.raises(Ended):
        seen.watch.look()
    assert seen.told == ("no step was done in 15 minutes, and all workers are there: one of them is stuck\n  hint: look at the "
                         "last line of each worker's log; the same commands again go on from the last checkpoint")


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
