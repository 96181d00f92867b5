"""Upsampling to the size of another map, beside NumPy: the Keras layer, TensorFlow's operations, TFLite and a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from graphs import Net

from archspec.errors import InputError
from archspec.graph import axes, ops
from archspec.graph.ir import Graph
from archspec.graph.passes import dilated
from archspec.model.audit import differences
from archspec.model.emit import build
from archspec.model.operations import compute

Method = Literal["nearest", "bilinear"]


def reference(x: np.ndarray, sides: tuple[int, int], method: Method) -> np.ndarray:
    """Of half-pixel centres, along one axis of (batch, height, width, channels) after the other."""
    for axis, wanted in enumerate(sides, 1):
        side = x.shape[axis]
        if method == "nearest":
            places = np.array([min(side - 1, (2 * place + 1) * side // (2 * wanted)) for place in range(wanted)])
            x = np.take(x, places, axis)
            continue
        centres = (np.arange(wanted) + 0.5) * side / wanted - 0.5
        low = np.floor(centres).astype(int)
        share = (centres - low).reshape([-1 if each == axis else 1 for each in range(4)])
        first, second = (np.take(x, np.clip(low + step, 0, side - 1), axis) for step in (0, 1))
        x = first * (1 - share) + second * share
    return x


def graph(method: Method, *, is_open: bool) -> Graph:
    """Maps pooled by 3x3, 2x2 and 4x4, enlarged again and added."""
    net = Net("net")
    image = net.put(ops.Input((None, None, 2) if is_open else (12, 12, 2)))
    maps = [net.put(axes.Resize(method), net.put(ops.Pool("avg", (step, step), (step, step)), image), image) for step in (3, 2, 4)]
    half = net.put(ops.Pool("avg", (2, 2), (2, 2)), image)
    third = net.put(ops.Pool("avg", (3, 3), (3, 3)), image)
    odd = net.put(axes.Resize(method), net.put(axes.Resize(method), third, half), image)
    return net.done(net.put(ops.Merge("add"), *maps, odd))


def wanted(images: np.ndarray, method: Method) -> np.ndarray:
    pooled = {step: images.reshape(2, 12 // step, step, 12 // step, step, 2).mean((2, 4)) for step in (2, 3, 4)}
    odd = reference(reference(pooled[3], (6, 6), method), (12, 12), method)
    return sum((reference(pooled[step], (12, 12), method) for step in (2, 3, 4)), odd)


@pytest.mark.parametrize("method", ["nearest", "bilinear"])
def test_every_way_gives_what_numpy_gives(method: Method, tmp_path: Path) -> None:
    images = np.random.default_rng(0).normal(size=(2, 12, 12, 2)).astype(np.float32)
    known, open_ = graph(method, is_open=False), graph(method, is_open=True)
    for each in (known, open_):
        assert differences(each) == ()
        model = build(each)
        assert np.abs(np.asarray(model(images)) - wanted(images, method)).max() < 1e-5
        found = compute(each, {}, tf.constant(images), [each.output.name])[each.output.name]
        assert np.abs(found.numpy() - wanted(images, method)).max() < 1e-5
    model.save(tmp_path / "model.keras")
    assert np.array_equal(keras.models.load_model(tmp_path / "model.keras")(images), model(images))
    assert np.abs(on_device(known, images[:1]) - wanted(images, method)[:1]).max() < 1e-5


def on_device(network: Graph, images: np.ndarray) -> np.ndarray:
    """What TFLite gives, by operations that it has built in."""
    @tf.function(input_signature=[tf.TensorSpec((1, 12, 12, 2))])
    def run(x: tf.Tensor) -> tf.Tensor:
        return compute(network, {}, x, [network.output.name])[network.output.name]
    content = tf.lite.TFLiteConverter.from_concrete_functions([run.get_concrete_function()], run).convert()
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], images)
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))


def test_half_precision_stays() -> None:
    layer = build(graph("bilinear", is_open=True), dtype="mixed_bfloat16").get_layer("resize2")
    assert layer.output.dtype == "bfloat16"


def test_a_network_that_enlarges_what_its_stride_made_small_has_no_dilated_form() -> None:
    with pytest.raises(InputError, match=r"enlarges a map that the stride has not made small|joins maps"):
        dilated(graph("nearest", is_open=False), 1)
