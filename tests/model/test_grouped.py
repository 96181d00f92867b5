"""The fast grouped convolution against keras.layers.Conv2D: it may differ in speed and in nothing else."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from graphs import Chain

from archspec.graph import ops
from archspec.graph.ir import Graph
from archspec.model import grouped
from archspec.model.emit import build

SETTINGS: dict[str, dict[str, object]] = {
    "plain": {"padding": "same"},
    "valid": {"padding": "valid", "use_bias": False},
    "strided": {"padding": "same", "strides": (2, 2)},
    "uneven": {"padding": "valid", "strides": (1, 2), "activation": "relu"},
    "dilated": {"padding": "same", "dilation_rate": (2, 1)},
    "dilated_valid": {"padding": "valid", "dilation_rate": (2, 2)},
}


@pytest.fixture
def maps() -> tf.Tensor:
    """(2, 9, 11, 8) numbers of both signs."""
    return drawn()


def drawn() -> tf.Tensor:
    return tf.constant(np.random.default_rng(1).normal(size=(2, 9, 11, 8)), tf.float32)


@pytest.fixture
def network(chain: Chain) -> Graph:
    """Grouped convolutions with each padding, with stride and with dilation, then logits."""
    return chain(ops.Conv(8, (3, 3), groups=4), ops.Conv(16, (3, 3), (2, 2), (1, 1, 1, 1), groups=8),
                 ops.Conv(8, (3, 3), dilation=(2, 2), groups=2, bias=True), ops.GlobalPool("avg"), ops.Dense(3),
                 shape=(12, 12, 4))


@pytest.fixture
def batch() -> np.ndarray:
    """(2, 12, 12, 4)."""
    return np.random.default_rng(2).normal(size=(2, 12, 12, 4)).astype("float32")


def twins(settings: dict[str, object], x: tf.Tensor) -> tuple[keras.layers.Layer, keras.layers.Layer]:
    """Ours and Keras's own, with the same weights."""
    ours, stock = (kind(12, (3, 3), groups=4, name="conv", **settings) for kind in (grouped.Conv2D, keras.layers.Conv2D))
    ours.build(x.shape), stock.build(x.shape)  # a call would compile each with XLA where nothing trains natively
    ours.set_weights([np.random.default_rng(3).normal(size=w.shape) for w in stock.weights])
    stock.set_weights(ours.get_weights())
    return ours, stock


def step(layer: keras.layers.Layer, x: tf.Tensor) -> list[tf.Tensor]:
    """The result, and the gradients of the input and of each weight."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
        loss = tf.reduce_sum(tf.square(tf.cast(y, tf.float32)))
    return [y, *tape.gradient(loss, [x, *(w.value for w in layer.trainable_weights)])]


@cache
def stock_step(settings: str) -> list[tf.Tensor]:
    """What Keras's own gives for the maps, once: it is compiled at each call."""
    _, stock = twins(SETTINGS[settings], drawn())
    return step(stock, drawn())


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("compiled", [None, False, True], ids=["eager", "graph", "xla"])
def test_results_and_gradients_are_keras_own(settings: str, compiled: bool | None, maps: tf.Tensor) -> None:
    ours, _ = twins(SETTINGS[settings], maps)
    run = step if compiled is None else tf.function(step, jit_compile=compiled)
    for mine, theirs in zip(run(ours, maps), stock_step(settings), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "xla"])
def test_half_precision_trains_as_keras_own(dtype: str, compiled: bool, maps: tf.Tensor) -> None:
    ours, stock = twins({"padding": "same", "dtype": f"mixed_{dtype}"}, maps)
    mine, theirs = (tf.function(step, jit_compile=compiled)(layer, maps) for layer in (ours, stock))
    assert mine[0].dtype == theirs[0].dtype == dtype
    for a, b in zip(mine, theirs, strict=True):
        largest = float(tf.reduce_max(tf.abs(tf.cast(b, tf.float32))))
        np.testing.assert_allclose(tf.cast(a, tf.float32), tf.cast(b, tf.float32), atol=0.02 * largest)


def test_weights_names_and_configuration_are_keras_own(maps: tf.Tensor) -> None:
    ours, stock = twins({"padding": "same", "dilation_rate": (2, 2)}, maps)
    assert [(w.path, w.shape) for w in ours.weights] == [(w.path, w.shape) for w in stock.weights]
    assert ours.get_config() == stock.get_config()
    assert ours.compute_output_shape((None, None, 7, 8)) == stock.compute_output_shape((None, None, 7, 8))


def test_it_is_what_grouped_convolutions_are_built_of(network: Graph) -> None:
    kinds = {node.name: type(build(network).get_layer(node.name)) for node in network.nodes[1:4]}
    assert set(kinds.values()) == {grouped.Conv2D}


def test_groups_with_stride_and_dilation_are_native_too(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouped, "trains_natively", lambda dtype: True)
    monkeypatch.setattr(grouped.ops, "conv", None)
    model = build(chain(ops.Conv(8, (3, 3), (2, 2), "same", (2, 2), groups=4), shape=(9, 9, 8)))
    assert model(np.ones((1, 9, 9, 8), "float32")).shape == (1, 5, 5, 8)


def test_other_backends_go_keras_way(maps: tf.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = tf.ones((3, 3, 2, 8))
    expected = keras.ops.conv(maps, kernel, (2, 1), "same")
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setattr(grouped, "tf", None)
    np.testing.assert_array_equal(grouped.convolve(maps, kernel, (2, 1), "same", (1, 1)), expected)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "float64"])
def test_what_is_said_of_this_machine_is_true(dtype: str) -> None:
    x, kernel = tf.ones((1, 5, 5, 4), dtype), tf.ones((3, 3, 2, 4), dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.nn.convolution(x, kernel, 1, "SAME")
    if grouped.trains_natively(dtype):
        assert np.isfinite(tf.cast(tape.gradient(y, x), tf.float32)).all()
    else:
        with pytest.raises(tf.errors.OpError):
            tape.gradient(y, x)


@pytest.mark.parametrize("dtype", ["float32", "float64", "mixed_float16"])
def test_where_nothing_trains_natively_keras_way_is_gone(dtype: str, maps: tf.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    native = grouped.trains_natively("float32")  # not without oneDNN, whatever the CPU
    monkeypatch.setattr(grouped, "trains_natively", lambda name: native and name == "float32" and dtype == "mixed_float16")
    ours, stock = twins({"padding": "same", "dtype": dtype}, maps)
    for mine, theirs in zip(tf.function(step)(ours, maps), step(stock, maps), strict=True):
        tolerance = 1e-4 if dtype != "mixed_float16" else 0.02 * float(tf.reduce_max(tf.abs(tf.cast(theirs, tf.float32))))
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=tolerance)


def test_a_weight_file_of_one_loads_into_the_other(maps: tf.Tensor, tmp_path: Path) -> None:
    models = [keras.Sequential([keras.Input(maps.shape[1:]), kind(8, (3, 3), groups=4, name="conv")])
              for kind in (grouped.Conv2D, keras.layers.Conv2D)]
    for saved, other in (models, models[::-1]):
        saved.layers[0].kernel.assign(np.random.default_rng().normal(size=saved.layers[0].kernel.shape))
        saved.save_weights(tmp_path / "it.weights.h5")
        other.load_weights(tmp_path / "it.weights.h5")
        np.testing.assert_allclose(saved(maps), other(maps), atol=1e-5)


def test_a_saved_one_is_keras_own(network: Graph, batch: np.ndarray, tmp_path: Path) -> None:
    model = build(network)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert type(again.get_layer("conv1")) is keras.layers.Conv2D
    np.testing.assert_allclose(again(batch), model(batch), atol=1e-5)


def test_fit_trains_it(network: Graph, batch: np.ndarray) -> None:
    model = build(network)
    before = model.get_layer("conv1").kernel.numpy()
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(batch, np.array([0, 1]), epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]
    assert np.any(model.get_layer("conv1").kernel != before)


def test_exports_are_equal_and_one_operation_a_convolution(network: Graph, batch: np.ndarray, tmp_path: Path) -> None:
    model = build(network)
    model.export(tmp_path / "saved", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "saved"))
    np.testing.assert_allclose(served.serve(batch), model(batch), atol=1e-5)
    interpreter = Interpreter(model_content=tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved")).convert())
    [name] = interpreter.get_signature_runner().get_input_details()
    [logits] = interpreter.get_signature_runner()(**{name: batch}).values()
    np.testing.assert_allclose(logits, model(batch), atol=1e-5)
    kinds = [found["op_name"] for found in interpreter._get_ops_details()]
    assert kinds.count("CONV_2D") == 3
    assert "SPLIT" not in kinds
