"""ONNX's operations beside TensorFlow's: every operation with each of its fields, at sizes known and open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from graphs import Net, in_a_row
from vocabulary import ONLY_OF, OTHERS, VOCABULARY, WINDOWS, around

from archspec.errors import InputError
from archspec.export.onnx_model import shape
from archspec.export.onnx_operations import FROM_MAPS, OPERATIONS, TO_MAPS, compute
from archspec.export.onnx_sheet import Sheet
from archspec.graph import axes, ops
from archspec.graph.ir import Graph
from archspec.graph.types import ShapeError
from archspec.graph.weights import Key
from archspec.model import operations

CASES = [(kind, field) for kind in VOCABULARY if kind is not ops.Input for field in ("", *OTHERS[kind][1])]
OF_A_SIZE = (ops.Flatten, axes.Reshape, axes.Position)
OF_VECTORS = [ops.BatchNorm(), ops.BatchNorm(scale=False), ops.LayerNorm(), ops.Activation("prelu"), ops.Activation("softmax"),
              ops.LayerScale(0.5), ops.PadChannels(9), ops.SliceChannels(1, 4), ops.Dense(4, bias=False), ops.Flatten(),
              axes.Reshape((3, 1, -1))]


def numbers(graph: Graph) -> dict[Key, np.ndarray]:
    draw = np.random.default_rng(0)
    return {(node.name, weight.name): np.abs(draw.normal(1, 0.3, weight.shape)).astype(np.float32)
            for node in graph.nodes for weight in node.weights}


def difference(graph: Graph, sides: tuple[int, int] = (9, 9)) -> float:
    """Of the results, as a share of the largest number."""
    weights, sizes = numbers(graph), [side or other for side, other in zip(graph.input.type.shape, (*sides, 0), strict=True)]
    images = np.random.default_rng(1).normal(size=(3, *sizes)).astype(np.float32)
    output = graph.output.name
    wanted = np.asarray(operations.compute(graph, weights, tf.constant(images), [output])[output])
    found = ran(graph, weights, images)
    assert found.shape == wanted.shape
    return float(np.abs(found - wanted).max() / max(1e-6, np.abs(wanted).max()))


def ran(graph: Graph, weights: Mapping[Key, np.ndarray], images: np.ndarray) -> np.ndarray:
    """Checked by onnx, with each shape that it finds beside that of the graph's type, and run."""
    sheet, output = Sheet(), graph.output
    maps = sheet.put("Transpose", ["images"], "maps", {"perm": TO_MAPS})
    value = compute(sheet, graph, weights, maps, [output.name], ["output"])[output.name]
    kind, attributes = ("Transpose", {"perm": FROM_MAPS}) if output.type.is_map else ("Identity", {})
    sheet.put(kind, [value], "output", attributes)
    model = sheet.model("net", {"images": shape(graph.input.type)}, {"output": shape(output.type)})
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"images": images})[0])


def test_every_operation_has_one() -> None:
    assert set(OPERATIONS) == set(VOCABULARY) - {ops.Input}


@pytest.mark.parametrize("size", [(8, 9), (None, None)], ids=["8x9", "open"])
@pytest.mark.parametrize(("kind", "field"), CASES)
def test_it_gives_what_tensorflow_gives(kind: type[ops.Op], field: str, size: tuple[int | None, int | None]) -> None:
    first, others = OTHERS[kind]
    op = ops.Activation(ONLY_OF[field]) if field in ONLY_OF else first
    op = replace(op, **({field: others[field]} if field else {}))
    if size == (None, None) and (isinstance(op, OF_A_SIZE) or op == axes.Permute("wch")):
        with pytest.raises(ShapeError, match="open"):
            around(op, size)
    else:
        assert difference(around(op, size)) < 1e-6


@pytest.mark.parametrize("function", ops.ACTIVATIONS)
def test_each_activation(function: str) -> None:
    assert difference(around(ops.Activation(function))) < 1e-6


@pytest.mark.parametrize("op", WINDOWS, ids=repr)
def test_each_window_where_sizes_divide_and_where_not(op: ops.Op) -> None:
    for sides in ((8, 9), (9, 8), (10, 11)):
        assert difference(in_a_row(op, shape=(*sides, 6))) < 1e-6


@pytest.mark.parametrize("op", [op for op in WINDOWS if not isinstance(op, ops.Pool) or not op.ceil], ids=repr)
def test_each_window_at_an_open_size(op: ops.Conv | ops.Depthwise | ops.Pool) -> None:
    graph = in_a_row(op, shape=(None, None, 6))
    if not isinstance(op, ops.Pool) and max(op.dilation) > 1:
        with pytest.raises(InputError, match="1: how far `same` pads for a stride of 2x2 and a dilation depends on the size of the"):
            difference(graph)
        return
    for sides in ((8, 9), (9, 8), (10, 11)):
        assert difference(graph, sides) < 1e-6


@pytest.mark.parametrize("op", OF_VECTORS, ids=repr)
def test_vectors(op: ops.Op) -> None:
    assert difference(in_a_row(ops.GlobalPool("avg"), op)) < 1e-6


@pytest.mark.parametrize("how", ["add", "multiply", "max", "average"])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_merges_of_any_number(how: str, count: int) -> None:
    net = Net("net")
    image = net.put(ops.Input((4, 5, 6)))
    parts = [net.put(ops.Scale(0.3 * number - 0.5), image) for number in range(count)]
    assert difference(net.done(net.put(ops.Merge(how), *parts))) < 1e-6


@pytest.mark.parametrize("keepdims", [True, False])
def test_a_gate_of_a_vector_and_of_one_pixel(keepdims: bool) -> None:
    net = Net("net")
    image = net.put(ops.Input((4, 5, 6)))
    gate = net.put(ops.Activation("sigmoid"), net.put(ops.GlobalPool("avg", keepdims), image))
    assert difference(net.done(net.put(ops.Gate(), image, gate))) < 1e-6


def test_a_node_may_be_called_as_the_result() -> None:
    net = Net("net")
    value = net.put(ops.Input((4, 5, 6)))
    for name in ("output", "images/value"):
        value = net.add(ops.Scale(0.5), value, name=name, where=net.nodes[0].where)
    assert difference(net.done(value)) < 1e-6


@pytest.mark.parametrize("size", [(12, 12), (None, None)], ids=["12x12", "open"])
@pytest.mark.parametrize("method", ["nearest", "bilinear"])
def test_a_size_that_no_factor_leads_to(method: Literal["nearest", "bilinear"], size: tuple[int | None, int | None]) -> None:
    """From 4 to 6 there are pixels at one distance from two others."""
    net = Net("net")
    image = net.put(ops.Input((*size, 6)))
    half, third = (net.put(ops.Pool("avg", (step, step), (step, step)), image) for step in (2, 3))
    assert difference(net.done(net.put(axes.Resize(method), third, half)), (12, 12)) < 1e-6
