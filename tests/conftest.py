"""Small specs for the tests of the language: their graph, what is in it, or what is wrong with them."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import archspec
from archspec.errors import Problem, SpecError
from archspec.graph.ir import Graph
from archspec.graph.text import op_text
from archspec.io.memory import collect_seldom

# Each worker imports all tests, and hundreds of processes archspec: what one has compiled the others read, whatever is usual here.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The same examples everywhere and each time, and no clock that says whether they pass.
settings.register_profile("archspec", derandomize=True, deadline=None, database=None,
                          suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("archspec")

Write = Callable[..., Path]
Lower = Callable[..., Graph]
Table = Callable[..., dict[str, str]]
Fails = Callable[..., tuple[Problem, ...]]
BASE = "input: 32x32x8\nclasses: 10\n"
HEAD = "\nhead: [global_avg_pool, dense: $classes]\n"
OF_BEFORE = [""]
"""The file of the last test."""
NUMBERS = count()
"""pytest's own numbered folders each look at all that there are: minutes, for tests by the ten thousand."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, for one often waits for a process that it has started; each takes 2 to 3 GB."""
    return min(4, len(os.sched_getaffinity(0)) + 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest come first: one that began last would keep a core waiting for it."""
    items.sort(key=lambda item: item.get_closest_marker("longest") is None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """What lives on from one file of tests to the next is left out of collections from then on."""
    if item.nodeid.split("::")[0] != OF_BEFORE[0]:
        OF_BEFORE[0] = item.nodeid.split("::")[0]
        gc.collect()
        collect_seldom()


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own; and one for what the studio keeps."""
    folder = tmp_path_factory.getbasetemp() / "caches" / str(next(NUMBERS))
    folder.mkdir(parents=True)
    monkeypatch.setenv("ARCHSPEC_CACHE", str(folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    return folder


@pytest.fixture
def few_ship(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message about weights looks for their network among these alone; tests/weights/test_weights_fitting.py has it look at all."""
    names = ["densenet121", "keras_resnet50", "resnet101", "resnet50", "resnext101_1x64d", "wide_resnet50_2"]
    monkeypatch.setattr("archspec.weights.fitting.spec_names", lambda: names)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a spec; input, classes and head are added where it says none and extends none."""
    def run(text: str, name: str = "net") -> Path:
        path = tmp_path / f"{name}.yaml"
        whole = "extends:" in text
        head = "" if whole or "head:" in text else HEAD
        path.write_text(("" if whole or "input:" in text else BASE) + text + head, encoding="utf-8")
        return path
    return run


@pytest.fixture
def lower(write: Write) -> Lower:
    """The graph of a spec's text."""
    def run(text: str, overrides: Sequence[str] = ()) -> Graph:
        return archspec.lower(archspec.load(str(write(text)), overrides))
    return run


@pytest.fixture
def ops(lower: Lower) -> Table:
    """The layers of a spec between image and head: each with its arguments, by name."""
    def run(text: str, overrides: Sequence[str] = ()) -> dict[str, str]:
        nodes = lower(text, overrides).nodes[1:]
        return {node.name: op_text(node.op) for node in nodes if node.section != "head"}
    return run


@pytest.fixture
def shapes(lower: Lower) -> Table:
    """The same with the shape of each output."""
    def run(text: str, overrides: Sequence[str] = ()) -> dict[str, str]:
        nodes = lower(text, overrides).nodes[1:]
        return {node.name: str(node.output.type) for node in nodes if node.section != "head"}
    return run


@pytest.fixture
def fails(write: Write) -> Fails:
    """The problems of a spec's text."""
    def run(text: str, overrides: Sequence[str] = ()) -> tuple[Problem, ...]:
        with pytest.raises(SpecError) as caught:
            archspec.lower(archspec.load(str(write(text)), overrides))
        return caught.value.problems
    return run
