"""Graph to keras.Model."""

from __future__ import annotations

import sys
from fractions import Fraction

import keras
import numpy as np
import pytest
from graphs import Chain, Net

import archspec
from archspec.errors import InputError
from archspec.graph.ir import Feature, Graph
from archspec.graph.ops import Activation, BatchNorm, Conv, Dense, Depthwise, GlobalPool, Input, Merge, Pool
from archspec.model.emit import backbone, build


@pytest.fixture
def pyramid(net: Net) -> Graph:
    """Two convolutions with a level each, a classifier, and an auxiliary one after the first."""
    first = net.put(Conv(4, (3, 3), (2, 2), (1, 1, 1, 1)), net.put(Input((None, None, 3))))
    net.role = "auxiliary"
    auxiliary = net.put(Dense(5), net.put(GlobalPool("avg"), first))
    net.role = "main"
    second = net.put(Conv(8, (3, 3), (2, 2)), first)
    logits = net.put(Dense(5), net.put(GlobalPool("avg"), second))
    features = {"P1": Feature(first, "stage1", 2), "P2": Feature(second, "stage2", 4)}
    return net.graph(logits, {"stage1": auxiliary}, features, ("stage1", "stage2", "head"))


def names(model: keras.Model) -> set[str]:
    return {layer.name for layer in model.layers}


def test_layers_have_the_names_of_the_nodes(pyramid: Graph) -> None:
    model = build(pyramid)
    assert model.name == pyramid.name
    assert model.input.name == "images"
    assert model.input.shape == (None, None, None, 3)
    assert names(model) == {"images", "conv1_pad", "conv1", "conv4", "global_pool5", "dense6"}


def test_it_gives_logits_for_any_size(pyramid: Graph) -> None:
    model = build(pyramid)
    for size in (8, 11):
        assert model(np.zeros((2, size, size + 1, 3), "float32")).shape == (2, 5)


def test_auxiliary_classifiers_only_when_asked_for(pyramid: Graph) -> None:
    model = build(pyramid, auxiliary=True)
    outputs = model(np.zeros((2, 8, 8, 3), "float32"))
    assert {key: value.shape for key, value in outputs.items()} == {"logits": (2, 5), "auxiliary_stage1": (2, 5)}
    assert names(model) == names(build(pyramid)) | {"global_pool2", "dense3"}


def test_backbone_has_the_levels_and_no_layer_more(pyramid: Graph) -> None:
    both = backbone(pyramid, ["P1", "P2"])(np.zeros((1, 16, 16, 3), "float32"))
    assert {key: value.shape for key, value in both.items()} == {"P1": (1, 8, 8, 4), "P2": (1, 4, 4, 8)}
    assert names(backbone(pyramid, ["P1"])) == {"images", "conv1_pad", "conv1"}
    assert backbone(pyramid, ["P2"]).name == "net_backbone"


def test_backbone_names_the_levels_there_are(pyramid: Graph) -> None:
    with pytest.raises(InputError) as caught:
        backbone(pyramid, ["P2", "p1"])
    assert str(caught.value) == "net has no feature level 'p1'; it has P1, P2"
    with pytest.raises(InputError, match="net has no feature level '2'; it has P1, P2"):
        backbone(pyramid, [2])  # type: ignore[list-item]
    with pytest.raises(InputError, match="no feature level was asked for; it has P1, P2"):
        backbone(pyramid, [])


def test_backbone_of_a_graph_without_levels(chain: Chain) -> None:
    with pytest.raises(InputError, match="net has no feature level 'P1'; it has none"):
        backbone(chain(Conv(4)), ["P1"])


@pytest.mark.parametrize(("op", "fan_in"), [
    (Conv(256, (3, 3)), 9 * 64),
    (Conv(256, (3, 3), groups=4), 9 * 16),
    (Conv(256, (3, 3), (2, 2), "same", (2, 2)), 9 * 64),
    (Depthwise(64, (3, 3)), 9),
    (Depthwise(64, (3, 3), (2, 1)), 9),
])
def test_kernels_are_he_normal(op: Conv | Depthwise, fan_in: int, chain: Chain) -> None:
    keras.utils.set_random_seed(0)
    kernel = build(chain(op, shape=(8, 8, 64))).layers[-1].kernel.numpy()
    np.testing.assert_allclose(kernel.var(), 2 / fan_in, rtol=0.05)
    np.testing.assert_allclose(kernel.mean(), 0, atol=0.02 * kernel.std())


def test_each_layer_draws_its_own_numbers_from_the_seed(chain: Chain) -> None:
    graph = chain(Conv(6, (3, 3)), Conv(6, (3, 3)), GlobalPool("avg"), Dense(6))
    keras.utils.set_random_seed(7)
    first, second = build(graph), build(graph)
    assert not np.array_equal(first.get_layer("conv1").kernel, first.get_layer("conv2").kernel)
    assert not np.array_equal(first.get_layer("conv1").kernel, second.get_layer("conv1").kernel)
    keras.utils.set_random_seed(7)
    again = build(graph)
    np.testing.assert_array_equal(again.get_layer("conv1").kernel, first.get_layer("conv1").kernel)
    assert not again.get_layer("dense4").bias.numpy().any()


def test_the_gates_of_a_highway_start_closed() -> None:
    """T = sigmoid(-2) wherever nothing else speaks: Srivastava et al. 2015 (1505.00387), section 2.2."""
    graph = archspec.lower(archspec.load("cifar_highway19"))
    gates = [node for node in graph.nodes if node.role == "gate" and node.op.kind == "act"]
    model = build(graph, initialize=False)
    transform = keras.Model(model.input, [model.get_layer(node.name).output for node in gates])
    values = transform(np.random.default_rng(0).normal(size=(1, 32, 32, 3)).astype("float32"))
    assert len(values) == 14
    np.testing.assert_allclose([np.mean(value) for value in values], 0.1192029, rtol=1e-5)


def test_first_biases_are_what_the_operation_says(chain: Chain) -> None:
    model = build(chain(Conv(4, bias=True, bias_init=-2.0), Depthwise(bias=True, bias_init=0.5), GlobalPool("avg"),
                        Dense(3, bias_init=1.0)))
    assert [set(model.get_layer(name).bias.numpy()) for name in ("conv1", "depthwise2", "dense4")] == [{-2.0}, {0.5}, {1.0}]


def test_without_initialization_kernels_are_zero(chain: Chain) -> None:
    model = build(chain(Conv(6), Depthwise(), GlobalPool("avg"), Dense(5)), initialize=False)
    assert not any(weight.numpy().any() for weight in model.weights)


def test_a_network_deeper_than_pythons_limit_of_calls(net: Net) -> None:
    before = sys.getrecursionlimit()
    x = net.put(Input((4, 4, 3)))
    for _ in range(before // 2 + 10):
        x = net.put(Merge("add"), x, net.put(Activation("relu"), x))
    assert len(build(net.done(x)).layers) == len(net.nodes)
    assert sys.getrecursionlimit() == before


def test_a_value_used_twice_is_built_once(net: Net) -> None:
    image = net.put(Input((8, 8, 3)))
    x = net.put(BatchNorm(), image)
    model = build(net.done(net.put(Merge("add"), x, x)))
    assert len(model.weights) == 4


def test_strides_of_features_are_the_keras_shapes(pyramid: Graph) -> None:
    maps = backbone(pyramid, ["P1", "P2"])(np.zeros((1, 32, 32, 3), "float32"))
    for level, feature in pyramid.features.items():
        assert maps[level].shape[1] == 32 // feature.stride
        assert feature.value.type.stride == (Fraction(feature.stride),) * 2


def test_same_pool_and_stride_need_no_helper(chain: Chain) -> None:
    model = build(chain(Conv(4, (3, 3), (2, 2)), Pool("max", (3, 3), (2, 2))))
    assert names(model) == {"images", "conv1", "pool2"}
