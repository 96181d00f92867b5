"""Lowering is a function of a spec that cannot be changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import MappingProxyType

import pytest

import archspec
from archspec.errors import SpecError
from archspec.network import lower
from archspec.records import Record
from archspec.spec.inherit import resolve
from archspec.spec.rules import read_spec

once = lower.__wrapped__
"""Without the memory of the last graph."""
BROKEN = """
input: 8x8x3
classes: 10
blocks:
  b: {parameters: {inside: required, width: 3.5}, body: [densely: $inside, conv: $width, dense: 3]}
stem: [b: {inside: [konv: 3, conv: 3 grops=2]}]
head: [global_avg_pool, dense: $classes]
"""


@pytest.mark.parametrize("name", ["resnet50", "googlenet", "cifar_highway19", "mobilenet_v3_large"])
def test_the_same_graph_twice(name: str) -> None:
    spec = read_spec(resolve(name))
    first, second = once(spec), once(spec)
    assert first.nodes == second.nodes
    assert first.features == second.features


def test_the_same_messages_twice(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(BROKEN, encoding="utf-8")
    spec = read_spec(resolve(str(path)))
    said = []
    for _ in range(2):
        with pytest.raises(SpecError) as caught:
            once(spec)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert said[0].count("in the block b (stem_b), called from") == 3


def parts(value: object, seen: set[int]) -> Iterator[object]:
    """Everything that can be reached from a value by its public fields."""
    if id(value) in seen or isinstance(value, str | int | float | None):
        return
    seen.add(id(value))
    yield value
    inside: list[object] = []
    if is_dataclass(value) and not isinstance(value, type):
        inside = [getattr(value, item.name) for item in fields(value) if not item.name.startswith("_")]
    elif isinstance(value, Mapping):
        inside = list(value.values())
    elif isinstance(value, tuple | list):
        inside = list(value)
    for each in inside:
        yield from parts(each, seen)


@pytest.mark.parametrize("name", ["googlenet", "mobilenet_v3_large", "resnet20_digits"])
def test_nothing_of_a_spec_or_a_graph_can_be_changed(name: str) -> None:
    spec = archspec.load(name)
    for part in (*parts(spec, set()), *parts(archspec.lower(spec), set())):
        assert not isinstance(part, dict | list | set), part
        assert isinstance(part, Mapping) <= isinstance(part, MappingProxyType)
        if is_dataclass(part) and not isinstance(part, Record):
            assert part.__dataclass_params__.frozen, part  # type: ignore[attr-defined]


def test_load_raises_what_only_lowering_finds(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("input: 8x8x3\nstem: [dense: 3]\nhead: [global_avg_pool, dense: 2]\n", encoding="utf-8")
    with pytest.raises(SpecError, match="stem_dense: dense"):
        archspec.load(path)
