"""Our backbones in other libraries' detectors and segmenters: they are taken as they are, and train."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest

import archspec

NETWORKS = {
    "resnet": "extends: resnet18\ninput: 64x64x3\nstages: {width: [8, 16, 32, 64], repeats: [1, 1, 1, 1]}",
    "densenet": "extends: densenet121\ninput: 64x64x3\nstages: {repeats: [1, 1, 1, 1]}",
    "inception": """
input: 64x64x3
classes: 10
stem: [conv: 7x7 16 /2, max_pool: 3x3 /2 valid ceil, conv: 3x3 32]
stages:
  block: inception_v1
  table:
    - [name,   stride, one, reduce3, three, reduce5, five, project]
    - [first,  2,      16,  16,      32,    8,       8,    8]
    - [second, 2,      16,  16,      32,    8,       8,    8]
    - [third,  2,      16,  16,      32,    8,       8,    8]
head: [global_avg_pool, dense: $classes]
"""}
"""A small network of each of three families."""
SIDE = 64


@pytest.fixture(autouse=True)
def _others_warnings() -> Iterator[None]:
    """keras-cv hands its RetinaNet, whose input is a dict, the images alone, and Keras 3.15 warns that it does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture
def cv() -> ModuleType:
    import keras_cv
    return keras_cv


@pytest.fixture
def hub() -> ModuleType:
    import keras_hub
    return keras_hub


@pytest.fixture(params=NETWORKS)
def encoder(request: pytest.FixtureRequest, write: Callable[[str], Path]) -> Callable[..., keras.Model]:
    keras.utils.set_random_seed(0)
    spec = archspec.load(write(NETWORKS[request.param]))
    return lambda *levels, **options: archspec.backbone(spec, levels, **options)


def images() -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (2, SIDE, SIDE, 3)).astype("float32")


def boxes(classes: str) -> dict[str, np.ndarray]:
    return {"boxes": np.float32([[[4, 4, 40, 40], [20, 8, 60, 50]]] * 2), classes: np.float32([[0, 1]] * 2)}


def check_training(model: keras.Model, backbone: keras.Model, labels: Any) -> None:
    """The loss of the same images falls, and the first convolution has learned."""
    first = next(layer for layer in backbone.layers if layer.weights)
    before = first.get_weights()[0].copy()
    losses = model.fit(images(), labels, epochs=2, batch_size=2, shuffle=False, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert np.isfinite(losses).all()
    assert np.abs(first.get_weights()[0] - before).max() > 0


@pytest.mark.slow
def test_retinanet_of_keras_cv(cv: ModuleType, encoder: Callable[..., keras.Model]) -> None:
    backbone = encoder("P3", "P4", "P5")
    model = cv.models.RetinaNet(num_classes=2, bounding_box_format="xyxy", backbone=backbone)
    model.compile(classification_loss="focal", box_loss="smoothl1", optimizer=keras.optimizers.SGD(0.01, global_clipnorm=10.0),
                  jit_compile=False, run_eagerly=True)
    check_training(model, backbone, boxes("classes"))


@pytest.mark.slow
def test_deeplab_of_keras_cv(cv: ModuleType, encoder: Callable[..., keras.Model]) -> None:
    """Its decoder enlarges P5 eightfold and joins it with P2: it takes a backbone without an output stride."""
    backbone = encoder("P2", "P5")
    model = cv.models.DeepLabV3Plus(num_classes=2, backbone=backbone)
    check_segmenter(model, backbone)


@pytest.mark.slow
def test_retinanet_of_keras_hub(hub: ModuleType, encoder: Callable[..., keras.Model]) -> None:
    backbone = encoder("P3", "P4", "P5")
    pyramid = hub.models.RetinaNetBackbone(image_encoder=backbone, min_level=3, max_level=5, use_p5=False,
                                           image_shape=(SIDE, SIDE, 3))
    model = hub.models.RetinaNetObjectDetector(backbone=pyramid, num_classes=2, bounding_box_format="xyxy", preprocessor=None)
    model.compile(optimizer=keras.optimizers.SGD(0.01, global_clipnorm=10.0), jit_compile=False, run_eagerly=True,
                  box_loss=keras.losses.Huber(reduction="sum"),
                  classification_loss=keras.losses.BinaryFocalCrossentropy(from_logits=True, reduction="sum"))
    check_training(model, backbone, boxes("labels"))


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ["resnet"], indirect=True)
def test_deeplab_of_keras_hub_with_an_output_stride(hub: ModuleType, encoder: Callable[..., keras.Model]) -> None:
    """It takes the stride of a map from its name: the last map of output stride 16 is its P4."""
    backbone = encoder("P2", "P5", output_stride=16)
    backbone.pyramid_outputs = {"P2": backbone.output["P2"], "P4": backbone.output["P5"]}
    features = hub.models.DeepLabV3Backbone(
        image_encoder=backbone, low_level_feature_key="P2", spatial_pyramid_pooling_key="P4", upsampling_size=4,
        dilation_rates=[6, 12, 18], image_shape=(SIDE, SIDE, 3))
    model = hub.models.DeepLabV3ImageSegmenter(backbone=features, num_classes=2, activation="softmax", preprocessor=None)
    assert model.output_shape == (None, SIDE, SIDE, 2)
    check_segmenter(model, backbone)


def check_segmenter(model: keras.Model, backbone: keras.Model) -> None:
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy", run_eagerly=True)
    check_training(model, backbone, np.ones((2, SIDE, SIDE, 1), np.int32))


def test_it_says_where_its_levels_are(encoder: Callable[..., keras.Model]) -> None:
    """keras-cv asks for the names of layers, keras-hub for what they give."""
    backbone = encoder("P3", "P5", output_stride=8)
    assert {level: backbone.get_layer(name).output.shape for level, name in backbone.pyramid_level_inputs.items()} == {
        level: output.shape for level, output in backbone.pyramid_outputs.items()}
    assert [output.shape[1] for output in backbone.pyramid_outputs.values()] == [SIDE // 8, SIDE // 8]
