"""Images a second and the time that is left: numbers that can be believed."""

from __future__ import annotations

import pytest

from archspec.train.reporting import speed as speeds
from archspec.train.reporting.speed import Extent, Speed, duration


def test_speed_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 2.0])
    monkeypatch.setattr(speeds.time, "monotonic", lambda: next(clock))
    speed = Speed(Extent(epochs=3, steps=10, images=80))
    speed.mark(0)
    assert speed.images is None
    speed.mark(10)
    assert (speed.images, speed.left, speed.epoch_left) == (40, 4, 0)


def test_evaluations_count_for_the_time_left_and_not_for_the_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 2.0, 2.0, 4.0, 9.0, 9.0, 11.0, 12.0])
    monkeypatch.setattr(speeds.time, "monotonic", lambda: next(clock))
    speed = Speed(Extent(epochs=3, steps=10, images=80))
    speed.mark(0)
    speed.mark(10)
    speed.evaluating(0, 8)
    assert (speed.evaluation_left, speed.epoch_left) == (None, 0)  # the first one: nothing is known of it
    speed.evaluating(2, 8)
    assert speed.evaluation_left == 6
    assert (speed.left, speed.epoch_left) == (4 + 6 + 2 * 8, 6)  # two epochs, the rest of this evaluation, two more
    speed.resume()
    assert speed.images is None
    speed.mark(10)
    speed.mark(20)
    assert (speed.images, speed.left, speed.epoch_left) == (40, 2 + 2 * 7, 7)  # this epoch's evaluation is still to come
    speed.mark(21)
    assert speed.epoch_left == pytest.approx(9 * 8 / (11 * 8 / 3) + 7)


def test_fewer_images_than_a_batch_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 2.0])
    monkeypatch.setattr(speeds.time, "monotonic", lambda: next(clock))
    speed = Speed(Extent(epochs=3, steps=1, images=12))
    speed.mark(0)
    speed.mark(1)
    assert speed.images == 6


@pytest.mark.parametrize(("seconds", "text"), [(7.6, "8 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (441_000, "5 d 2 h")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
