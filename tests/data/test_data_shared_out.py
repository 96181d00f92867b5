"""The same pictures for one thread and many, and for one process and several, with every augmentation on."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import augmented
import numpy as np
import pytest
import tensorflow as tf
from augmented import LISTS, pipeline, same, section

from archspec.data import pipeline as pipelines
from archspec.data.order import Shard
from archspec.data.pipeline import Batch, Pipeline

START, COUNT = 4, 6
"""From here so many batches, into the next epoch."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("data")
    augmented.write(found)
    return found


def some(one: Pipeline) -> list[Batch]:
    return list(islice(one.training(START).as_numpy_iterator(), COUNT))


EACH = pytest.mark.parametrize(("source", "name"), list(zip(("folder", "tfrecord"), LISTS, strict=True)))
"""Where images are read from, and what is done to them: neither knows of the other."""


@pytest.mark.slow
@EACH
def test_one_thread_and_many(source: str, name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, usual = [], pipelines._options
    for calls, threads in ((1, 1), (64, 32)):
        options = usual()
        options.threading.private_threadpool_size = threads
        monkeypatch.setattr(pipelines, "CALLS", calls)
        monkeypatch.setattr(os, "cpu_count", lambda: 1)
        monkeypatch.setattr(pipelines, "_options", lambda options=options: options)
        found.append(some(pipeline(section(root, source), augment=LISTS[name])))
    assert all(map(same, *found))


@pytest.mark.slow
@EACH
def test_two_shards_together_are_the_whole_and_read_no_image_of_each_other(source: str, name: str, root: Path) -> None:
    whole = pipeline(section(root, source), augment=LISTS[name], repeated_augmentation=1, sampling="natural", epochs=1)
    read: list[list[int]] = [[], []]
    parts = [replace(whole, shard=Shard(rank, 2), split=replace(whole.split, item=counting(whole, read[rank]))) for rank in (0, 1)]
    batches = [list(each.training().as_numpy_iterator()) for each in (whole, *parts)]
    for one, *shares in zip(*batches, strict=True):
        assert same(one, [np.concatenate(each) for each in zip(*map(tf.nest.flatten, shares), strict=True)])
    assert not set(read[0]) & set(read[1])
    assert sorted({*read[0], *read[1]}) == list(range(augmented.TRAIN))
    assert [len(each) for each in read] == [whole.steps * augmented.BATCH // 2] * 2


def counting(of: Pipeline, read: list[int]) -> Callable[[int], bytes | np.ndarray]:
    def item(index: int) -> bytes | np.ndarray:
        read.append(index)
        return of.split.item(index)
    return item


@pytest.mark.slow
@pytest.mark.parametrize("name", LISTS)
def test_shards_that_hold_copies_and_a_class_more_often(name: str, root: Path) -> None:
    whole = pipeline(section(root, "folder"), augment=LISTS[name])
    parts = [some(replace(whole, shard=Shard(rank, 2))) for rank in (0, 1)]
    for one, *shares in zip(some(whole), *parts, strict=True):
        assert same(one, [np.concatenate(each) for each in zip(*map(tf.nest.flatten, shares), strict=True)])
