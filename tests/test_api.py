"""What the package takes from Python, and what it says to anything else."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

import pytest

import archspec
from archspec.errors import InputError

SPEC = archspec.load("resnet18")


@pytest.mark.parametrize("network", ["resnet18", "specs/resnet18.yaml", Path("specs/resnet18.yaml"), SPEC, archspec.lower(SPEC)])
def test_what_stands_for_a_network(network: archspec.Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[1])
    assert archspec.lower(network).fingerprint == archspec.lower(SPEC).fingerprint
    assert archspec.summary(network).parameters.trainable == 11_689_512


@pytest.mark.parametrize("call", [archspec.lower, archspec.summary, archspec.build, lambda it: archspec.backbone(it, ["P3"])])
@pytest.mark.parametrize("wrong", [3, None, b"resnet18", ["resnet18"]])
def test_anything_else_is_told_what_is_wanted(call: object, wrong: object) -> None:
    with pytest.raises(InputError, match="a network is a path, the name of a shipped spec, a spec or a graph, this is "):
        call(wrong)  # type: ignore[operator]


@pytest.mark.parametrize(("arguments", "message"), [
    ((3,), "load takes a path or the name of a shipped spec, this is int 3"),
    (("resnet18", "stages.se=16"), "overrides are a mapping or a list, this is str 'stages.se=16'"),
    (("resnet18", [16]), "an override in a list is a text, this is int 16"),
    (("",), "'':1:1: there is no such file, and no shipped spec of that name"),
    (("resnet18", {"let.a": object}), "is nothing that a spec can hold")])
def test_load(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        archspec.load(*arguments)  # type: ignore[arg-type]


def test_levels_are_a_list() -> None:
    with pytest.raises(InputError, match="levels are a list, this is str 'P3'"):
        archspec.backbone("resnet18", "P3")


def test_the_names_of_the_package() -> None:
    assert dir(archspec) == sorted(archspec.__all__)
    assert archspec.__version__ == importlib.metadata.version("archspec-keras")
    with pytest.raises(AttributeError, match="archspec has no 'nothing'"):
        archspec.nothing  # noqa: B018


@pytest.mark.parametrize("batch", [{"classes": 3}, 0, -1, True, 1.5, "8"])
def test_summary_takes_a_number_of_images(batch: Any) -> None:
    with pytest.raises(archspec.InputError) as error:
        archspec.summary("vgg11", batch)
    assert str(error.value) == (f"batch is a number of images, this is {type(batch).__name__} {batch!r}\n  hint: other values of keys "
                                'go to load: archspec.summary(archspec.load("resnet50", {"classes": 9}))')
