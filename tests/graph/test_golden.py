"""The text form of whole networks. ARCHSPEC_UPDATE=1 writes it anew; a change means that layers or names changed.

A golden is believed because its parameters and multiply-adds, added up line by line, are what others published.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archspec import load, lower
from archspec.graph.text import lines

FOLDER = Path(__file__).parents[1] / "golden"
NAMES = ("cifar_resnet20", "googlenet_torchvision", "mobilenet_v2", "resnet50_v2", "se_resnet50", "vgg11")


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str) -> None:
    said = "\n".join(lines(lower(load(name)))) + "\n"
    path = FOLDER / f"{name}.txt"
    if os.environ.get("ARCHSPEC_UPDATE"):
        path.write_text(said, encoding="utf-8")
    assert said == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_adds_up_to_what_others_counted(name: str) -> None:
    spec = load(name)
    nodes = lower(spec).predicting
    trainable = sum(weight.size for node in nodes for weight in node.weights if weight.trainable)
    macs = sum(node.macs or 0 for node in nodes)
    assert spec.published.params.matches(trainable)
    assert spec.published.macs is None or spec.published.macs.matches(macs)


def test_the_fingerprint_changes_with_the_network() -> None:
    plain = lower(load("cifar_resnet20"))
    assert plain.fingerprint != lower(load("cifar_resnet20", ["defaults.norm.epsilon=0.001"])).fingerprint
    assert plain.fingerprint != lower(load("cifar_resnet20", ["stages.name=[a, b, c]"])).fingerprint
    assert plain.fingerprint == lower(load("cifar_resnet20", ["description=another"])).fingerprint
