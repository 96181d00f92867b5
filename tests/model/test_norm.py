"""The fused batch normalisation against keras.layers.BatchNormalization: it may differ in speed and in nothing else."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from graphs import Chain

from archspec.graph import ops
from archspec.graph.ir import Graph
from archspec.model import norm
from archspec.model.audit import audit
from archspec.model.emit import build

Layer = keras.layers.Layer
SHAPES = {"batch": (4, 9, 7, 6), "one_image": (1, 5, 7, 6), "few_values": (1, 2, 2, 6), "one_value": (1, 1, 1, 6)}
ULP = {"float32": 1e-6, "mixed_bfloat16": 2**-8, "mixed_float16": 2**-11}
"""How far the largest values of two equal results may be apart: half of them are rounded to the last bit of their type."""


def twins(shape: tuple[int, ...], **settings: object) -> tuple[Layer, Layer]:
    """Ours and Keras's own, with the same weights."""
    both = norm.BatchNormalization(name="bn", **settings), keras.layers.BatchNormalization(name="bn", **settings)
    draw = np.random.default_rng(3)
    weights = None
    for layer in both:
        layer.build(shape)
        weights = weights or [draw.uniform(0.5, 2, weight.shape) for weight in layer.weights]
        layer.set_weights(weights)
    return both


def maps(shape: tuple[int, ...], dtype: str = "float32") -> tf.Tensor:
    """Numbers about 2, with a deviation of 3."""
    return tf.cast(np.random.default_rng(1).normal(2, 3, shape), dtype)


def step(layer: Layer, x: tf.Tensor, training: bool = True) -> list[tf.Tensor]:
    """The result, the gradients of the input and of each weight that learns, and the moving statistics after it."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=training)
        loss = tf.reduce_sum(tf.cast(y, tf.float32) * tf.constant(np.random.default_rng(2).normal(size=x.shape), tf.float32))
    found = tape.gradient(loss, [x, *(w.value for w in layer.trainable_weights)])
    return [y, *found, layer.moving_mean.value, layer.moving_variance.value]


def check_equal(ours: Layer, stock: Layer, x: tf.Tensor, training: bool = True, tolerance: float = 1e-6) -> None:
    """Two steps of each, the second from the statistics that the first left."""
    runs = [tf.function(lambda x, layer=layer: step(layer, x, training)) for layer in (ours, stock)]
    for _ in range(2):
        for mine, theirs in zip(*(run(x) for run in runs), strict=True):
            assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape)
            a, b = (np.asarray(tf.cast(each, tf.float32)) for each in (mine, theirs))
            limit = (tolerance if mine.dtype == x.dtype else 1e-6) * max(1, np.abs(b).max(initial=0))
            np.testing.assert_allclose(a, b, rtol=0, atol=limit)


@pytest.mark.parametrize("dtype", ULP)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_results_gradients_and_statistics_are_keras_own(shape: tuple[int, ...], dtype: str) -> None:
    ours, stock = twins(shape, dtype=dtype, momentum=0.9)
    check_equal(ours, stock, maps(shape, ours.compute_dtype), tolerance=ULP[dtype])


@pytest.mark.parametrize("settings", [{"scale": False}, {"center": False}, {"epsilon": 0.1}, {"axis": 3}, {"momentum": 0.5}])
def test_each_setting_acts_as_in_keras(settings: dict[str, object]) -> None:
    check_equal(*twins(SHAPES["batch"], **settings), maps(SHAPES["batch"]))


@pytest.mark.parametrize(("trainable", "training"), [(False, True), (True, False), (False, False)])
def test_frozen_and_at_rest(trainable: bool, training: bool) -> None:
    pair = twins(SHAPES["batch"])
    for layer in pair:
        layer.trainable = trainable
    check_equal(*pair, maps(SHAPES["batch"]), training)


def fused(layer: Layer, x: tf.Tensor, **call: object) -> bool:
    """Whether a training call of the layer is one operation."""
    graph = tf.function(lambda: layer(x, training=True, **call)).get_concrete_function().graph
    return any(operation.type == "FusedBatchNormV3" for operation in graph.get_operations())


@pytest.mark.parametrize(("settings", "shape", "dtype"), [
    ({"synchronized": True}, (4, 3, 3, 2), "float32"), ({"axis": 1}, (4, 2, 3, 3), "float32"), ({}, (4, 2), "float32"),
    ({}, (4, 1, 1, 2), "float32"), ({"dtype": "float64"}, (4, 3, 3, 2), "float64"), ({"renorm": True}, (4, 3, 3, 2), "float32")])
def test_what_the_operation_does_not_mean_is_left_to_keras(settings: dict[str, object], shape: tuple[int, ...],
                                                           dtype: str) -> None:
    ours, stock = twins(shape, **settings)
    x = maps(shape, dtype)
    assert not fused(ours, x)
    np.testing.assert_array_equal(ours(x, training=True), stock(x, training=True))


def test_a_mask_is_left_to_keras() -> None:
    ours, _ = twins((4, 3, 3, 2))
    assert fused(ours, maps((4, 3, 3, 2)))
    assert not fused(ours, maps((4, 3, 3, 2)), mask=tf.ones((4, 3, 3), tf.bool))


def test_other_backends_go_keras_way(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, stock = twins((4, 3, 3, 2))
    expected = stock(maps((4, 3, 3, 2)), training=True)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setattr(norm, "tf", None)
    np.testing.assert_array_equal(ours(maps((4, 3, 3, 2)), training=True), expected)


@pytest.mark.parametrize("dtype", ULP)
@pytest.mark.parametrize("shape", [(4, 9, 7, 6), (4, 1, 1, 6), (4, 6)], ids=str)
def test_of_a_batch_that_is_filled_up_those_that_are_there_are_a_batch_of_their_own(shape: tuple[int, ...], dtype: str) -> None:
    """Results and gradients of these, and moving statistics, are Keras's of the smaller batch; the rest is finite."""
    ours, stock = twins(shape, dtype=dtype, momentum=0.9)
    x, there = maps(shape, ours.compute_dtype), tf.constant([1.0, 1.0, 0.0, 1.0])
    chosen, weights = tf.gather(x, [0, 1, 3]), tf.cast(np.random.default_rng(2).normal(size=shape), tf.float32)

    def run(layer: Layer, x: tf.Tensor, weights: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
            loss = tf.reduce_sum(tf.cast(y, tf.float32) * weights)
        return [y, *tape.gradient(loss, [x, layer.gamma.value, layer.beta.value]), layer.moving_mean.value, layer.moving_variance.value]

    with norm.only(there):
        found = tf.function(run)(ours, x, weights * tf.reshape(there, (-1, *[1] * (len(shape) - 1))))
    assert bool(tf.reduce_all(tf.math.is_finite(tf.cast(found[0], tf.float32))))
    assert not np.any(np.asarray(found[1][2], np.float32))
    found[:2] = [tf.gather(each, [0, 1, 3]) for each in found[:2]]
    for mine, theirs in zip(found, run(stock, chosen, tf.gather(weights, [0, 1, 3])), strict=True):
        a, b = (np.asarray(each, np.float32) for each in (mine, theirs))
        np.testing.assert_allclose(a, b, rtol=0, atol=max(ULP[dtype], 4e-6) * max(1, np.abs(b).max()))


def test_where_no_image_is_there_the_moving_statistics_stand_and_stay() -> None:
    ours, stock = twins((4, 3, 3, 2))
    x, before = maps((4, 3, 3, 2)), [weight.numpy() for weight in ours.weights]
    with norm.only(tf.zeros(4)):
        found = ours(x, training=True)
    np.testing.assert_allclose(found, stock(x, training=False), atol=1e-6)
    assert all(np.array_equal(old, weight.numpy()) for old, weight in zip(before, ours.weights, strict=True))
    assert fused(ours, x)


def test_for_xla_there_is_keras_way_too() -> None:
    ours, stock = twins((4, 3, 3, 2))
    with norm.by_keras([ours, stock]):
        assert not fused(ours, maps((4, 3, 3, 2)))
    assert fused(ours, maps((4, 3, 3, 2)))
    assert not ours.supports_jit


def test_weights_names_and_configuration_are_keras_own() -> None:
    ours, stock = twins((4, 3, 3, 2))
    assert [(w.path, w.shape, w.trainable) for w in ours.weights] == [(w.path, w.shape, w.trainable) for w in stock.weights]
    assert ours.get_config() == stock.get_config()


@pytest.fixture
def network(chain: Chain) -> Graph:
    """A convolution with its norm, another without scale, then logits."""
    return chain(ops.Conv(8, (3, 3)), ops.BatchNorm(), ops.Activation("relu"), ops.Conv(8, (3, 3)),
                 ops.BatchNorm(scale=False), ops.GlobalPool("avg"), ops.Dense(3), shape=(12, 12, 4))


def test_it_is_what_networks_are_built_of_and_the_audit_knows_it(network: Graph) -> None:
    model = build(network)
    assert {type(layer) for layer in model.layers if "norm" in layer.name} == {norm.BatchNormalization}
    assert audit(network, model) == ()


def test_fit_trains_it_without_xla(network: Graph) -> None:
    model, x = build(network), np.random.default_rng(2).normal(size=(4, 12, 12, 4)).astype("float32")
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(x, np.arange(4) % 3, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]
    assert not model.jit_compile
