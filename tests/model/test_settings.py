"""A model does not depend on what the user has set in Keras."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import keras
import numpy as np
import pytest

from archspec.graph.ir import Graph
from archspec.model.audit import audit, differences
from archspec.model.emit import backbone, build

SETTINGS: dict[str, Callable[[], None]] = {
    "channels_first": lambda: keras.config.set_image_data_format("channels_first"),
    "float16": lambda: keras.config.set_floatx("float16"),
    "mixed_float16": lambda: keras.config.set_dtype_policy("mixed_float16"),
}


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Keras as it was."""
    layout, floatx, policy = keras.config.image_data_format(), keras.config.floatx(), keras.config.dtype_policy()
    yield
    keras.config.set_image_data_format(layout)
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)


def made(graph: Graph, images: np.ndarray) -> tuple[list[object], np.ndarray]:
    """The configurations of a model's layers, and its logits."""
    keras.utils.set_random_seed(1)
    model = build(graph)
    assert audit(graph, model) == ()
    return [(type(layer), layer.get_config()) for layer in model.layers], keras.ops.convert_to_numpy(model(images))


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_the_same_model_under_any_settings(setting: Callable[[], None], everything: Graph) -> None:
    images = np.random.default_rng(3).normal(size=(2, 9, 9, 4)).astype("float32")
    configs, logits = made(everything, images)
    setting()
    others, again = made(everything, images)
    assert str(others) == str(configs)
    assert again.dtype == "float32"
    np.testing.assert_array_equal(again, logits)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_settings_are_as_they_were(setting: Callable[[], None], everything: Graph) -> None:
    setting()
    before = keras.config.image_data_format(), keras.config.floatx(), keras.config.dtype_policy().name
    build(everything)
    assert (keras.config.image_data_format(), keras.config.floatx(), keras.config.dtype_policy().name) == before


def test_a_precision_is_asked_for(everything: Graph) -> None:
    model = build(everything, dtype="mixed_bfloat16")
    logits = model.layers[-1]
    assert model(np.zeros((1, 9, 9, 4), "float32")).dtype == logits.compute_dtype == "float32"
    assert {layer.compute_dtype for layer in model.layers if layer not in (logits, model.layers[0])} == {"bfloat16"}
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert audit(everything, model) == ()
    assert differences(everything) == ()


def test_a_backbone_too(lower: Callable[..., Graph]) -> None:
    SETTINGS["channels_first"]()
    SETTINGS["mixed_float16"]()
    levels = backbone(lower("stages: {block: basic, widths: [4, 8], strides: [1, 2]}"), ["P1"])(np.zeros((1, 32, 32, 8), "float32"))
    assert (levels["P1"].shape, levels["P1"].dtype) == ((1, 16, 16, 8), "float32")
