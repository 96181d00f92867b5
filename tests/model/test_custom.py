"""The layers of our own: saving, exporting, half precision, gradients. Their numbers are tested in test_layers."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from graphs import Chain

from archspec.graph import ops
from archspec.graph.ir import Graph
from archspec.model import custom
from archspec.model.emit import build

LAYERS = {
    custom.PaddedMaxPooling2D: {"pool_size": (3, 2), "strides": (2, 1), "padding": (1, 0, 0, 1)},
    custom.PaddedAveragePooling2D: {"pool_size": (3, 2), "strides": (2, 1), "counted": (1, 0, 0, 1),
                                    "left_out": (0, 1, 0, 0)},
    custom.DilatedPooling2D: {"mode": "avg", "pool_size": (3, 2), "strides": (1, 1), "dilation_rate": (2, 3),
                              "counted": (2, 0, 0, 3), "left_out": (0, 1, 0, 0)},
    custom.StridedDilatedConv2D: {"filters": 3, "kernel_size": (3, 3), "strides": (2, 1), "dilation_rate": (2, 2),
                                  "padding": "same", "use_bias": False},
    custom.UnevenDepthwiseConv2D: {"kernel_size": (3, 3), "strides": (2, 1), "depth_multiplier": 2},
    custom.PadChannels: {"channels": 7},
    custom.SliceChannels: {"start": 1, "size": 2},
    custom.ChannelShuffle: {"groups": 2},
    custom.LayerScale: {"gamma_initializer": keras.initializers.serialize(keras.initializers.Constant(0.1))},
    custom.LocalResponseNormalization: {"size": 3, "alpha": 0.1, "beta": 0.5, "k": 2.0},
}


@pytest.fixture
def photos() -> np.ndarray:
    """(2, 9, 9, 4) numbers of both signs."""
    return np.random.default_rng(3).normal(size=(2, 9, 9, 4)).astype("float32")


def test_the_network_of_everything_holds_every_custom_layer(everything: Graph) -> None:
    ours = {layer for layer in vars(custom).values() if isinstance(layer, type) and issubclass(layer, keras.Layer)}
    assert ours == {*LAYERS, custom.Blend}
    assert ours <= {type(layer) for layer in build(everything).layers}


@pytest.mark.parametrize(("layer", "settings"), LAYERS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_configuration_goes_round(layer: type[keras.Layer], settings: dict[str, object]) -> None:
    config = layer(name="it", **settings).get_config()
    assert {key: config[key] for key in settings} == settings
    assert layer.from_config(config).get_config() == config
    as_saved = keras.saving.serialize_keras_object(layer(name="it", **settings))
    assert keras.saving.deserialize_keras_object(as_saved).get_config() == config


@pytest.mark.parametrize(("layer", "settings"), LAYERS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_computed_shape_is_the_real_one(layer: type[keras.Layer], settings: dict[str, object]) -> None:
    it = layer(**settings)
    assert it(np.ones((2, 7, 9, 4), "float32")).shape == it.compute_output_shape((2, 7, 9, 4))
    assert it.compute_output_shape((None, None, None, 4))[:3] == (None, None, None)


def test_counted_same_padding_has_the_shape_of_same() -> None:
    layer = custom.PaddedAveragePooling2D((3, 3), (2, 2), counted="same")
    assert layer.compute_output_shape((2, 7, None, 4)) == (2, 4, None, 4)
    assert layer.from_config(layer.get_config()).counted == "same"


def test_keras_file_goes_round(everything: Graph, photos: np.ndarray, tmp_path: Path) -> None:
    model = build(everything)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(photos), model(photos))
    assert [layer.get_config() for layer in again.layers] == [layer.get_config() for layer in model.layers]


def test_savedmodel_gives_the_same(everything: Graph, photos: np.ndarray, tmp_path: Path) -> None:
    model = build(everything)
    model.export(tmp_path / "saved", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "saved"))
    np.testing.assert_allclose(served.serve(photos), model(photos), rtol=1e-4, atol=1e-5)


def test_tflite_with_builtin_operations_gives_the_same(everything: Graph, photos: np.ndarray, tmp_path: Path) -> None:
    model = build(everything)
    model.export(tmp_path / "saved", verbose=False)
    flat = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved")).convert()
    interpreter = Interpreter(model_content=flat)
    image, logits = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    interpreter.resize_tensor_input(image, photos.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(image, photos)
    interpreter.invoke()
    np.testing.assert_allclose(interpreter.get_tensor(logits), model(photos), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_computes_nearly_the_same(dtype: str, everything: Graph, photos: np.ndarray) -> None:
    full, half = build(everything), build(everything, dtype=f"mixed_{dtype}")
    half.set_weights(full.get_weights())
    result = half(photos)
    assert {layer.compute_dtype for layer in half.layers[:-1] if layer.weights} == {dtype}
    assert half.layers[-1].compute_dtype == result.dtype == "float32"  # logits
    np.testing.assert_allclose(tf.cast(result, "float32"), full(photos), atol=0.05 if dtype == "bfloat16" else 0.01)


def test_gradients_reach_every_weight(everything: Graph, photos: np.ndarray) -> None:
    model = build(everything)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model(photos, training=True)))
    gradients = tape.gradient(loss, model.trainable_weights)
    assert all(np.isfinite(gradient).all() and np.any(gradient) for gradient in gradients)


def test_lrn_of_large_float16_numbers_stays_finite(chain: Chain) -> None:
    model = build(chain(ops.LocalResponseNorm(alpha=1.0), shape=(1, 1, 6)), dtype="mixed_float16")
    large = np.full((1, 1, 1, 6), 1000.0, "float32")
    assert np.isfinite(model(large)).all()
    assert model(large).numpy().min() > 0
