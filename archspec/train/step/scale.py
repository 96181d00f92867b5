"""The scale of the loss: what a gradient is computed with, so that its numbers lie where their type holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import keras
import tensorflow as tf


class Scale(Protocol):
    """Made inside the strategy's scope."""

    variables: Mapping[str, keras.Variable]
    """By name: a group of the state."""

    def loss(self, loss: tf.Tensor) -> tf.Tensor:
        """What is derived in the loss's place."""
        ...

    def gradients(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """The loss's own gradient, from the one that was derived, summed over devices."""
        ...

    def step(self, gradients: Sequence[tf.Tensor], held: Sequence[keras.Variable], change: Callable[[], None]) -> None:
        """Does the change by these gradients, unless it must not be; `held` is all that it changes."""
        ...


class Unscaled:
    """The loss as it is."""

    variables: Mapping[str, keras.Variable] = MappingProxyType({})

    def loss(self, loss: tf.Tensor) -> tf.Tensor:
        """The same."""
        return loss

    def gradients(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """The same."""
        return gradients

    def step(self, gradients: Sequence[tf.Tensor], held: Sequence[keras.Variable], change: Callable[[], None]) -> None:
        """Does it: a gradient that is no number ends the training."""
        change()


UNSCALED = Unscaled()
