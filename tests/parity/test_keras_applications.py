"""Our networks compute what those of keras.applications compute, from the same weights.

The weights go the way that a user's go: by their names in Keras and the shipped mapping of the family.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

import keras
import numpy as np
import pytest
from copying import as_file, randomise
from keras.src.applications.nasnet import NASNet

from archspec.graph.ir import Graph
from archspec.model import operations
from archspec.model.emit import build
from archspec.network import load, lower
from archspec.weights.library import candidates, stage_blocks
from archspec.weights.load import Wanted, arrays, fill
from archspec.weights.match import Plan, plan
from archspec.weights.tensors import Stored, WeightsFile

KERAS = Wanted("keras")
BARE = {"include_preprocessing": False}


@dataclass(frozen=True, eq=False)
class Case:
    """A spec and the application that it is the same network as.

    An even height and an odd width show both forms of a padding. `pixels` undoes a scaling that is part of Keras's model.
    """

    spec: str
    application: str
    size: tuple[int, int] = (96, 97)
    pixels: float = 1.0
    options: dict[str, object] = field(default_factory=dict)
    changes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.application}-{self.size[0]}x{self.size[1]}"

    def theirs(self) -> keras.Model:
        """Keras's model, which ends in logits."""
        return getattr(keras.applications, self.application)(weights=None, classifier_activation=None,
                                                             input_shape=(*self.size, 3), **self.options)

    def graph(self, *changes: str) -> tuple[Graph, tuple[str, ...]]:
        """Ours, and the blocks of its stages."""
        spec = load(self.spec, ["input={}x{}x3".format(*self.size), *self.changes, *changes])
        return lower(spec), stage_blocks(spec)


@dataclass(frozen=True, eq=False)
class Few(Case):
    """A NASNet-A with two cells a stage, by Keras's own function of both."""

    settings: tuple[int, int, int, bool, int] = (0, 0, 0, False, 0)
    """The arguments that its application gives that function."""

    def theirs(self) -> keras.Model:
        return NASNet((*self.size, 3), *self.settings, weights=None, default_size=331, classifier_activation=None)


MOBILE = Case("mobilenet_v2", "MobileNetV2")
QUICK = (
    MOBILE,
    Case("keras_mobilenet", "MobileNet", (96, 64)),  # Keras pads odd sizes in a way of its own
    Case("keras_resnet50", "ResNet50"),
    Case("keras_resnet50v2", "ResNet50V2"),
    Case("xception", "Xception"),
)
SLOW = (
    Case("keras_vgg16", "VGG16", (64, 65)),
    Case("keras_densenet121", "DenseNet121"),
    Case("keras_inception_v3", "InceptionV3", (107, 140)),
    Case("keras_inception_resnet_v2", "InceptionResNetV2", (107, 140)),
    Few("keras_nasnet_mobile", "NASNetMobile", changes=("let.cells=2",), settings=(1056, 2, 32, False, 2)),
    Few("keras_nasnet_large", "NASNetLarge", changes=("let.cells=2",), settings=(4032, 2, 96, True, 2)),
    *(Case(f"efficientnet_b{i}", f"EfficientNetB{i}", (64, 65), pixels=255.0) for i in (0, 1)),
    Case("mobilenet_v3_large", "MobileNetV3Large", (64, 65), options=BARE),
    Case("mobilenet_v3_small", "MobileNetV3Small", (64, 65), options=BARE),
    Case("convnext_tiny", "ConvNeXtTiny", (64, 65), options=BARE),
)
DEEPER = (
    Case("keras_resnet101", "ResNet101"),
    Case("keras_resnet152", "ResNet152"),
    Case("keras_resnet101v2", "ResNet101V2"),
    Case("keras_resnet152v2", "ResNet152V2"),
    Case("keras_vgg19", "VGG19", (64, 65)),
    Case("keras_densenet169", "DenseNet169"),
    Case("keras_densenet201", "DenseNet201"),
    Case("keras_nasnet_mobile", "NASNetMobile"),
    *(Case(f"efficientnet_b{i}", f"EfficientNetB{i}", (64, 65), pixels=255.0) for i in (2, 3, 4)),
    Case("convnext_small", "ConvNeXtSmall", (64, 65), options=BARE),
)
"""More of the blocks of those above."""
SEEN = ("defaults.padding=symmetric", "defaults.act=relu", "defaults.norm.epsilon=0.0011")
"""What must not go unnoticed, seen in MobileNetV2."""


@pytest.fixture(autouse=True)
def clear() -> Iterator[None]:
    """Layers are numbered from the start, and models freed in the end."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    yield
    keras.backend.clear_session()


def matched(graph: Graph, blocks: tuple[str, ...], file: WeightsFile) -> Plan:
    """Every weight of Keras's with its place in ours, and none without."""
    found = min((plan(graph, file, mapping, auxiliary=False, new_head=False) for mapping in candidates("keras", graph, blocks)
                 if mapping.format == "keras"), key=lambda each: each.misses)
    assert (found.missing, found.misfits, found.unexpected, found.outside) == ((), (), {}, 0)
    return found


@lru_cache(maxsize=1)
def keras_own(case: Case) -> tuple[WeightsFile, np.ndarray, np.ndarray]:
    """The weights of Keras's model, two images (2, height, width, 3), and its logits for them (2, 1000).

    The weights are in the scope alone: a variable of TensorFlow each, with its first value, takes longer than the network.
    """
    rng = np.random.default_rng(0)
    pixels = case.pixels * rng.normal(size=(6, *case.size, 3)).astype("float32")
    with keras.StatelessScope(initialize_variables=False):
        theirs = case.theirs()
        randomise(theirs, pixels[2:], rng)
        return read(as_file(theirs)), pixels[:2], theirs(pixels[:2], training=False).numpy()


def read(file: WeightsFile) -> WeightsFile:
    """The file with its arrays, which are there when what they are read from is gone."""
    held = {name: stored.read() for name, stored in file.tensors.items()}
    return replace(file, tensors={name: Stored(array.shape, partial(held.__getitem__, name)) for name, array in held.items()})


def both(case: Case, *changes: str) -> tuple[np.ndarray, np.ndarray]:
    """Logits of Keras's model and of ours, changed, for two images (2, 1000).

    Ours is a model of Keras for the quick ones. The others are computed in TensorFlow's operations, which other tests hold to
    the layers: layers of a deep network take most of the time.
    """
    file, pixels, theirs = keras_own(case)
    graph, blocks = case.graph(*changes)
    found = matched(graph, blocks, file)
    images = pixels * np.float32(1 / case.pixels)
    if case in QUICK and not changes:
        ours = build(graph, initialize=False)
        fill(ours, found, KERAS)
        assert len(found.matched) == len(ours.weights)
        logits = ours(images, training=False)
    else:
        logits = operations.compute(graph, dict(arrays(found, KERAS)), images, [graph.output.name])[graph.output.name]
    return theirs, np.asarray(logits)


def difference(theirs: np.ndarray, ours: np.ndarray) -> float:
    return np.abs(theirs - ours).max() / np.abs(theirs).max()


@pytest.mark.slow
@pytest.mark.parametrize("change", SEEN)
def test_another_network_has_other_logits(change: str) -> None:
    assert difference(*both(MOBILE, change)) > 1e-4


@pytest.mark.parametrize("case", [*QUICK, *(pytest.param(case, marks=pytest.mark.slow) for case in SLOW)], ids=str)
def test_same_weights_give_the_same_logits(case: Case) -> None:
    theirs, ours = both(case)
    assert difference(theirs, ours) < 1e-5
    assert 0.1 < theirs.std() < 1e4  # deep networks of random weights grow
    assert difference(*theirs) > 0.05  # the logits depend on the image


@pytest.mark.slow
@pytest.mark.parametrize("case", DEEPER, ids=str)
def test_a_deeper_member_has_a_place_for_each_weight(case: Case) -> None:
    """By name and shape, in the order of its blocks. What a block computes, the member above has shown.

    `tools/keras_parity.py` computes these too, in double precision: in single, a deep network grows differences of rounding.
    """
    with keras.StatelessScope(initialize_variables=False):
        file = as_file(case.theirs())
    matched(*case.graph(), file)
