"""The folded network gives the logits of the network itself, on one member of every family, small and with made-up statistics."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import archspec
from archspec.errors import SpecError
from archspec.graph.ir import Graph
from archspec.graph.ops import BatchNorm
from archspec.graph.passes import Network, fold_batch_norms
from archspec.model.emit import build
from archspec.model.values import assign, values
from archspec.spec.files import spec_names
from archspec.weights.load import stage_blocks

FAMILIES = {
    "bn_inception": "", "cifar_densenet40_k12": "", "cifar_preact_resnet20": "", "cifar_preact_resnet164": "2, 2, 2",
    "cifar_resnet20": "", "cifar_resnet164": "2, 2, 2", "cifar_resnext29_32x4d": "1, 1, 1", "darknet53": "1, 1, 1, 1, 1",
    "densenet121": "2, 2, 2, 2", "efficientnet_b0": "", "googlenet_torchvision": "", "inception_resnet_v1_facenet": "",
    "inception_resnet_v2": "", "keras_inception_v3": "", "inception_v4": "", "keras_mobilenet": "", "keras_resnet50v2": "1, 1, 1, 1",
    "mobilenet_v2": "", "mobilenet_v3_large": "", "regnet_x_400mf": "1, 1, 1, 1", "resnext50_32x4d_aggregated": "1, 1, 1, 1",
    "resnext50_32x4d_concatenated": "1, 1, 1, 1", "se_resnet50_identity": "1, 1, 1, 1", "se_resnet50_post": "1, 1, 1, 1",
    "se_resnet50_pre": "1, 1, 1, 1", "senet154": "1, 1, 1, 1", "vgg11_bn": "", "xception": "",
}
"""Each set of blocks with batch norms that stages repeat: a small member of it, and how often its stages repeat here."""
SIDES = (32, 64, 96, 128, 160)
"""Tried in turn: the smallest that a network takes."""


def small(name: str, repeats: str) -> Graph:
    """A network on the smallest images that it can be lowered for."""
    overrides = [f"stages.repeats=[{repeats}]"] * bool(repeats)
    for side in SIDES:
        try:
            return archspec.lower(archspec.load(name, [f"input={side}x{side}x3", *overrides]))
        except SpecError:
            continue
    raise AssertionError(f"{name} takes none of {SIDES}")


def lively(graph: Graph) -> tuple[Network, keras.Model]:
    """A network with first kernels and random norms that keep numbers in their range, and its model."""
    keras.utils.set_random_seed(2)
    model, draw = build(graph, auxiliary=bool(graph.auxiliary), dtype="float64"), np.random.default_rng(2)
    weights = values(model)
    for node in graph.nodes:
        if isinstance(node.op, BatchNorm):
            for weight in node.weights:
                low, high = {"gamma": (0.5, 1.2), "moving_variance": (1.0, 4.0)}.get(weight.name, (-0.5, 0.5))
                weights[node.name, weight.name] = draw.uniform(low, high, weight.shape)
    assign(model, weights)
    return Network(graph, weights), model


@pytest.mark.slow
@pytest.mark.parametrize(("name", "repeats"), FAMILIES.items(), ids=FAMILIES)
def test_folded_is_equal_to_unfolded(name: str, repeats: str) -> None:
    """In double precision: made-up statistics drive gates into their ends, and the rounding of float32 with them."""
    network, model = lively(small(name, repeats))
    folded = fold_batch_norms(network)
    lean = build(folded.graph, auxiliary=bool(folded.graph.auxiliary), initialize=False, dtype="float64")
    assign(lean, folded.weights)
    images = np.random.default_rng(3).normal(size=(2, *model.input.shape[1:])).astype("float32")
    for expected, found in zip(*(keras.tree.flatten(each(images)) for each in (model, lean)), strict=True):
        assert np.isfinite(expected).all()
        assert np.std(expected) > 0
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_every_family_is_here() -> None:
    blocks = {name: (frozenset(stage_blocks(archspec.load(name))), archspec.lower(archspec.load(name))) for name in spec_names()}
    normed = {kinds for kinds, graph in blocks.values() if any(isinstance(node.op, BatchNorm) for node in graph.nodes)}
    assert {blocks[name][0] for name in FAMILIES} == normed
