"""Our networks compute what those of keras.applications compute, from the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import keras
import numpy as np
import pytest
from copying import copy, randomise, walk, weights

from archspec.model.emit import build
from archspec.network import load, lower


@dataclass(frozen=True)
class Case:
    """A spec and the application that it is the same network as.

    An even height and an odd width show both forms of a padding. `pixels` undoes a scaling that is part of Keras's model.
    """

    spec: str
    application: str
    size: tuple[int, int] = (96, 97)
    pixels: float = 1.0
    body_first: bool = False
    options: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.application}-{self.size[0]}x{self.size[1]}"


MOBILE = Case("mobilenet_v2", "MobileNetV2")
QUICK = (
    MOBILE,
    Case("keras_mobilenet", "MobileNet", (96, 64)),  # Keras pads odd sizes in a way of its own
    Case("keras_resnet50", "ResNet50"),
    Case("keras_resnet50v2", "ResNet50V2"),
    Case("xception", "Xception", body_first=True),
)
SLOW = (
    Case("keras_resnet50", "ResNet50", (224, 224)),
    Case("keras_resnet101", "ResNet101"),
    Case("keras_resnet152", "ResNet152"),
    Case("keras_resnet101v2", "ResNet101V2"),
    Case("keras_resnet152v2", "ResNet152V2"),
    Case("keras_vgg16", "VGG16", (64, 65)),
    Case("keras_vgg19", "VGG19", (64, 65)),
    Case("keras_densenet121", "DenseNet121"),
    Case("keras_densenet169", "DenseNet169"),
    Case("keras_densenet201", "DenseNet201"),
    Case("keras_inception_v3", "InceptionV3", (107, 140)),
    Case("keras_inception_v3", "InceptionV3", (299, 299)),
    Case("keras_inception_resnet_v2", "InceptionResNetV2", (107, 140)),
    Case("keras_nasnet_mobile", "NASNetMobile"),
    Case("keras_nasnet_large", "NASNetLarge"),
    Case("efficientnet_b0", "EfficientNetB0", pixels=255.0),
    *(Case(f"efficientnet_b{i}", f"EfficientNetB{i}", (64, 65), pixels=255.0) for i in (1, 2, 3, 4)),
    Case("mobilenet_v3_large", "MobileNetV3Large", options={"include_preprocessing": False}),
    Case("mobilenet_v3_small", "MobileNetV3Small", (64, 65), options={"include_preprocessing": False}),
    Case("convnext_tiny", "ConvNeXtTiny", options={"include_preprocessing": False}),
    Case("convnext_small", "ConvNeXtSmall", (64, 65), options={"include_preprocessing": False}),
)
SEEN = ("defaults.padding=symmetric", "defaults.act=relu", "defaults.norm.epsilon=0.0011")
"""What must not go unnoticed, seen in MobileNetV2."""


@pytest.fixture(autouse=True)
def clear() -> Iterator[None]:
    """Frees the models of a test."""
    keras.utils.set_random_seed(0)
    yield
    keras.backend.clear_session()


def both(case: Case, *changes: str) -> tuple[np.ndarray, np.ndarray]:
    """Logits of Keras's model and of ours, changed, for two images (2, 1000)."""
    shape = (*case.size, 3)
    theirs = getattr(keras.applications, case.application)(weights=None, classifier_activation=None, input_shape=shape,
                                                           **case.options)
    ours = build(lower(load(case.spec, ["input={}x{}x{}".format(*shape), *changes])), initialize=False)
    rng = np.random.default_rng(0)
    pixels = case.pixels * rng.normal(size=(6, *shape)).astype("float32")
    randomise(theirs, pixels[2:], rng)
    assert copy(walk(theirs, case.body_first), walk(ours)) == len(ours.weights) == len(list(weights(theirs.layers)))
    images = pixels[:2] * np.float32(1 / case.pixels)
    return theirs(pixels[:2], training=False).numpy(), ours(images, training=False).numpy()


def difference(theirs: np.ndarray, ours: np.ndarray) -> float:
    return np.abs(theirs - ours).max() / np.abs(theirs).max()


@pytest.mark.parametrize("case", [*QUICK, *(pytest.param(case, marks=pytest.mark.slow) for case in SLOW)], ids=str)
def test_same_weights_give_the_same_logits(case: Case) -> None:
    theirs, ours = both(case)
    assert difference(theirs, ours) < 1e-5
    assert 0.1 < theirs.std() < 1e4  # deep networks of random weights grow
    assert difference(*theirs) > 0.05  # the logits depend on the image


@pytest.mark.slow
@pytest.mark.parametrize("change", SEEN)
def test_another_network_has_other_logits(change: str) -> None:
    assert difference(*both(MOBILE, change)) > 1e-4
