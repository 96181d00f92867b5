"""How long the device waits: for data that come while it works it does not."""

from __future__ import annotations

from concurrent.futures import Future
from types import MethodType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from archspec.data.pipeline import Pipeline
from archspec.spec.recipe import Recipe
from archspec.spec.updates import Freeze
from archspec.train.job import Job
from archspec.train.loop import Steps
from archspec.train.progress import Progress
from archspec.train.reporting import pace as paces
from archspec.train.reporting.pace import Pace
from archspec.train.reporting.speed import Extent, Speed


def waits(monkeypatch: pytest.MonkeyPatch, done: float | None) -> float:
    """The share of 10 seconds of which data are waited for from the third to the seventh; the device is free at `done`."""
    clock = iter([0.0, 0.0, 3.0, 7.0, 10.0])
    monkeypatch.setattr(paces.time, "monotonic", lambda: next(clock))
    progress = Progress()
    pace = Pace(progress, 16)
    pace._free = Future()
    if done is not None:
        pace._free.set_result(done)
    with pace.waiting():
        progress.step += 2
    pace.pause()
    assert pace.rate == 3.2
    return pace.waits


@pytest.mark.parametrize(("done", "share"), [(2.0, 0.4), (5.0, 0.2), (7.5, 0.0), (None, 0.0)])
def test_only_a_device_that_has_nothing_to_do_waits(monkeypatch: pytest.MonkeyPatch, done: float | None, share: float) -> None:
    assert waits(monkeypatch, done) == share


def test_the_end_of_a_step_is_noticed_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = Pace(Progress(), 1)
    monkeypatch.setattr(paces.time, "monotonic", lambda: 42.0)
    pace.follow(np.zeros(3))
    assert pace._free is not None
    assert pace._free.result() == 42.0


def test_a_step_that_fails_is_told_where_its_result_is_read() -> None:
    class Failed:
        def __array__(self, *_: object) -> np.ndarray:
            raise MemoryError
    pace = Pace(Progress(), 1)
    pace.follow(Failed())
    assert pace._free is not None
    assert pace._free.exception() is None


@pytest.mark.parametrize(("steps", "partial", "counted"), [(5, False, 4), (5, True, 3), (2, True, 1), (1, True, 1), (1, False, 1)])
def test_steps_that_compile_are_left_out_of_the_first_epoch_where_others_are(steps: int, partial: bool, counted: int) -> None:
    """The last step of an epoch is another one where it is partial, and once more where layers learn from the third epoch on."""
    progress, speed = Progress(), Speed(Extent(4, steps, steps))
    until = Recipe(epochs=4, freeze=Freeze(layers=("stem",), until=2))
    job: Any = Job.__new__(Job)
    training: Any = SimpleNamespace(steps=steps, partial=partial, next=lambda *_, **__: ())
    training.is_partial = MethodType(Pipeline.is_partial, training)
    vars(job).update(state=SimpleNamespace(progress=progress), training=training,
                     recipe=until, batches=lambda start: iter(()), train=lambda batch: [speed.mark(progress.step), speed.mark(progress.step + 1), np.zeros(3)][-1])
    pace = Pace(progress, 1)
    taken = Steps(job, pace, speed, None)
    for expected in (counted, steps, counted, steps):
        anew = []
        for _ in range(steps):
            taken.next()
            anew.append(speed.images is None)
        pace.pause()
        assert progress.timed[0] == expected
        assert sum(anew) == (0 if len(progress.history) % 2 else min(1 + partial, steps))
        progress.end_epoch({})
        pace.go()
