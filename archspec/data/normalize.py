"""What stands between pixels and the network, the same in training, evaluation and serving."""

from __future__ import annotations

import tensorflow as tf

from archspec.errors import InputError
from archspec.spec.recipe import Normalize


def normalize(images: tf.Tensor, how: Normalize) -> tf.Tensor:
    """(..., channels) float32 pixels from 0 to 255 to the network's input, by the recipe's mean and std."""
    return (images - tf.constant(how.mean, tf.float32)) * tf.constant([1 / std for std in how.std], tf.float32)


def check_channels(how: Normalize, channels: int) -> None:
    """Raises InputError unless there is one number, or one a channel."""
    for key in ("mean", "std"):
        count = len(getattr(how, key))
        if count not in (1, channels):
            raise InputError(f"train.normalize.{key} has {count} numbers, but the input has {channels} channel(s)\n"
                             "  hint: write one number, or one a channel")
