"""Of a class's logit the gradient at the maps of a network: Grad-CAM, and what a map has to do with the logit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from archspec.artifact.artifact import Artifact
from archspec.artifact.keras_model import maps_model
from archspec.errors import InputError
from archspec.preprocess.pixels import normalize


@dataclass(frozen=True)
class Gradients:
    """What the gradient of a class's logit says: of some maps (h, w) float32, of some values a number each, by node."""

    logit: float
    maps: dict[str, np.ndarray]
    sums: dict[str, float]


Looking = Callable[[np.ndarray, int], Gradients]
"""From pixels (h, w, c) from 0 to 255 and the number of a class. Raises InputError unless all is finite."""


def looking(artifact: Artifact, maps: Sequence[str], sums: Sequence[str]) -> Looking:
    """What takes the gradient of a logit at the nodes of these names, in float32, as the model was tested.

    Each of `maps` becomes its Grad-CAM: relu(sum over k of a_k A_k), where A_k is channel k and a_k the mean of the logit's
    gradient over its places (Selvaraju et al. 2017, 1610.02391, equations 1 and 2; y is the score before the softmax). Each of
    `sums` becomes the sum of gradient times activation over all that it holds (Shrikumar et al. 2016, 1605.01713).
    """
    names = list(dict.fromkeys([*maps, *sums]))
    model, rule = maps_model(artifact, names), artifact.preprocess
    signature = [tf.TensorSpec((1, *rule.shape), tf.float32), tf.TensorSpec((), tf.int32)]

    @tf.function(input_signature=signature, autograph=False)
    def run(images: tf.Tensor, number: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor], list[tf.Tensor]]:
        logits, values = model(normalize(images, rule), training=False)
        logit = logits[0, number]
        slopes = tf.gradients(logit, values, unconnected_gradients="zero")
        found = dict(zip(names, zip(values, slopes, strict=True), strict=True))
        return logit, [_gradcam(*found[name]) for name in maps], [_product(*found[name]) for name in sums]

    def look(pixels: np.ndarray, number: int) -> Gradients:
        logit, cams, products = run(pixels[None].astype(np.float32), np.int32(number))
        found = Gradients(float(logit), {name: np.asarray(cam) for name, cam in zip(maps, cams, strict=True)},
                          {name: float(each) for name, each in zip(sums, products, strict=True)})
        if not np.isfinite([found.logit, *found.sums.values(), *(each.sum() for each in found.maps.values())]).all():
            raise InputError(f"{artifact.name}: the gradient of its logit is no finite number")
        return found
    return look


def _gradcam(value: tf.Tensor, slope: tf.Tensor) -> tf.Tensor:
    """(h, w) of a map (1, h, w, c) and the gradient at it."""
    weights = tf.reduce_mean(slope, axis=(1, 2), keepdims=True)
    return tf.nn.relu(tf.reduce_sum(weights * value, axis=-1))[0]


def _product(value: tf.Tensor, slope: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(value, tf.float64) * tf.cast(slope, tf.float64))
