"""The layers of our own that learn: their numbers from the papers' formulas, half precision, gradients, files, exports."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from graphs import Net, in_a_row

from archspec.graph import learned, ops
from archspec.graph.ir import Graph
from archspec.graph.passes import Network, for_inference
from archspec.model.audit import differences
from archspec.model.emit import build
from archspec.model.learned import DropPaths, GlobalResponseNormalization
from archspec.model.operations import ON_DEVICES, compute
from archspec.model.values import assign, values
from archspec.weights import keras_file

SHAPE = (4, 5, 6)


def everything(size: tuple[int | None, int | None] = (4, 5)) -> Graph:
    """A network of all of them."""
    net = Net("net")
    image = net.put(ops.Input((*size, 6)))
    one = net.put(learned.Attention(2, 3, dropout=0.1), image)
    two = net.put(ops.Scale(0.5, True), net.put(learned.GlobalResponseNorm(), image))
    weighted = net.put(learned.Weighted(), image, one, two)
    dropped = net.put(ops.Merge("average", 0.3), image, weighted)
    by = net.put(ops.Conv(12), net.put(ops.GlobalPool("avg", keepdims=True), dropped))
    rows = net.put(learned.Rows(), net.put(learned.Select(), one, dropped, by), image)
    up = net.put(learned.ConvTranspose(4, (3, 2), (2, 2), bias=True), rows)
    attended = net.put(learned.Attend(2), *[net.put(ops.BatchNorm(), up)] * 3)
    return net.done(net.put(ops.Dense(3), net.put(ops.GlobalPool("avg"), attended)))


def drawn(graph: Graph) -> dict[tuple[str, str], np.ndarray]:
    draw = np.random.default_rng(0)
    return {(node.name, weight.name): np.abs(draw.normal(0.5, 0.3, weight.shape)).astype(np.float32)
            for node in graph.nodes for weight in node.weights}


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(2, *SHAPE)).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    graph = everything()
    found = build(graph)
    assign(found, drawn(graph))
    return found


def result(name: str, model: keras.Model, pixels: np.ndarray) -> np.ndarray:
    return np.asarray(keras.Model(model.input, model.get_layer(name).output)(pixels, training=False))


def test_numbers_are_those_of_the_formulas(model: keras.Model, pixels: np.ndarray) -> None:
    weights, x = drawn(everything()), pixels.astype(np.float64)
    one, scaled, weighted, dropped, select, rows = (result(name, model, pixels) for name in (
        "attention1", "scale3", "weighted4", "merge5", "select8", "rows9"))
    np.testing.assert_allclose(one, attention({key: array for (node, key), array in weights.items() if node == "attention1"}, x),
                               rtol=1e-5, atol=1e-5)
    gamma, beta, factor = (weights[key] for key in (("global_response_norm2", "gamma"), ("global_response_norm2", "beta"),
                                                    ("scale3", "factor")))
    norms = np.sqrt((x ** 2).sum((1, 2), keepdims=True))
    grown = x + gamma * x * norms / (norms.mean(-1, keepdims=True) + 1e-6) + beta
    np.testing.assert_allclose(scaled, factor * grown, rtol=1e-5, atol=1e-6)
    share = weights["weighted4", "weight"] / (weights["weighted4", "weight"].sum() + 1e-4)
    np.testing.assert_allclose(weighted, share[0] * x + share[1] * one + share[2] * scaled, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(dropped, (x + weighted) / 2, rtol=1e-4, atol=1e-5)
    scores = np.exp(result("conv7", model, pixels).reshape(2, 2, 6))
    softmax = (scores / scores.sum(1, keepdims=True))[:, :, None, None]
    np.testing.assert_allclose(select, softmax[:, 0] * one + softmax[:, 1] * dropped, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(rows, np.concatenate([select, pixels], axis=1))


def attention(weights: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """Vaswani et al. 2017, section 3.2, position by position."""
    flat = x.reshape(len(x), -1, x.shape[-1])
    query, key, value = (np.einsum("bpc,chk->bhpk", flat, weights[f"{part}_kernel"]) + weights[f"{part}_bias"][:, None]
                         for part in ("query", "key", "value"))
    scores = np.exp(query @ key.swapaxes(2, 3) / np.sqrt(3))
    heads = scores / scores.sum(-1, keepdims=True) @ value
    out = np.einsum("bhpk,hkc->bpc", heads, weights["attention_output_kernel"]) + weights["attention_output_bias"]
    return out.reshape(x.shape)


def test_each_place_takes_of_the_values_what_its_query_finds() -> None:
    """Fewer keys than queries, and values of another width (1706.03762, equation 1, head by head)."""
    net = Net("net")
    query = net.put(ops.Input(SHAPE))
    key = net.put(ops.Pool("max", (2, 2), (2, 2)), query)
    value = net.put(ops.SliceChannels(1, 4), key)
    graph = net.done(net.put(learned.Attend(2), query, key, value))
    x = np.random.default_rng(1).normal(size=(3, *SHAPE)).astype(np.float32)
    made = compute(graph, {}, x, [node.name for node in graph.nodes])
    q, k, v = (np.asarray(made[taken.name], np.float64).reshape(3, -1, 2, taken.type.channels // 2)
               for taken in graph.nodes[-1].inputs)
    found = []
    for head in range(2):
        scores = np.exp(q[:, :, head] @ k[:, :, head].swapaxes(1, 2) / np.sqrt(3))
        found.append(scores / scores.sum(-1, keepdims=True) @ v[:, :, head])
    wanted = np.stack(found, axis=2).reshape(3, 4, 5, 4)
    np.testing.assert_allclose(made[graph.output.name], wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(build(graph)(x), wanted, rtol=1e-5, atol=1e-6)
    assert graph.nodes[-1].macs == 4 * 5 * (2 * 3) * (6 + 4)
    assert differences(graph) == ()


def test_the_way_back_of_a_convolution(model: keras.Model, pixels: np.ndarray) -> None:
    """Its products with any maps are those of the convolution that leads back."""
    rows, up = result("rows9", model, pixels), result("conv_transpose10", model, pixels)
    weights = drawn(everything())
    back = np.random.default_rng(2).normal(size=up.shape).astype(np.float32)
    down = tf.nn.conv2d(back, weights["conv_transpose10", "kernel"], 2, "SAME")
    assert up.shape == (2, 16, 10, 4)
    assert np.sum((up - weights["conv_transpose10", "bias"]) * back) == pytest.approx(np.sum(rows * down), rel=1e-4)


def test_a_path_at_least_stays_and_the_mean_is_of_those_that_do() -> None:
    layer = DropPaths(0.6, seed=3)
    found = np.asarray(layer([np.full((4000, 1), float(number), np.float32) for number in (1, 10)], training=True))[:, 0]
    kinds, counts = np.unique(found, return_counts=True)
    assert kinds.tolist() == [1.0, 5.5, 10.0]
    assert counts / 4000 == pytest.approx([0.42, 0.16, 0.42], abs=0.03)  # both stay at 0.4², else either is as likely


def test_a_norm_of_nothing_has_no_gradient() -> None:
    layer, x = GlobalResponseNormalization(1e-6, "ones", "zeros"), tf.zeros((1, 3, 3, 2))
    with tf.GradientTape() as tape:
        tape.watch(x)
        out = tf.reduce_sum(layer(x) * 2)
    assert np.asarray(tape.gradient(out, x)).tolist() == np.full((1, 3, 3, 2), 2.0).tolist()


@pytest.mark.parametrize(("chain", "dtype"), [
    ((ops.Scale(300.0), learned.GlobalResponseNorm()), "mixed_float16"),  # the squares would be infinite
    ((learned.Attention(1, 6),), "mixed_bfloat16")])
def test_statistics_and_softmax_are_exact_in_half_precision(chain: tuple[ops.Op, ...], dtype: str) -> None:
    graph = in_a_row(*chain, ops.GlobalPool("avg"), shape=SHAPE)
    half, full = build(graph, dtype=dtype), build(graph)
    weights = {key: array + np.float32(0.5) for key, array in values(full).items()}
    assign(half, weights)
    assign(full, weights)
    x = np.random.default_rng(1).normal(size=(2, *SHAPE)).astype(np.float32)
    found, wanted = np.asarray(half(x)), np.asarray(full(x))
    assert np.abs(found - wanted).max() < 0.02 * np.abs(wanted).max()


def test_the_plain_model_trains(model: keras.Model, pixels: np.ndarray) -> None:
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(pixels, training=True) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    assign(model, drawn(everything()))  # moving statistics have moved
    assert all(np.isfinite(np.asarray(each)).all() for each in gradients)


def test_a_file_comes_back_with_keras_own_attention(model: keras.Model, pixels: np.ndarray, tmp_path: Path) -> None:
    model.save(tmp_path / "net.keras")
    back = keras.models.load_model(tmp_path / "net.keras")
    assert type(back.get_layer("attention1")) is keras.layers.MultiHeadAttention
    np.testing.assert_allclose(back(pixels), model(pixels), rtol=1e-5, atol=1e-5)
    found = {**values(back)}
    with keras_file.archive(tmp_path / "net.keras") as file:
        ours = {name: stored.read() for name, stored in file.tensors.items() if name.startswith("attention1")}
    assert set(ours) == {f"{layer}/{array}" for layer, array in found if layer == "attention1"}
    assert all(np.array_equal(array, found["attention1", name.partition("/")[2]]) for name, array in ours.items())
    with keras_file.by_layer(tmp_path / "net.keras") as held:
        assert [stored.shape for stored in held["attention1"]] == [tuple(w.shape) for w in model.get_layer("attention1").weights]


def test_an_old_file_of_weights_is_read_too(model: keras.Model, tmp_path: Path) -> None:
    model.save(tmp_path / "net.h5")
    with keras_file.hdf5(tmp_path / "net.h5") as file:
        assert {name for name in file.tensors if name.startswith("attention1")} == {
            f"attention1/{array}" for layer, array in values(model) if layer == "attention1"}


def test_tflite_has_all_of_it_built_in(model: keras.Model, pixels: np.ndarray) -> None:
    graph = everything()
    made = for_inference(Network(graph, drawn(graph)))
    assert not any(isinstance(node.op, ops.BatchNorm) for node in made.graph.nodes)  # folded into the way back
    arrays = {key: tf.constant(array) for key, array in made.weights.items()}

    @tf.function(input_signature=[tf.TensorSpec((2, *SHAPE))])
    def run(images: tf.Tensor) -> tf.Tensor:
        return compute(made.graph, arrays, images, [made.graph.output.name], ON_DEVICES)[made.graph.output.name]
    converter = tf.lite.TFLiteConverter.from_concrete_functions([run.get_concrete_function()])
    interpreter = Interpreter(model_content=converter.convert())
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(found, model(pixels, training=False), rtol=1e-4, atol=1e-4)
