"""The scale of the loss: what a gradient is computed with, so that its numbers lie where their type holds them."""

from __future__ import annotations

from typing import Protocol

import tensorflow as tf


class Scale(Protocol):
    """Made inside the strategy's scope; its variables are a group of the state."""

    def loss(self, loss: tf.Tensor) -> tf.Tensor:
        """What is derived in the loss's place."""
        ...

    def gradients(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """The loss's own gradient, from the one that was derived, summed over devices."""
        ...

    def update(self, finite: tf.Tensor) -> None:
        """Takes notice of a step, () bool: whether all its gradients were numbers. One that was not has changed nothing."""
        ...


class Unscaled:
    """The loss as it is."""

    def loss(self, loss: tf.Tensor) -> tf.Tensor:
        """The same."""
        return loss

    def gradients(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """The same."""
        return gradients

    def update(self, finite: tf.Tensor) -> None:
        """Nothing to learn from it: such a step ends the training."""


UNSCALED = Unscaled()
