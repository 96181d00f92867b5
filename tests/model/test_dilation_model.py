"""A network of output stride 8 gives, of every few pixels the first, what the network itself gives; one member of every family."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from fractions import Fraction

import numpy as np
import pytest
import tensorflow as tf

import archspec
from archspec.errors import InputError
from archspec.graph import ops
from archspec.graph.init import HeNormal
from archspec.graph.ir import Graph
from archspec.graph.passes import dilated, reaching
from archspec.graph.types import Weight
from archspec.graph.verify import verify
from archspec.graph.weights import Weights
from archspec.model.audit import audit
from archspec.model.emit import build
from archspec.model.operations import compute
from archspec.model.values import assign, values

FAMILIES = {
    "alexnet": "", "bn_inception": "", "convnext_tiny": "1, 1, 1, 1", "darknet53": "1, 1, 1, 1, 1", "densenet121": "2, 2, 2, 2",
    "googlenet": "", "keras_inception_v3": "", "inception_v4": "",
    "keras_mobilenet": "", "keras_resnet50v2": "1, 1, 1, 1", "mobilenet_v2": "",
    "regnet_x_400mf": "1, 1, 1, 1", "resnet34_a": "1, 1, 1, 1", "resnet50d": "1, 1, 1, 1",
    "resnext50_32x4d_aggregated": "1, 1, 1, 1", "squeezenet1_1": "", "vgg11_lrn": "", "xception": "", "zfnet": "",
}
"""Networks whose maps become smaller than stride 8, one of each set of blocks, and how often their stages repeat here."""
OVER_WHOLE_MAPS = {"efficientnet_b0": "", "mobilenet_v3_large": "", "se_resnet50_identity": "1, 1, 1, 1"}
"""Those with squeeze-and-excitation, whose means are over more pixels."""


def small(name: str, repeats: str, side: int) -> Graph:
    """The part of a network that its levels depend on."""
    graph = archspec.lower(archspec.load(name, [f"input={side}x{side}x3", *[f"stages.repeats=[{repeats}]"] * bool(repeats)]))
    return reaching(graph, graph.features)


def drawn(graph: Graph) -> Weights:
    """Kernels as at first, all else of its own, so that a zero in the wrong place shows."""
    draw = np.random.default_rng(0)

    def array(weight: Weight) -> np.ndarray:
        if isinstance(weight.init, HeNormal):
            return draw.normal(0, np.sqrt(2 * weight.init.gain / np.prod(weight.shape[:-1])), weight.shape)
        middle = 0.0 if weight.name in ("beta", "bias", "moving_mean") else 1.0
        return middle + draw.uniform(-0.5, 0.5, weight.shape)
    return {(node.name, weight.name): array(weight).astype(np.float32) for node in graph.nodes for weight in node.weights}


def levels(graph: Graph, weights: Weights, side: int) -> dict[str, np.ndarray]:
    images = tf.constant(np.random.default_rng(1).normal(size=(1, side, side, 3)).astype(np.float32))
    found = compute(graph, weights, images, [feature.value.name for feature in graph.features.values()])
    return {level: np.asarray(found[feature.value.name]) for level, feature in graph.features.items()}


@pytest.mark.slow
@pytest.mark.parametrize(("side", "names"), [(96, FAMILIES), (101, ("alexnet", "densenet121", "googlenet", "mobilenet_v2", "resnet50d"))])
def test_of_every_few_pixels_the_first_is_the_networks_own(side: int, names: Collection[str]) -> None:
    for name in names:
        graph = small(name, FAMILIES[name], side)
        made, weights = dilated(graph, 8), drawn(graph)
        wanted, found = levels(graph, weights, side), levels(made, weights, side)
        for level, feature in graph.features.items():
            every = feature.stride // made.features[level].stride
            sampled = found[level][:, ::every, ::every]
            assert sampled.shape == wanted[level].shape, (name, level)
            assert np.abs(sampled - wanted[level]).max() < 1e-5 * np.abs(wanted[level]).max(), (name, level)


@pytest.mark.slow
def test_every_family_has_the_form() -> None:
    for name, repeats in {**FAMILIES, **OVER_WHOLE_MAPS}.items():
        graph = small(name, repeats, 224)
        for output_stride in (8, 16):
            made = dilated(graph, output_stride)
            assert verify(made) == [], name
            assert [(node.name, node.weights) for node in made.nodes] == [(node.name, node.weights) for node in graph.nodes]
            assert list(strides(made)) == [min(stride, output_stride) for stride in strides(graph)], name


def strides(graph: Graph) -> Iterator[int]:
    for feature in graph.features.values():
        assert feature.value.type.stride == (Fraction(feature.stride), Fraction(feature.stride))
        yield feature.stride


POOLS = """\
input: 32x32x3
classes: 3
stem:
  - conv: 3x3 4 /2 bare
  - max_pool: 3x3 /2 ceil padding=1
  - max_pool: 3x3 /1
  - residual: [conv: 3x3 4 bare]
  - avg_pool: 3x3 /1
  - avg_pool: 3x3 /1 padding=1 count_padding
  - act: relu
  - max_pool: 3x3 /1
  - depthwise: 3x3 /2
  - conv: 3x3 8 groups=2
head: [global_avg_pool, dense: $classes]
"""
"""Dilated pools of both kinds, with padding that counts or does not, above zero and of both signs."""


def test_the_keras_model_is_that_network_and_verify_reads_it_back(lower: Callable[..., Graph]) -> None:
    graph = dilated(lower(POOLS), 2)
    assert sum(isinstance(node.op, ops.Pool) and node.op.dilation != (1, 1) for node in graph.nodes) == 4
    model = build(graph)
    assert audit(graph, model) == ()
    assign(model, drawn(graph))
    images = np.random.default_rng(1).normal(size=(2, 32, 32, 3)).astype(np.float32)
    found = compute(graph, values(model), tf.constant(images), [graph.output.name])[graph.output.name]
    np.testing.assert_allclose(model(images), found, rtol=1e-4, atol=1e-5)


def test_open_sizes_compute_what_given_ones_do() -> None:
    few = ["stages.repeats=[1, 1, 1, 1]"]
    open_, given = (dilated(reaching(archspec.lower(archspec.load("resnet50d", [f"input={size}", *few])), ["P5"]), 16)
                    for size in ("?x?x3", "96x96x3"))
    one, other = (levels(graph, drawn(given), 96)["P5"] for graph in (open_, given))
    assert one.shape == (1, 6, 6, 2048)
    np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize("wrong", [4, 12, 0, "8"])
def test_output_strides_are_those_that_are_published(wrong: int) -> None:
    with pytest.raises(InputError) as error:
        archspec.backbone("resnet18", ["P5"], output_stride=wrong)
    assert str(error.value) == f"output_stride is 8, 16, 32 or None, this is {type(wrong).__name__} {wrong!r}"
