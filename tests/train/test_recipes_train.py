"""Every recipe that ships trains a tiny member of its family two steps; its schedule is the paper's, at 20 points."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from runs import eagerly

from archspec.data.sources import load_data
from archspec.model.grouped import trains_natively
from archspec.network import load, lower
from archspec.spec.files import recipe_names
from archspec.train.prepare import prepare
from archspec.train.step.schedule import LearningRate
from archspec.views.recipes import recipe

RESIDUAL: dict[str, Any] = {"stages.repeats": [1, 1], "stages.widths": [8, 16], "stages.strides": [1, 2]}
CIFAR: dict[str, Any] = {"stages.repeats": [1, 1, 1], "stages.widths": [16, 16, 32]}
DENSE: dict[str, Any] = {"let.growth": 4, "stages.repeats": [1, 2, 1, 1]}
INCEPTION: dict[str, Any] = {"input": "75x75x3", "auxiliary": {"inception_b": ["global_avg_pool", {"dense": "$classes"}]}, "stages": [
    {"block": "inception_v3_a", "project": 8, "name": "inception_b"}, {"block": "inception_v3_reduction_a"}]}
FAMILY: dict[str, tuple[str, dict[str, Any]]] = {
    **dict.fromkeys(("resnet_2015", "resnet_fb_torch", "torchvision_v1", "torchvision_v2", "rsb_a1", "rsb_a2", "rsb_a3", "tfm_resnet50"),
                    ("resnet18", RESIDUAL)),
    "resnet_rs": ("resnet18", {**RESIDUAL, "stages.se": 2}), "senet_2017": ("resnet18", {**RESIDUAL, "stages.se": 2}),
    "resnext_2017": ("resnet50", {**RESIDUAL, "stages.widths": [16, 16], "stages.cardinality": 2, "stages.base_width": 16}),
    "densenet_2017": ("densenet121", DENSE), "densenet_cifar_2017": ("cifar_densenet40_k12", {"stages.repeats": [1, 2, 1]}),
    "vgg_2014": ("vgg11", {"head": ["flatten", {"dense": "$classes"}], "stages.repeats": 1, "stages.widths": 8}),
    "googlenet_2014": ("googlenet", {"input": "80x80x3", "stages.repeats": 1}),
    **dict.fromkeys(("inception_v3_2015", "inception_v4_2016", "tf_inception_v3", "slim_inception"), ("inception_v3", INCEPTION)),
    **dict.fromkeys(("resnet_cifar_2015", "wide_resnet_2016", "resnext_cifar_2017"), ("cifar_resnet20", CIFAR)),
    "highway_2015": ("cifar_highway19", {"stages.repeats": 1, "stages.widths": [32, 8, 8]}),
    "efficientnet_2019": ("efficientnet_b0", {"stages.repeats": 1}),
    "convnext_2022": ("convnext_tiny", {"stages.repeats": [1, 1, 1, 1], "stages.widths": [96, 8, 8, 16]}),
    "digits": ("resnet20_digits", {**CIFAR, "input": "16x16x1", "train.data": "digits"}),
}
"""A network for each, and what makes it small."""
NOISE = {"source": "synthetic", "classes": 10, "train": 16, "test": 8, "height": 40, "width": 48}


def few(model: keras.Model) -> bool:
    """Whether steps need not be compiled.

    Grouped convolutions are where TensorFlow has no gradient of them: Keras's way to them is a function compiled by XLA.
    """
    grouped = any(getattr(layer, "groups", 1) > 1 for layer in model.layers)
    return not grouped or trains_natively("float32")


@pytest.mark.slow
@pytest.mark.parametrize("name", recipe_names())
def test_it_trains_a_tiny_member_of_its_family(name: str) -> None:
    network, smaller = FAMILY[name]
    data = {**NOISE, "height": 32, "width": 32} if recipe(name).data != recipe("resnet_2015").data else NOISE  # CIFAR's are not scaled
    spec = load(network, {"input": "32x32x3", "classes": 10, "train.recipe": name, "train.data": data, "train.batch": 8, **smaller})
    job = prepare(spec, lower(spec), load_data(spec.train.data), lambda *_: None, trial=True)
    before = [weight.numpy() for weight in job.model.trainable_weights]
    batches = job.batches(0)
    two = [job.next(batches) for _ in range(2)]
    with eagerly(few(job.model)):
        assert all(np.isfinite(job.train(batch)).all() for batch in two)
    moved = [not np.array_equal(old, new.numpy()) for old, new in zip(before, job.model.trainable_weights, strict=True)]
    assert sum(moved) > len(moved) / 2
    assert all(np.isfinite(weight.numpy()).all() for weight in job.model.weights)
    keras.backend.clear_session()


def steps_at(rate: float, factor: float, *milestones: float) -> Callable[[float], float]:
    return lambda epoch: rate * factor ** sum(epoch >= each for each in milestones)


def cosine(rate: float, warmup: float, epochs: float, final: float = 0.0) -> Callable[[float], float]:
    return lambda epoch: rate * (final + (1 - final) * (1 + math.cos(math.pi * (epoch - warmup) / (epochs - warmup))) / 2)


FORMS: dict[str, tuple[float, float, Callable[[float], float]]] = {
    "resnet_2015": (0, 0, steps_at(0.1, 0.1, 30, 60, 80)), "resnet_fb_torch": (0, 0, steps_at(0.1, 0.1, 30, 60)),
    "torchvision_v1": (0, 0, steps_at(0.1, 0.1, 30, 60)), "resnet_cifar_2015": (0, 0, steps_at(0.1, 0.1, 82, 123)),
    "resnext_2017": (0, 0, steps_at(0.1, 0.1, 30, 60, 90)), "resnext_cifar_2017": (0, 0, steps_at(0.1, 0.1, 147, 222)),
    "densenet_2017": (0, 0, steps_at(0.1, 0.1, 30, 60)), "densenet_cifar_2017": (0, 0, steps_at(0.1, 0.1, 150, 225)),
    "senet_2017": (0, 0, steps_at(0.6, 0.1, 30, 60, 90)), "vgg_2014": (0, 0, steps_at(0.01, 0.1, 20, 40, 60)),
    "wide_resnet_2016": (0, 0, steps_at(0.1, 0.2, 60, 120, 160)), "tfm_resnet50": (5, 0, steps_at(0.8, 0.1, 30, 60, 80)),
    "digits": (1, 0, steps_at(0.1, 0.1, 12, 18)),
    "googlenet_2014": (0, 0, lambda epoch: 0.01 * 0.96 ** (epoch // 8)), "highway_2015": (0, 0, lambda epoch: 0.1 * 0.01 ** (epoch / 164)),
    "inception_v3_2015": (0, 0, lambda epoch: 0.045 * 0.94 ** (epoch // 2)), "inception_v4_2016": (0, 0, lambda epoch: 0.045 * 0.94 ** (epoch // 2)),
    "slim_inception": (0, 0, lambda epoch: 0.01 * 0.94 ** (epoch // 2)), "tf_inception_v3": (0, 0, lambda epoch: 0.1 * 0.16 ** (epoch // 30)),
    "torchvision_v2": (5, 0.01, cosine(0.5, 5, 600)), "rsb_a1": (5, 0, cosine(5e-3, 5, 600)), "rsb_a2": (5, 0, cosine(5e-3, 5, 300)),
    "rsb_a3": (5, 0, cosine(8e-3, 5, 100)), "resnet_rs": (5, 0, cosine(1.6, 5, 350)), "convnext_2022": (20, 0, cosine(4e-3, 20, 300, 1e-6 / 4e-3)),
    "efficientnet_2019": (5, 0, lambda epoch: 0.128 * 0.97 ** math.floor(epoch / 2.4)),
}
"""Warm-up, the share it comes from, and the rate behind it by the epoch, in the numbers of the sources."""


@pytest.mark.parametrize("name", recipe_names())
def test_its_schedule_is_the_closed_form_of_its_source(name: str) -> None:
    warmup, start, form = FORMS[name]
    each, found = 313, recipe(name)
    points = [int(step) for step in np.linspace(0, found.epochs * each - 1, 20)]
    highest = form(0 if found.schedule.kind == "exponential" else warmup)  # that one falls while it warms up, unseen
    expected = [highest * (start + (1 - start) * (step + 1) / (warmup * each)) if step < warmup * each else form(step / each)
                for step in points]
    rate = LearningRate(found, each)
    assert [float(rate(step)) for step in points] == pytest.approx(expected, rel=1e-6, abs=1e-7 * found.learning_rate)
