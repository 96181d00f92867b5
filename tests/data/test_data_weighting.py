"""The weights of classes: of which there are, and of images that are mixed with one of another class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from archspec.data.augment.mixing import Mixed
from archspec.data.sources import load_data
from archspec.data.weighting import blended_weights, class_weights
from archspec.errors import InputError
from archspec.evaluate.loss import cross_entropy
from archspec.spec.data import Synthetic
from archspec.spec.recipe import Recipe
from archspec.train.blend import blended


def test_each_label_of_a_mixed_image_counts_with_the_weight_of_its_own_class() -> None:
    weights, share = tf.constant([1.0, 7.0, 0.0, 0.0]), np.float32([0.25, 0.9, 0.5, 0.5])
    truths, logits = tf.eye(4), tf.constant(np.random.default_rng(0).normal(size=(4, 4)), tf.float32)
    mixed = Mixed(tf.ones(4), tf.zeros((4, 4), tf.int32), tf.constant(share))
    found, blend = blended_weights(weights, (mixed,))
    counted = found * cross_entropy(blended(tf.zeros((4, 1, 1, 1)), truths, blend)[1], logits)
    losses = [[cross_entropy(truths[of:of + 1], logits[at:at + 1]).numpy()[0] for of in (at, at ^ 1)] for at in range(4)]
    wanted = [share[at] * weights[at] * losses[at][0] + (1 - share[at]) * weights[at ^ 1] * losses[at][1] for at in range(4)]
    np.testing.assert_allclose(counted, wanted, rtol=1e-5)


def test_no_image_with_a_weight_is_refused() -> None:
    data = load_data(Synthetic(classes=2, train=4, test=2, height=8, width=8))
    with pytest.raises(InputError) as refused:
        class_weights(replace(Recipe(), class_weights=dict.fromkeys(data.classes, 0.0)), data)
    assert str(refused.value) == ("train.class_weights: all training images are of classes with the weight 0: nothing is learnt\n"
                                  "  hint: a weight above 0 for one of them at least")
