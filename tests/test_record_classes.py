"""Records: made, compared, told and refused as frozen dataclasses are."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field, fields, replace
from typing import ClassVar

import pytest

from archspec.records import Record, record


@record
class Point(Record):
    """A place."""

    kind: ClassVar[str] = "point"
    x: int
    y: int = 2
    tags: tuple[str, ...] = field(default_factory=tuple)


@record
class Spot(Point):
    """The same with a size."""

    size: int = 1


def test_fields() -> None:
    spot = Spot(1, y=3)
    assert (spot.x, spot.y, spot.tags, spot.size, spot.kind) == (1, 3, (), 1, "point")
    assert [each.name for each in fields(spot)] == ["x", "y", "tags", "size"]
    assert repr(spot) == "Spot(x=1, y=3, tags=(), size=1)"
    assert replace(spot, x=5) == Spot(5, 3)
    match spot:
        case Point(x, y):
            assert (x, y) == (1, 3)


def test_equal_by_class_and_fields() -> None:
    assert Point(1) == Point(y=2, x=1)
    assert hash(Point(1)) == hash(Point(y=2, x=1))
    assert Point(1) != Point(2)
    assert Point(1) != Spot(1)
    assert Point(1) != (1, 2, ())


def test_copies_are_equal() -> None:
    assert copy.deepcopy(Spot(1)) == pickle.loads(pickle.dumps(Spot(1))) == Spot(1)


@pytest.mark.parametrize(("make", "said"), [
    (lambda: Point(), "Point lacks x"),
    (lambda: Point(1, 2, (), 4), "Point takes 3 fields without their names, these are 4"),
    (lambda: Point(1, x=1), "Point has x twice"),
    (lambda: Point(1, z=1), "Point has no field z"),
    (lambda: Point(z=1), "Point has no field z"),
])
def test_misfits(make: Callable[[], Point], said: str) -> None:
    with pytest.raises(TypeError, match=f"^{said}$"):
        make()


def test_frozen() -> None:
    point = Point(1)
    with pytest.raises(FrozenInstanceError):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del point.x
