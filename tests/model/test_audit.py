"""The audit agrees with what build makes, and catches every model that was altered."""

from __future__ import annotations

from dataclasses import replace

import keras
import pytest
from graphs import Chain, Net

from archspec.graph import ops
from archspec.graph.ir import Graph, Node
from archspec.model.audit import Mismatch, audit, differences, macs
from archspec.model.emit import build

CHAIN = (
    ops.Conv(8, (3, 3), (2, 2), (1, 1, 1, 1), groups=2),
    ops.BatchNorm(),
    ops.Activation("prelu"),
    ops.Depthwise(2, (3, 3), (2, 1)),
    ops.GroupNorm(4),
    ops.GlobalPool("avg"),
    ops.Dense(5),
)


@pytest.fixture
def graph(chain: Chain) -> Graph:
    """Grouped and depthwise convolutions, norms, a classifier."""
    return chain(*CHAIN)


def altered(graph: Graph, name: str, **changes: object) -> Graph:
    """The graph as it would be with other settings in one node."""
    other = Net(graph.name)
    values = {}
    for node in graph.nodes:
        op = replace(node.op, **changes) if node.name == name else node.op
        values[node.name] = other.put(op, *(values[value.name] for value in node.inputs))
    return other.done(values[graph.output.name])


def found(graph: Graph, model: keras.Model) -> set[tuple[str, str]]:
    return {(mismatch.layer, mismatch.what) for mismatch in audit(graph, model)}


def test_graph_and_model_agree(graph: Graph) -> None:
    assert audit(graph, build(graph)) == ()


def test_kernels_that_are_not_drawn_are_caught(graph: Graph) -> None:
    assert found(graph, build(graph, initialize=False)) == {(name, "first values") for name in ("conv1", "depthwise4", "dense7")}


def test_everything_agrees(everything: Graph) -> None:
    assert audit(everything, build(everything)) == ()


def test_open_sizes_agree(chain: Chain) -> None:
    graph = chain(*CHAIN, shape=(None, None, 6))
    assert graph.nodes[1].macs is None
    assert audit(graph, build(graph)) == ()


def test_auxiliary_classifiers_are_held_against_the_model_that_has_them(net: Net) -> None:
    image = net.put(ops.Input((8, 8, 3)))
    net.role = "auxiliary"
    extra = net.put(ops.Dense(5), net.put(ops.GlobalPool("avg"), image))
    net.role = "main"
    graph = net.graph(net.put(ops.Dense(4), net.put(ops.GlobalPool("avg"), image)), {"stage1": extra}, {}, ())
    assert audit(graph, build(graph)) == ()
    assert audit(graph, build(graph, auxiliary=True)) == ()


@pytest.mark.parametrize(("name", "changes", "expected"), [
    ("conv1", {"filters": 16}, {("conv1", "output shape"), ("conv1", "weights"), ("conv1", "multiply-adds")}),
    ("conv1", {"stride": (1, 1)}, {("conv1", "output shape"), ("conv1", "multiply-adds")}),
    ("conv1", {"kernel": (3, 1), "padding": (1, 1, 0, 0)}, {("conv1", "weights"), ("conv1", "multiply-adds")}),
    ("conv1", {"bias": True}, {("conv1", "weights"), ("total", "trainable parameters")}),
    ("conv1", {"groups": 1}, {("conv1", "weights"), ("conv1", "multiply-adds")}),
    ("batch_norm2", {"scale": False}, {("batch_norm2", "weights"), ("total", "trainable parameters")}),
    ("act3", {"function": "relu"}, {("act3", "weights"), ("total", "trainable parameters")}),
    ("depthwise4", {"kernel": (5, 3)}, {("depthwise4", "weights"), ("depthwise4", "multiply-adds")}),
    ("dense7", {"units": 6}, {("dense7", "output shape"), ("dense7", "weights"), ("dense7", "multiply-adds")}),
    ("dense7", {"bias": False}, {("dense7", "weights")}),
])
def test_an_altered_model_is_caught(name: str, changes: dict[str, object], expected: set[tuple[str, str]],
                                    graph: Graph) -> None:
    assert expected <= found(graph, build(altered(graph, name, **changes)))


def test_layers_that_only_one_side_has(chain: Chain) -> None:
    short, long = chain(ops.Conv(6)), chain(ops.Conv(6), ops.BatchNorm())
    missing, *totals = audit(long, build(short))
    assert missing == Mismatch("batch_norm2", "layer", "there", "missing")
    assert [mismatch.what for mismatch in totals] == ["trainable parameters", "non-trainable parameters", "outputs"]
    assert ("batch_norm2", "layer") in found(short, build(long))


def test_a_frozen_layer_is_caught(graph: Graph) -> None:
    model = build(graph)
    model.get_layer("conv1").trainable = False
    assert found(graph, model) == {("conv1", "weights"), ("conv1", "trainable"), ("total", "trainable parameters"),
                                   ("total", "non-trainable parameters")}


def test_a_helper_that_is_no_padding_is_caught(chain: Chain) -> None:
    images = keras.Input((7, 9, 6), name="images")
    smuggled = keras.layers.Conv2D(6, 1, name="conv1_pad")(images)
    model = keras.Model(images, keras.layers.Conv2D(8, 1, use_bias=False, name="conv1")(smuggled))
    assert found(chain(ops.Conv(8)), model) == {("conv1_pad", "layer"), ("conv1", "inputs"), ("conv1", "first values"),
                                                ("total", "trainable parameters")}


def test_multiply_adds_of_keras_layers_by_hand() -> None:
    images = keras.Input((8, 8, 4))
    grouped, plain = keras.layers.Conv2D(6, 3, groups=2, strides=2), keras.layers.Conv2D(6, (1, 3), padding="same")
    depthwise = keras.layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same")
    dense = keras.layers.Dense(10)
    dense(keras.layers.Flatten()(grouped(images)))
    plain(images)
    depthwise(images)
    assert [macs(layer) for layer in (grouped, plain, depthwise, dense)] == [
        3 * 3 * 6 * 9 * 2, 8 * 8 * 6 * 3 * 4, 8 * 8 * 8 * 9, 54 * 10]


def test_a_wrong_cost_formula_is_caught(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Keras side does not ask the operation."""
    monkeypatch.setattr(Node, "macs", property(lambda node: 1 if isinstance(node.op, ops.Dense) else node.op.macs(
        node.types, node.output.type)))
    assert found(graph, build(graph)) == {("dense7", "multiply-adds")}


def test_differences_builds_the_model_itself(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    assert differences(graph) == ()
    monkeypatch.setattr(Node, "macs", 1)
    assert Mismatch("dense7", "multiply-adds", 1, 16 * 5) in differences(graph)


def test_a_mismatch_reads_as_a_sentence() -> None:
    assert str(Mismatch("conv1", "output shape", (4, 4, 8), (8, 8, 8))) == (
        "conv1: output shape: (4, 4, 8) in the graph, (8, 8, 8) in the Keras model")
