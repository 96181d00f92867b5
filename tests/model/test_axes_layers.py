"""Operations on axes as Keras layers: beside NumPy, saved, in half precision, and as TFLite has them built in."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from graphs import Net, in_a_row

from archspec.graph import axes as on_axes
from archspec.graph import ops
from archspec.graph.ir import Graph
from archspec.model import axes, operations
from archspec.model.emit import build
from archspec.model.values import assign, values

SIDES = [(7, 9), (None, None)]
LAYERS = {
    axes.Padding2D: {"padding": (1, -1, 0, 2), "mode": "reflect"}, axes.ReduceChannels: {"how": "max"},
    axes.BlurPooling2D: {"pool_size": (3, 2), "strides": (2, 1)}, axes.Coordinates: {},
    axes.Position: {"position_initializer": keras.initializers.serialize(keras.initializers.RandomNormal(0.0, 0.02))},
}


def blurred(x: np.ndarray, kernel: tuple[int, int], stride: tuple[int, int]) -> np.ndarray:
    """Axis by axis: weights of Pascal's triangle over a map that np.pad reflects."""
    for axis, (side, step) in enumerate(zip(kernel, stride, strict=True), 1):
        row = np.array([1.0])
        for _ in range(side - 1):
            row = np.convolve(row, [0.5, 0.5])
        around = [(0, 0)] * 4
        around[axis] = ((side - 1) // 2, side // 2)
        padded = np.pad(x, around, "reflect")
        size = x.shape[axis]
        x = sum(weight * np.take(padded, range(place, place + size), axis) for place, weight in enumerate(row))
        x = np.take(x, range(0, size, step), axis)
    return x


def located(x: np.ndarray) -> np.ndarray:
    batch, height, width, _ = x.shape
    rows, columns = np.meshgrid(*(np.linspace(-1, 1, side) if side > 1 else np.zeros(1) for side in (height, width)), indexing="ij")
    return np.concatenate([x, np.broadcast_to(np.stack([rows, columns], -1), (batch, height, width, 2))], -1)


def run(op: ops.Op, images: np.ndarray, size: tuple[int | None, int | None] = (7, 9)) -> np.ndarray:
    return np.asarray(build(in_a_row(op, shape=(*size, 6)))(images))


def expected(images: np.ndarray) -> dict[ops.Op, np.ndarray]:
    """Of operations that need no known size."""
    reflected = np.pad(images, [(0, 0), (2, 1), (0, 3), (0, 0)], "reflect")
    return {
        ops.Pad((2, 1, 0, 3), "reflect"): reflected, ops.Pad((2, 1, -2, 3), "reflect"): reflected[:, :, 2:],
        ops.Pad((-1, 0, -3, -2)): images[:, 1:, 3:-2], ops.Pad((0, -1, 2, 0)): np.pad(images, [(0, 0), (0, 0), (2, 0), (0, 0)])[:, :-1],
        on_axes.Permute("whc"): images.transpose(0, 2, 1, 3), on_axes.Reduce("mean"): images.mean(-1, keepdims=True),
        on_axes.Reduce("max"): images.max(-1, keepdims=True), on_axes.Coordinates(): located(images),
        on_axes.BlurPool((3, 3), (2, 2)): blurred(images, (3, 3), (2, 2)),
        on_axes.BlurPool((4, 5), (1, 3)): blurred(images, (4, 5), (1, 3)),
    }


@pytest.mark.parametrize("size", SIDES, ids=["7x9", "open"])
def test_each_is_what_numpy_makes(size: tuple[int | None, int | None], images: np.ndarray) -> None:
    for op, result in expected(images).items():
        np.testing.assert_allclose(run(op, images, size), result, rtol=1e-5, atol=1e-6, err_msg=str(op))


def test_those_of_a_known_size(images: np.ndarray) -> None:
    np.testing.assert_array_equal(run(on_axes.Reshape((3, -1, 2)), images), images.reshape(2, 3, 63, 2))
    np.testing.assert_array_equal(run(on_axes.Permute("cwh"), images), images.transpose(0, 3, 2, 1))
    np.testing.assert_array_equal(run(on_axes.Permute("chw"), images), images.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("size", [(1, 5), (None, None)], ids=["1x5", "open"])
def test_the_coordinate_of_one_row_is_0(size: tuple[int | None, int | None]) -> None:
    found = run(on_axes.Coordinates(), np.ones((1, 1, 5, 6), "float32"), size)
    np.testing.assert_array_equal(found[0, 0, :, 6:], [[0, -1], [0, -0.5], [0, 0], [0, 0.5], [0, 1]])


def test_position_is_added_and_starts_small(images: np.ndarray) -> None:
    model = build(in_a_row(on_axes.Position(), shape=(7, 9, 6)))
    (key, start), = values(model).items()
    assert (key[1], start.shape) == ("position", (7, 9, 6))
    assert abs(start.std() - 0.02) < 0.003
    np.testing.assert_allclose(model(images), images + start, rtol=1e-6)


def test_a_gate_of_places_is_broadcast_over_channels(images: np.ndarray) -> None:
    net = Net("net")
    image = net.put(ops.Input((7, 9, 6)))
    graph = net.done(net.put(ops.Gate(), image, net.put(on_axes.Reduce("mean"), image)))
    np.testing.assert_allclose(build(graph)(images), images * images.mean(-1, keepdims=True), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("layer", "settings"), LAYERS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_configuration_and_shape(layer: type[keras.Layer], settings: dict[str, object]) -> None:
    it = layer(name="it", **settings)
    config = it.get_config()
    assert {key: config[key] for key in settings} == settings
    assert keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(it)).get_config() == config
    assert it(np.ones((2, 7, 9, 4), "float32")).shape == it.compute_output_shape((2, 7, 9, 4))
    assert it.compute_output_shape((None, None, None, 4))[:3] == (None, None, None)


@pytest.fixture(scope="module")
def everything() -> Graph:
    """A network of all of them."""
    net = Net("net")
    image = x = net.put(ops.Input((8, 8, 4)))
    for op in (ops.Conv(4, (3, 3)), ops.Pad((1, 1, -1, 1), "reflect"), ops.Pad((-1, -1, 0, 0)), on_axes.Coordinates(),
               ops.SliceChannels(2, 4), on_axes.Permute("cwh"), on_axes.Reshape((8, -1, 4)), on_axes.Position()):
        x = net.put(op, x)
    x = net.put(ops.Merge("add"), image, x)
    x = net.put(ops.Gate(), x, net.put(ops.Activation("sigmoid"), net.put(on_axes.Reduce("mean"), x)))
    x = net.put(on_axes.BlurPool((3, 3), (2, 2)), net.put(on_axes.BlurPool((3, 3), (2, 1)), x))
    return net.done(net.put(ops.Dense(3), net.put(ops.GlobalPool("avg"), x)))


@pytest.fixture
def photos() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(2, 8, 8, 4)).astype("float32")


def test_keras_file_goes_round(everything: Graph, photos: np.ndarray, tmp_path: Path) -> None:
    model = build(everything)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(photos), model(photos))


def test_half_precision_differs_by_rounding_and_learns(everything: Graph, photos: np.ndarray) -> None:
    model, half = build(everything), build(everything, dtype="mixed_bfloat16")
    assign(half, values(model))
    np.testing.assert_allclose(half(photos), model(photos), atol=0.1)
    assert half.get_layer(next(node.name for node in everything.nodes if node.op.kind == "position")).output.dtype == "bfloat16"
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(half(photos) ** 2)
    assert all(gradient is not None and np.abs(gradient).max() > 0 for gradient in tape.gradient(loss, half.trainable_weights))


def test_tflite_has_them_all_built_in(everything: Graph, photos: np.ndarray) -> None:
    weights, output = values(build(everything)), everything.output.name

    @tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 4))])
    def predict(images: tf.Tensor) -> tf.Tensor:
        return operations.compute(everything, weights, images, [output], operations.ON_DEVICES)[output]

    converter = tf.lite.TFLiteConverter.from_concrete_functions([predict.get_concrete_function()])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = Interpreter(model_content=converter.convert())
    interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], photos.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], photos)
    interpreter.invoke()
    np.testing.assert_allclose(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]), predict(photos), atol=1e-5)
