"""Grad-CAM and the parts that blocks have in a logit, against what NumPy says by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from networks import network, noise
from scipy.signal import correlate

from archspec.artifact.artifact import Artifact
from archspec.artifact.keras_model import keras_model, maps_model
from archspec.export.reference import reference
from archspec.graph.passes.inference import predicting
from archspec.saliency.blocks import blocks, last_map
from archspec.saliency.explained import Explainer, Reason
from archspec.saliency.gradients import looking
from archspec.saliency.occlusion import patches

MEAN = """\
stem: [conv: 3x3 5 act=relu bias=true, conv: 3x3 6 /2 act=relu bias=true padding=same]
head: [global_avg_pool, dense: $classes]
"""
RESIDUAL = """\
defaults: {norm: none, act: relu}
blocks: {unit: {parameters: {width: required}, body: [residual: {body: [conv: 3x3 $width bias=false, conv: 3x3 $width linear bias=false], shortcut: identity}]}}
stem: [conv: 3x3 6 bias=false]
stages: {block: unit, repeats: [2, 1], widths: [6, 6]}
head: [global_avg_pool, dense: {units: $classes, bias: false}]
"""


def seen(pixels: np.ndarray) -> np.ndarray:
    """The network's input, (h, w, c)."""
    return (pixels.astype(np.float64) - 127.5) / 127.5


def explained(made: Artifact, pixels: np.ndarray, number: int) -> Reason:
    explainer = Explainer(made, reference(made), ("gradcam",), patches(made.preprocess, None, None), None, 8)
    (reason,) = explainer.reasons(pixels, [number], lambda *_: None)
    return reason


def slopes(made: Artifact, pixels: np.ndarray, name: str, number: int) -> np.ndarray:
    """Of a logit at a layer, by a tape."""
    with tf.GradientTape() as tape:
        images = tf.constant(seen(pixels)[None].astype(np.float32))
        tape.watch(images)
        logits, (value,) = maps_model(made, [name])(images)
        logit = logits[0, number]
    return np.asarray(tape.gradient(logit, value))


def convolved(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """`same` with zeros, one pixel on each side, and a ReLU."""
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    found = [correlate(padded, kernel[..., k], "valid")[..., 0] for k in range(kernel.shape[-1])]
    return np.maximum(np.stack(found, axis=-1) + bias, 0)


def test_of_a_global_mean_and_a_dense_layer_it_is_the_class_activation_map() -> None:
    """Zhou et al. 2016, 1512.04150: M(x, y) = sum of w_k f_k(x, y). The gradient of the mean is w_k over the number of places."""
    made = network("defaults: {norm: none}\nstem: [conv: 3x3 5 act=relu bias=true]\nhead: [global_avg_pool, dense: $classes]\n")
    pixels = noise()
    head = made.weights["head_dense", "kernel"].astype(np.float64)
    maps = convolved(seen(pixels), made.weights["stem_conv", "kernel"].astype(np.float64), made.weights["stem_conv", "bias"])
    for number in range(3):
        cam = maps @ head[:, number]
        reason = explained(made, pixels, number)
        assert reason.cam is not None
        np.testing.assert_allclose(reason.cam, np.maximum(cam, 0) / 64, rtol=1e-4, atol=1e-6)
        assert reason.logit == pytest.approx(cam.mean() + made.weights["head_dense", "bias"][number], rel=1e-4)


def test_the_gradient_is_of_the_logit_whatever_the_probability() -> None:
    """A class that is all but certain has a probability that nothing moves; its logit's map stays what it was."""
    made = network(MEAN)
    pixels = noise()
    weights = dict(made.weights)
    sure = replace(made, weights=weights | {("head_dense", "bias"): np.array([80, 0, 0], np.float32)})
    before, after = explained(made, pixels, 0), explained(sure, pixels, 0)
    assert after.probability == 1.0
    assert before.cam is not None
    assert before.cam.any()
    np.testing.assert_allclose(after.cam, before.cam, rtol=1e-5)


def test_without_biases_each_block_carries_the_whole_logit() -> None:
    """A network of ReLUs without biases is homogeneous, so gradient times activation adds up to the logit at each cut (Euler)."""
    made = network(RESIDUAL, biased=False)
    for number in range(3):
        reason = explained(made, noise(), number)
        assert [part.block.name for part in reason.parts] == ["stem", "stage1_block1", "stage1_block2", "stage2_block1"]
        assert [part.carries for part in reason.parts] == pytest.approx([reason.logit] * 4, rel=1e-4)
        assert sum(abs(part.share) for part in reason.parts) == pytest.approx(1)


def test_what_a_block_carries_is_what_it_adds_and_what_passes_it() -> None:
    made = network(RESIDUAL)
    graph = predicting(made.graph)
    for block in blocks(graph)[1:]:
        (result,), (added,) = block.results, block.added
        merge = graph.node(graph.node(result).inputs[0].name)
        found = looking(made, [], [result, added, merge.name])(noise(), 1)
        _, values = maps_model(made, [merge.name, added])(seen(noise())[None].astype(np.float32))
        total, own = (np.asarray(each) for each in values)
        slope = slopes(made, noise(), merge.name, 1)
        assert found.sums[result] == pytest.approx(found.sums[added] + float((slope * (total - own)).sum()), rel=1e-4)


def test_what_a_block_adds_is_what_the_logit_changes_with_it() -> None:
    """By hand: the derivative of the logit by a factor before what the block adds, at 1, as a difference."""
    made = network(RESIDUAL)
    pixels = noise(seed=3)
    parts = {part.block.name: part for part in explained(made, pixels, 2).parts}
    for name in ("stage1_block1", "stage1_block2", "stage2_block1"):
        last = parts[name].block.added[0]
        logits = []
        for factor in (1.001, 0.999):
            scaled = {key: array * factor if key[0] == last else array for key, array in made.weights.items()}
            model = keras_model(replace(made, weights={key: array.astype(np.float32) for key, array in scaled.items()}))
            logits.append(float(np.asarray(model(seen(pixels)[None].astype(np.float32)))[0, 2]))
        assert parts[name].adds == pytest.approx((logits[0] - logits[1]) / 0.002, rel=0.02, abs=2e-3)


@pytest.mark.parametrize("train", ["train: {precision: mixed_bfloat16}", "train: {precision: mixed_float16, freeze: [stem]}", "memory: recompute"])
def test_how_it_was_trained_changes_nothing(train: str) -> None:
    """Frozen layers have gradients at their maps, and the maps are float32 as in the tests of the training."""
    plain, other = network(RESIDUAL), network(f"{RESIDUAL}{train}\n")
    first, second = explained(plain, noise(), 1), explained(other, noise(), 1)
    assert first.cam is not None
    assert second.cam is not None
    np.testing.assert_array_equal(first.cam, second.cam)
    assert first.parts == second.parts


@pytest.mark.parametrize("text", [
    "stem: [conv: 3x3 8, conv: 3x3 8 groups=2 act=prelu, shuffle: {groups: 2}, depthwise: 3x3 /2, dropout: 0.1]\nhead: [global_avg_pool, dense: $classes]\n",
    "stem: [conv: 4x4 8 /4, attention: {heads: 2, key: 4}, norm: layer_norm]\nhead: [global_avg_pool, dense: $classes]\n",
    "stem: [conv: 3x3 8, max_pool: 2x2 /2, gate: [global_avg_pool, dense: 4, act: relu, dense: 8, act: sigmoid]]\nhead: [flatten, dense: $classes]\n",
    "stem: [conv: 3x3 8 act=gelu]\nhead: [conv: 1x1 $classes linear, global_avg_pool]\n",
])
def test_networks_of_all_kinds_are_looked_into(text: str) -> None:
    """Groups, attention, gates, a flattened map, and logits that are the mean of a map of classes."""
    made = network(text)
    graph = predicting(made.graph)
    at = last_map(graph)
    found = looking(made, [at], [at])(noise(), 1)
    assert found.maps[at].shape == graph.node(at).output.type.shape[:2]
    assert found.sums[at] != 0


def test_of_logits_that_are_the_mean_of_a_map_it_is_that_map() -> None:
    made = network("stem: [conv: 3x3 8]\nhead: [conv: 1x1 $classes linear, global_avg_pool]\n")
    at = last_map(predicting(made.graph))
    found = looking(made, [at], [at])(noise(), 1)
    assert found.sums[at] == pytest.approx(found.logit, rel=1e-5)


def test_the_logit_is_that_of_the_model() -> None:
    made = network(MEAN)
    logits = np.asarray(keras_model(made)(seen(noise())[None].astype(np.float32)))[0]
    assert [explained(made, noise(), number).logit for number in range(3)] == pytest.approx(list(logits), rel=1e-5)
