"""The benchmark of a network: what it measures, and where it ends. How fast anything is is no matter of a test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from archspec.cli import run as archspec
from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.network import load, lower
from archspec.spec.recipe import Recipe
from archspec.train import bench
from archspec.train.bench import Row

GIB = 2**30


class Machine:
    """Memory of so much at first, and so much more an image."""

    def __init__(self, first: int, image: int, ceiling: int) -> None:
        self.first, self.image, self.ceiling, self.batch = first, image, ceiling, 0

    def begin(self) -> None:
        self.batch = 2 * self.batch or 1

    def peak(self) -> int:
        return (self.first + self.image * self.batch) * GIB


class Subject:
    """Steps that do nothing, or what a test wants."""

    def __init__(self, graph: Graph, fails: Callable[[int], None] = lambda batch: None) -> None:
        self.graph, self._fails = graph, fails

    def step(self, mode: str, batch: int) -> Callable[[], None]:
        return lambda: self._fails(batch)


@pytest.fixture
def graph(spec: Path) -> Graph:
    return lower(load("small.yaml"))


def doubled(subject: Any, machine: Machine, most: int = 64) -> tuple[list[Row], str]:
    rows: list[Row] = []
    return rows, bench._doubled("training", subject, machine, most, 1e9, rows.append, lambda _: None)


@pytest.fixture(autouse=True)
def no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "measured", lambda step: (step(), 0.5)[1])


def test_batches_double_to_the_most(graph: Graph) -> None:
    rows, why = doubled(Subject(graph), Machine(1, 0, 100 * GIB), most=9)
    assert [row.batch for row in rows] == [1, 2, 4, 8]
    assert why == "--most 9"
    macs = 3 * sum(node.macs for node in graph.nodes)
    assert [(row.images_per_second, row.memory) for row in rows] == [(2 * row.batch, GIB) for row in rows]
    assert rows[-1].share == pytest.approx(8 * macs / 0.5 / 1e9)


def test_what_would_not_fit_is_not_tried(graph: Graph) -> None:
    """6 GiB are needed for 4 images; 8 take 10."""
    for ceiling, batches in ((10 * GIB, [1, 2, 4, 8]), (10 * GIB - 1, [1, 2, 4])):
        rows, why = doubled(Subject(graph), Machine(2, 1, ceiling))
        assert [row.batch for row in rows] == batches
    assert why == "a batch of 8 would take about 10.0 GiB, and 80% of the memory that was free are 10.0"


def test_memory_that_ends_is_the_end(graph: Graph) -> None:
    def fails(batch: int) -> None:
        if batch > 2:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
    rows, why = doubled(Subject(graph, fails), Machine(1, 0, 100 * GIB))
    assert ([row.batch for row in rows], why) == ([1, 2], "a batch of 4 does not fit into memory")


def test_a_step_that_takes_long_is_the_last(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "measured", lambda step: 61.0)
    rows, why = doubled(Subject(graph), Machine(1, 0, 100 * GIB))
    assert ([row.batch for row in rows], why) == ([1], "a step of 1 images takes over a minute")


def test_an_open_input_is_refused(spec: Path) -> None:
    with pytest.raises(InputError, match=r"the input is \?x\?x1\n  hint: --set input=224x224x1"):
        bench.bench(lower(load("small.yaml", ["input=?x?x1"])), Recipe(), 1, print)


def test_the_command_measures_both(spec: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bench.SIDES, "CPU", 64)
    assert archspec(["bench", "small.yaml", "--most", "2", "--json", "--set", "train.precision=mixed_bfloat16", "--set", "train.epochs=30",
                     "--images", "3600"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(row["mode"], row["batch"]) for row in found["rows"]] == [(mode, batch) for mode in bench.MODES for batch in (1, 2)]
    assert (found["spec"], found["precision"], found["jit"]) == ("small", "mixed_bfloat16", "off")
    assert found["ended"] == dict.fromkeys(bench.MODES, "--most 2")
    assert all(row["memory"] > 2**20 and row["share"] > 0 for row in found["rows"])
    # a step takes half a second, so that two images come to four a second
    assert found["whole"] == {"epochs": 30, "images": 3600, "images_per_second": 4.0, "hours": 7.5}
