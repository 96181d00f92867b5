"""The folded network gives the logits of the network itself, on one member of every family; tools/fold.py does it for all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml
from graphs import Net
from sklearn.datasets import load_digits
from tooling import tool
from vocabulary import OTHERS, VOCABULARY
from zoo_graphs import shipped

import archspec
from archspec.graph.axes import Resize
from archspec.graph.ir import Graph
from archspec.graph.learned import Attend, Rows, Select, Weighted
from archspec.graph.ops import Activation, BatchNorm, Blend, Concat, Conv, Dense, Gate, GlobalPool, Input, Merge, Op, Scale
from archspec.graph.passes import Network, fold_affine, for_inference
from archspec.graph.weights import Key
from archspec.model.emit import build
from archspec.model.operations import OPERATIONS, Call, compute
from archspec.model.values import values
from archspec.spec.files import spec_names
from archspec.weights.library import stage_blocks

ROWS = "as rows"
"""Stages that are listed with a block and widths of their own: each has its block once here."""
FAMILIES = {
    "bn_inception": "", "cifar_densenet40_k12": "1, 1, 1", "cifar_preact_resnet20": "1, 1, 1",
    "cifar_preact_resnet164": "2, 2, 2", "cifar_pyramidnet110_a48": "1, 1, 1", "cifar_pyramidnet164_a270": "1, 1, 1",
    "cifar_resnet20": "1, 1, 1", "cifar_resnet164": "2, 2, 2",
    "cifar_resnext29_32x4d": "1, 1, 1", "darknet53": "1, 1, 1, 1, 1", "densenet121": "2, 2, 2, 2",
    "efficientnet_b0": "1, 1, 1, 1, 1, 1, 1", "googlenet_torchvision": "", "inception_resnet_v1_facenet": ROWS,
    "inception_resnet_v2": ROWS, "keras_inception_v3": ROWS, "inception_v4": ROWS,
    "keras_mobilenet": "1, 1, 1, 1, 1", "keras_resnet50v2": "1, 1, 1, 1", "mobilenet_v2": "1, 1, 1, 1, 1, 1, 1",
    "mobilenet_v3_large": "", "regnet_x_400mf": "1, 1, 1, 1", "resnext50_32x4d_aggregated": "1, 1, 1, 1",
    "resnext50_32x4d_concatenated": "1, 1, 1, 1", "se_resnet50_identity": "1, 1, 1, 1", "se_resnet50_post": "1, 1, 1, 1",
    "se_resnet50_pre": "1, 1, 1, 1", "senet154": "1, 1, 1, 1", "vgg11_bn": "", "xception": "",
    "botnet50": "1, 1, 1, 1", "convmixer_768_32": "1", "fractalnet20": "", "res2net50_26w_4s": "1, 1, 1, 1",
    "resnest50": "1, 1, 1, 1", "resnet50_blur": "1, 1, 1, 1", "sk_resnet50": "1, 1, 1, 1",
    "ghostnet": "", "mobilenet_v4_conv_small": "", "repvgg_a0": "1, 1, 1, 1", "repvit_m1_0": "1, 1, 1, 1", "shvit_s1": "1, 1, 1", "shufflenet_v2_x1_0": "2, 2, 2", "unet_classifier": "",
    "dla34": "", "dpn68": "1, 1, 1, 1",
    "ese_vovnet39b": "1, 1, 1, 1", "nasnet_mobile": "let.cells=1", "pnasnet5_large": "let.width=16",
}
"""Each set of blocks with batch norms that stages repeat: a small member of it, and how often its stages repeat here, or what else
makes them few.
"""
NARROW = ("botnet50", "darknet53", "dla34", "ese_vovnet39b", "fractalnet20", "keras_resnet50v2", "res2net50_26w_4s", "resnest50",
          "resnet50_blur", "se_resnet50_identity", "se_resnet50_post", "se_resnet50_pre", "senet154", "sk_resnet50", "vgg11_bn")
"""Those of many weights: their stages have 3/8 of their widths here, by which the same of them project their shortcuts."""
AT_96 = ("googlenet_torchvision", "inception_resnet_v1_facenet", "inception_resnet_v2", "inception_v4", "keras_inception_v3")
"""Those that take no smaller images."""
BESIDE = {"senet154": ["stages.groups=16"],
          "vgg11_bn": ["head=[flatten, dense: 64 act=relu, dropout: 0.5, dense: 64 act=relu, dropout: 0.5, dense: $classes]"]}
FOLD = tool("fold")


def few(name: str, repeats: str) -> list[str]:
    """What makes a network of few blocks and weights, and of a quarter of the paths that ResNeXt's have.

    The pass looks at each by itself.
    """
    small = ["classes=10", *["input=96x96x3"] * (name in AT_96), *BESIDE.get(name, [])]
    if name in NARROW:
        widths = yaml.safe_load(archspec.load(name).to_yaml(expand=True))["stages"]["width"]
        small.append(f"stages.widths={[width * 3 // 8 for width in widths]}")
    if repeats == ROWS:
        rows = yaml.safe_load(archspec.load(name).to_yaml(expand=True))["stages"]
        return [*small, "stages=" + json.dumps([{**row, "repeats": 1} for row in rows])]
    if "=" in repeats:
        return [*small, repeats]
    paths = ["stages.cardinality=8"] * name.startswith("resnext50")
    return [*small, *[f"stages.repeats=[{repeats}]"] * bool(repeats), *paths]


def standard(call: Call, op: BatchNorm) -> tf.Tensor:
    """A norm by its definition, in any precision."""
    of = call.arrays
    return tf.nn.batch_normalization(call.x, of["moving_mean"], of["moving_variance"], of.get("beta"), of.get("gamma"), op.epsilon)


def settled(network: Network, images: np.ndarray) -> Network:
    """The network whose norms have the statistics of images in it, as training leaves them."""
    found: dict[Key, np.ndarray] = {}

    def of_images(call: Call, op: BatchNorm) -> tf.Tensor:
        mean, variance = tf.nn.moments(call.x, list(range(call.x.shape.rank - 1)))
        found[call.node.name, "moving_mean"], found[call.node.name, "moving_variance"] = mean.numpy(), variance.numpy()
        return standard(replace(call, arrays={**call.arrays, "moving_mean": mean, "moving_variance": variance}), op)

    logits(network, images, of_images)
    return Network(network.graph, {**network.weights, **found})


def logits(network: Network, images: np.ndarray, norm: Callable[[Call, BatchNorm], tf.Tensor] = standard) -> list[np.ndarray]:
    """In double precision, those of auxiliary classifiers too."""
    graph, arrays = network.graph, {key: tf.constant(array, tf.float64) for key, array in network.weights.items()}
    wanted = [value.name for value in (graph.output, *graph.auxiliary.values())]
    found = compute(graph, arrays, tf.constant(images, tf.float64), wanted, {**OPERATIONS, BatchNorm: norm})
    return [found[name].numpy() for name in wanted]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "repeats"), FAMILIES.items(), ids=FAMILIES)
def test_folded_is_equal_to_unfolded(name: str, repeats: str) -> None:
    """With statistics as training leaves them: those of images in the network itself, and not made-up ones.

    To 1e-5 of the largest logit in double precision: in float32 random kernels magnify rounding (see tools/fold.py), folded
    or not, which training ends.
    """
    _, graph = FOLD.smallest(name, *few(name, repeats))
    double = {key: array.astype("float64") for key, array in tool("smallest").drawn(graph).items()}
    network = settled(Network(graph, double), FOLD.images(graph, 8))
    seen = FOLD.images(graph, 2)
    assert FOLD.apart(logits(fold_affine(network), seen), logits(network, seen)) < 1e-5


@pytest.mark.slow
def test_after_a_little_training_float32_is_enough() -> None:
    """Of first kernels it is not: networks of depthwise convolutions magnify rounding most (tools/fold.py)."""
    graph = archspec.lower(archspec.load("keras_mobilenet", ["input=32x32x3", "classes=10", "stages.repeats=[1, 1, 1, 1, 1]", "let.alpha=0.25"]))
    keras.utils.set_random_seed(2)
    model = build(graph)
    model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    digits = load_digits()
    pixels = np.repeat(np.repeat(digits.images, 4, axis=1), 4, axis=2)[..., None].repeat(3, axis=-1).astype("float32") / 8 - 1
    model.fit(pixels[:1600], digits.target[:1600], batch_size=32, epochs=1, verbose=0)
    FOLD.calibrate(model, pixels[:64])
    assert FOLD.distance(graph, model, pixels[1600:1664]).folded < 1e-5


@pytest.mark.parametrize(("weight", "by"), [("beta", 1e-3), ("moving_mean", 1e-3)])
def test_a_fold_that_is_a_little_off_is_found(weight: str, by: float, monkeypatch: pytest.MonkeyPatch) -> None:
    _, graph = FOLD.smallest("cifar_resnet20")
    model, images = FOLD.calibrated(graph), FOLD.images(graph, 2)
    norm = next(name for name, kind in values(model) if kind == weight)

    def wrong(given: Network) -> Network:
        return fold_affine(Network(given.graph, {**given.weights, (norm, weight): given.weights[norm, weight] + by}))
    assert FOLD.distance(graph, model, images).small
    monkeypatch.setattr(FOLD, "fold_affine", wrong)
    found = FOLD.distance(graph, model, images)
    assert found.exact > 1e-5
    assert found.folded > found.allowed


def test_every_family_is_here() -> None:
    networks = {name: shipped(name) for name in spec_names()}
    kinds = {name: frozenset(stage_blocks(spec)) for name, (spec, _) in networks.items()}
    normed = {kinds[name] for name, (_, graph) in networks.items() if any(isinstance(node.op, BatchNorm) for node in graph.nodes)}
    assert {kinds[name] for name in FAMILIES} == normed


@pytest.mark.parametrize("op", [OTHERS[kind][0] for kind in VOCABULARY if kind is not Input], ids=lambda op: op.kind)
def test_norms_around_every_operation_of_maps(op: Op) -> None:
    """A convolution and a norm before it, a norm, a factor and a convolution behind it."""
    graph = between(op)
    draw = np.random.default_rng(0)
    weights = {(node.name, weight.name): np.abs(draw.normal(1, 0.3, weight.shape)).astype(np.float32)
               for node in graph.nodes for weight in node.weights}
    folded = for_inference(Network(graph, weights))
    x = draw.normal(size=(2, 8, 9, 6)).astype(np.float32)
    wanted, found = (np.asarray(compute(net, arrays, x, [net.output.name])[net.output.name])
                     for net, arrays in ((graph, weights), (folded.graph, folded.weights)))
    assert len(folded.graph.nodes) < len(graph.nodes)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5 * np.abs(wanted).max())


def between(op: Op) -> Graph:
    """The operation in the middle of a network; of one that takes several values, the same twice."""
    net = Net("net")
    x = net.put(BatchNorm(), net.put(Conv(6, (3, 3)), net.put(Input((8, 9, 6)))))
    second = net.put(BatchNorm(), net.put(Conv(6, (1, 1)), x))
    match op:
        case Dense():
            return net.done(net.put(Scale(2.0), net.put(op, net.put(BatchNorm(), net.put(GlobalPool("avg"), x)))))
        case Select():
            weighed = [net.put(GlobalPool("avg"), value) for value in (x, second)]
            value = net.put(op, x, second, net.put(Concat(), *weighed))
        case Attend():
            value = net.put(op, x, second, x)
        case Blend():
            value = net.put(op, net.put(Activation("sigmoid"), second), second, x)
        case _:
            several = isinstance(op, Concat | Merge | Gate | Rows | Weighted | Resize)
            value = net.put(op, x, *[second] * several)
    value = net.put(Scale(0.5), net.put(BatchNorm(), value))
    return net.done(net.put(BatchNorm(), net.put(Conv(3, (1, 1)), value)) if value.type.is_map else value)
