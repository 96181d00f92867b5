"""ONNX's operations beside TensorFlow's: every operation with each of its fields, at sizes known and open."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf

from archspec.export.onnx_model import shape
from archspec.export.onnx_operations import FROM_MAPS, OPERATIONS, TO_MAPS, compute
from archspec.export.onnx_sheet import Sheet
from archspec.graph import ops
from archspec.graph.ir import Graph
from archspec.graph.types import ShapeError
from archspec.model import operations

sys.path.insert(0, str(Path(__file__).parents[1] / "model"))
from vocabulary import ONLY_OF, OTHERS, VOCABULARY, around  # noqa: E402

CASES = [(kind, field) for kind in VOCABULARY if kind is not ops.Input for field in ("", *OTHERS[kind][1])]


def made(kind, field, size):
    first, others = OTHERS[kind]
    if field in ONLY_OF:
        first = ops.Activation(ONLY_OF[field])
    return around(replace(first, **({field: others[field]} if field else {})), size)


def difference(graph):
    draw = np.random.default_rng(0)
    weights = {(node.name, weight.name): np.abs(draw.normal(1, 0.3, weight.shape)).astype(np.float32)
               for node in graph.nodes for weight in node.weights}
    images = draw.normal(size=(3, *(side or 9 for side in graph.input.type.shape))).astype(np.float32)
    wanted = np.asarray(operations.compute(graph, weights, tf.constant(images), [graph.output.name])[graph.output.name])
    found = ran(graph, weights, images)
    assert found.shape == wanted.shape
    return float(np.abs(found - wanted).max() / max(1e-6, np.abs(wanted).max()))


def ran(graph, weights, images):
    sheet = Sheet()
    values = compute(sheet, graph, weights, sheet.put("Transpose", ["images"], "maps", {"perm": TO_MAPS}), [graph.output.name], ["output"])
    kind, attributes = ("Transpose", {"perm": FROM_MAPS}) if graph.output.type.is_map else ("Identity", {})
    sheet.put(kind, [values[graph.output.name]], "output", attributes)
    model = sheet.model("net", {"images": shape(graph.input.type)}, {"output": shape(graph.output.type)})
    onnx.checker.check_model(model, full_check=True)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"images": images})[0]


def test_every_operation_has_one() -> None:
    assert set(OPERATIONS) == set(VOCABULARY) - {ops.Input}


@pytest.mark.parametrize(("kind", "field"), CASES)
@pytest.mark.parametrize("size", [(8, 9), (None, None)], ids=["8x9", "open"])
def test_it_gives_what_tensorflow_gives(kind: type[ops.Op], field: str, size: tuple[int | None, int | None]) -> None:
    try:
        graph = made(kind, field, size)
    except ShapeError:
        assert size == (None, None)
        return
    assert difference(graph) < 1e-6


@pytest.mark.parametrize("function", ops.ACTIVATIONS)
def test_each_activation(function: str) -> None:
    assert difference(around(ops.Activation(function))) < 1e-6
