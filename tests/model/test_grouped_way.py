"""Which way a grouped convolution takes follows from what the machine can, which the tests say and do not ask it."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from archspec.model import grouped


@pytest.fixture
def maps() -> tf.Tensor:
    """(2, 9, 11, 8) numbers of both signs."""
    return tf.constant(np.random.default_rng(1).normal(size=(2, 9, 11, 8)), tf.float32)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "float64"])
def test_a_type_trains_natively_where_its_gradient_can_be_taken(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(filter: tf.Tensor, **_: object) -> None:
        raise tf.errors.UnimplementedError(None, None, f"no grouped gradient of {filter.dtype.name}")
    monkeypatch.setattr(tf.raw_ops, "Conv2DBackpropInput", refuse)
    assert not grouped.trains_natively.__wrapped__(dtype)
    monkeypatch.setattr(tf.raw_ops, "Conv2DBackpropInput", lambda filter, **_: asked.append(filter.dtype.name))
    assert grouped.trains_natively.__wrapped__(dtype)
    assert asked == [dtype]


@pytest.mark.parametrize(("dtype", "native", "taken"), [
    ("float32", True, ["float32"]), ("float16", True, ["float16"]), ("float16", False, ["float32"]), ("float64", False, [])])
def test_the_way_follows(dtype: str, native: bool, taken: list[str], maps: tf.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    found, convolution = [], tf.nn.convolution
    monkeypatch.setattr(grouped, "trains_natively", lambda name: native or name == "float32")
    monkeypatch.setattr(tf.nn, "convolution", lambda x, *rest, **more: found.append(x.dtype.name) or convolution(x, *rest, **more))
    monkeypatch.setattr(grouped.ops, "conv", lambda x, kernel, *_: x)
    kernel = tf.ones((3, 3, 2, 8), dtype)
    assert grouped.convolve(tf.cast(maps, dtype), kernel, (1, 1), "same", (1, 1)).dtype == dtype
    assert found == taken


def test_a_training_step_compiles_nothing_with_xla(maps: tf.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Keras does with each grouped convolution, which is what makes it slow: tools/bench_models.py says by how much."""
    monkeypatch.setattr(grouped, "trains_natively", lambda _: True)
    assert [_compiles(kind, maps) for kind in (grouped.Conv2D, keras.layers.Conv2D)] == [False, True]


def _compiles(kind: type[keras.layers.Layer], maps: tf.Tensor) -> bool:
    layer = kind(12, (3, 3), groups=4, padding="same")
    layer(maps)

    @tf.function
    def step(x: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x))
        return tape.gradient(loss, [x, layer.kernel.value])
    functions = step.get_concrete_function(maps).graph.as_graph_def().library.function
    return any("_XlaMustCompile" in function.attr for function in functions)
