"""A training that is taken up at any step goes on with the very batches, with every augmentation on and whatever is cached."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import islice
from pathlib import Path

import augmented
import numpy as np
import pytest
from augmented import LISTS, STEPS, pipeline, same, section

from archspec.data.pipeline import Batch
from archspec.spec.augment import OPERATIONS, MixUp

RANDOM = np.random.default_rng(2015).choice(STEPS, 10, replace=False).tolist()
FEW = RANDOM[:4]
"""Where images are kept in memory: that is done before the first that is drawn, and test_data_pipeline.py begins at further steps."""
SEEN = 7
"""Batches that are compared behind a step: into the next epoch."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("data")
    augmented.write(found)
    return found


def batches(root: Path, source: str, cache: str, name: str, start: int, count: int) -> list[Batch]:
    made = pipeline(section(root, source, cache), augment=LISTS[name])
    return list(islice(made.training(start).as_numpy_iterator(), count))


@pytest.fixture(scope="module")
def whole(root: Path) -> Callable[[str, str], list[Batch]]:
    """The batches of a training that nothing stops, of a source and a list."""
    return cache(lambda source, name: batches(root, source, "none", name, 0, STEPS + 1))


def test_every_operation_is_in_the_lists() -> None:
    assert {type(each) for operations in LISTS.values() for each in operations} == set(OPERATIONS.item.sections)


@pytest.mark.slow
@pytest.mark.parametrize("kept", ["none", "ram", "disk"])
@pytest.mark.parametrize("source", ["folder", "tfrecord"])
def test_at_random_steps(source: str, kept: str, root: Path, whole: Callable[[str, str], list[Batch]], tmp_path: Path,
                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHSPEC_CACHE", str(tmp_path))
    for turn, name in enumerate(LISTS):
        expected = whole(source, name)
        assert len(expected) == STEPS
        for start in (FEW if kept == "ram" else RANDOM)[turn::2]:
            rest = batches(root, source, kept, name, start, SEEN)
            assert len(rest) == min(SEEN, STEPS - start)
            assert all(map(same, expected[start:], rest)), (name, start)


def test_something_is_drawn_of_everything(whole: Callable[[str, str], list[Batch]]) -> None:
    """Else the batches would be equal for nothing."""
    found = whole("folder", "parts")
    erased, mixed = zip(*(batch.blend for batch in found), strict=True)  # type: ignore[misc]
    assert any(each.box.any() for each in erased)
    assert any((each.own < 1).any() for each in mixed[:STEPS // 2])
    assert all((each.own == 1).all() for each in mixed[STEPS // 2:])
    assert any(each.box.any() for each in mixed[STEPS // 2:])
    assert next(each for each in LISTS["parts"] if isinstance(each, MixUp)).until == augmented.EPOCHS / 2
    images = [image.tobytes() for batch in found for image in batch.images[batch.weights > 0]]
    assert len(set(images)) == len(images)
