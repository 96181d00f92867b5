"""Every shipped spec has the figures that others counted."""

from __future__ import annotations

import pytest
from zoo_graphs import shipped

from archspec.network import load, lower
from archspec.spec.files import spec_names
from archspec.views.published import compare
from archspec.views.summary import Summary, summary

WITHOUT = {"resnet20_digits", "se_inception_v3"}
"""Specs of archspec's own, which nobody has counted."""
VARIANTS = [  # one line on top of a spec; projections and strides where pytorchcv has them, auxiliary heads of the papers
    ("cifar_resnet32", {"stages.shortcut": "projection"}, 466906, 69124736),
    ("cifar_resnet44", {"stages.shortcut": "projection"}, 661338, 97436288),
    ("cifar_resnet1202", {"stages.shortcut": "projection"}, 19424026, 2829501056),
    ("cifar_preact_resnet20", {"stages.shortcut": "projection"}, 272282, 40813184),
    ("cifar_preact_resnet56", {"stages.shortcut": "projection"}, 855578, 125747840),
    ("cifar_preact_resnet110", {"stages.repeats": 200}, 19421274, 2829238912),
    ("cifar_preact_resnet110_b", {"stages.repeats": 200}, 19423834, 2829501056),
    ("cifar_resnet164", {"stages.stride_at": 2}, 1704154, 247646720),
    ("cifar_resnet1001", {"stages.stride_at": 2}, 10328602, 1490995712),
    ("cifar_preact_resnet164", {"stages.stride_at": 2}, 1703258, 247646720),
    ("cifar_preact_resnet1001", {"stages.stride_at": 2}, 10327706, 1490995712),
]


def cost(name: str, overrides: dict[str, object]) -> Summary:
    return summary(lower(load(name, overrides)))


@pytest.mark.parametrize("name", spec_names())
def test_it_has_the_published_figures(name: str) -> None:
    spec, graph = shipped(name)
    figures = compare(spec.published, summary(graph))
    assert [str(figure) for figure in figures if not figure.holds] == []
    assert bool(figures) == (name not in WITHOUT)


@pytest.mark.parametrize(("name", "change", "parameters", "macs"), VARIANTS)
def test_a_variant_has_the_published_figures(name: str, change: dict[str, object], parameters: int, macs: int) -> None:
    found = cost(name, change)
    assert (found.parameters.trainable, found.macs) == (parameters, macs)


@pytest.mark.parametrize(("name", "trainable", "statistics"), [("googlenet", 13378280, 0), ("inception_v3", 27161264, 36224)])
def test_auxiliary_classifiers_have_the_published_figures(name: str, trainable: int, statistics: int) -> None:
    weights = [weight for node in lower(load(name)).nodes for weight in node.weights]
    assert sum(weight.size for weight in weights if weight.trainable) == trainable
    assert sum(weight.size for weight in weights if not weight.trainable) == statistics
