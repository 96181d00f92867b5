"""A tiny member of each family trains, and what is saved of it predicts the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from thinned import Known, thinned

from archspec.model import grouped
from archspec.model.emit import build
from archspec.network import load, lower

FOUR = {"stages.repeats": [1, 1, 1, 1], "stages.widths": [8, 8, 16, 16]}
THREE = {"stages.repeats": [1, 1, 1], "stages.widths": [16, 16, 32]}
HEAD = {"head": ["flatten", {"dense": "16 act=relu"}, {"dropout": 0.5}, {"dense": "$classes"}]}
VGG = {**HEAD, "stages.repeats": 1, "stages.widths": 8}
GROUPS = {**FOUR, "stages.widths": [16, 16, 16, 16], "stages.cardinality": 2, "stages.base_width": 16}
CELLS = {"squeeze": 8, "middle": 8, "wide": 8, "pool": 8}
INCEPTION_RESNET = {"input": "75x75x3", "stages": [
    {"block": "inception_resnet_a"}, {"block": "reduction_a", **CELLS}, {"block": "inception_resnet_b"},
    {"block": "inception_resnet_reduction_b"}, {"block": "inception_resnet_c"}]}
TINY: dict[str, dict[str, Any]] = {
    "vgg11": VGG, "vgg11_lrn": VGG, "vgg16_bn": VGG,
    "plain18": FOUR, "cifar_plain20": THREE,
    "resnet18": FOUR, "resnet34_a": {**FOUR, "stages.widths": [64, 64, 64, 80]},
    "resnet50": FOUR, "resnet50d": FOUR, "cifar_resnet20": THREE,
    "resnet50_v2": FOUR, "cifar_preact_resnet20": THREE, "wrn_28_10_dropout": THREE,
    "resnext50_32x4d": GROUPS, "resnext50_32x4d_aggregated": GROUPS, "resnext50_32x4d_concatenated": GROUPS,
    "densenet121": {"let.growth": 4, "stages.repeats": [1, 2, 1, 1]},
    "cifar_densenet40_k12": {"stages.repeats": [1, 2, 1], "parameters.dropout": 0.2},
    "se_resnet50": {**FOUR, "stages.se": 2}, "senet154": {**FOUR, "stages.groups": 2, "stages.se": 2},
    "se_vgg16": {**VGG, "stages.widths": 32, "stages.se": 2},
    "googlenet": {"input": "80x80x3", "stages.repeats": 1},
    "bn_inception": {},
    "inception_v3": {"input": "75x75x3", "auxiliary": {"inception_b": ["global_avg_pool", {"dense": "$classes"}]}, "stages": [
        {"block": "inception_v3_a", "project": 8}, {"block": "inception_v3_reduction_a"},
        {"block": "inception_v3_b", "narrow": 8, "name": "inception_b"}, {"block": "inception_v3_reduction_b"},
        {"block": "inception_v3_c"}]},
    "inception_v4": {"input": "75x75x3", "stages": [
        {"block": "inception_a"}, {"block": "reduction_a", **CELLS}, {"block": "inception_b"}, {"block": "reduction_b"},
        {"block": "inception_c"}]},
    "inception_resnet_v1": INCEPTION_RESNET, "inception_resnet_v2": INCEPTION_RESNET,
    "cifar_highway19": {"stages.repeats": 1, "stages.widths": [32, 8, 8]},
    "cifar_nin": {},
    "alexnet": {**HEAD, "input": "67x67x3"}, "zfnet": {**HEAD, "input": "64x64x3"},
    "mobilenet_v1": {"let.alpha": 0.25}, "mobilenet_v2": {"let.alpha": 0.35, "stages.repeats": 1},
    "mobilenet_v3_large": {},
    "efficientnet_b0": {"stages.repeats": 1},
    "regnet_x_400mf": {**FOUR, "stages.group_width": 8},
    "regnet_y_4gf": {**FOUR, "stages.widths": 64, "stages.group_width": 32, "stages.se": 2},
    "convnext_tiny": {**FOUR, "stages.widths": [96, 8, 8, 16]},
    "xception": {"input": "71x71x3", "stages": [
        {"block": "xception_down", "stride": 2, "width": 16, "activate": False},
        {"block": "xception_middle", "width": 16}, {"block": "xception_down", "stride": 2, "width": 32}]},
    "squeezenet1_1": {"input": "64x64x3", "stages.squeeze_width": 4},
    "dla34": {"stages.widths": [8, 8, 16, 16]},
    "dpn68": {"let.narrow": 32, "let.wide": 8, "stages.growth": 4, "stages.repeats": [1, 2, 1, 1]},
    "ese_vovnet39b": {"stages.repeats": [2, 1, 1, 1], "stages.widths": 16, "stages.inner": 8},
    "nasnet_mobile": {"input": "35x35x3", "let.width": 8, "let.first_width": 8, "let.cells": 1},
    "darknet53": {"stages.repeats": 1, "stages.widths": [8, 8, 16, 16, 16]},
    "cbam_resnet50": FOUR, "sk_resnet50": GROUPS, "mixer_small": {"let.width": 16, "let.patch": 8, "stages.repeats": 1},
}
"""A member of each family, and what makes it small; images are 32x32 where nothing else is said.

Gates stay wide: all of a few ReLUs may be below zero for every image, and then nothing behind them has a gradient.
"""


KNOWN: Known = set()
"""The blocks that were trained; several families have the same."""


@pytest.fixture(scope="module", params=TINY)
def model(request: pytest.FixtureRequest) -> Iterator[keras.Model]:
    """The network without what a network before it has shown, with its auxiliary classifiers."""
    keras.utils.set_random_seed(1)
    whole = lower(load(request.param, {"input": "32x32x3", "classes": 10, **TINY[request.param]}))
    graph = thinned(whole, KNOWN) or whole
    yield build(graph, auxiliary=bool(graph.auxiliary))
    keras.backend.clear_session()


def images_of(model: keras.Model) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(4, *model.input.shape[1:])).astype("float32")


def gradients(model: keras.Model) -> list[tf.Tensor]:
    """Of the cross entropy, the auxiliary classifiers' included, at four images of different classes."""
    with tf.GradientTape() as tape:
        outputs = tf.nest.flatten(model(images_of(model), training=True))
        loss = sum(tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits([0, 1, 2, 3], each)) for each in outputs)
    return tape.gradient(loss, [weight.value for weight in model.trainable_weights])


def test_every_weight_has_a_gradient_in_two_steps(model: keras.Model) -> None:
    optimizer = keras.optimizers.SGD(1e-3)
    for _ in range(2):
        found = gradients(model)
        still = [weight.path for weight, each in zip(model.trainable_weights, found, strict=True)
                 if each is None or not np.isfinite(each).all() or not np.any(each)]
        assert still == []
        optimizer.apply(found, model.trainable_weights)


def test_what_is_saved_predicts_the_same(model: keras.Model, tmp_path: Path) -> None:
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    images = images_of(model)
    # a grouped convolution is saved as Keras's own, which adds in another order
    share = 1e-5 if any(isinstance(layer, grouped.Conv2D) for layer in model.layers) else 0.0
    for ours, theirs in zip(tf.nest.flatten(model(images)), tf.nest.flatten(loaded(images)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=share * float(np.abs(ours).max()))
