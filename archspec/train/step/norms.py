"""How long a step's gradient is, and how far the step moves the weights: measured where it is told, and in no other step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import tensorflow as tf

from archspec.io.numbers import is_number

GRADIENT, UPDATE = "gradient_norm", "update_norm"
"""Their names in a row."""


class Norms:
    """The Euclidean lengths, over all weights that learn together. Made inside the strategy's scope.

    The gradient is the loss's own, the mean over a whole batch: of all devices and micro-batches, without the scale of half
    precision, before it is clipped and before weights decay. The update is all that a step does to the weights.
    """

    def __init__(self, model: keras.Model, strategy: tf.distribute.Strategy) -> None:
        self._model, self._strategy = model, strategy
        self._wanted = tf.Variable(False, trainable=False)
        self._gradient = tf.Variable(0.0, trainable=False, synchronization=tf.VariableSynchronization.ON_READ,
                                     aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)

    def see(self, gradients: list[tf.Tensor]) -> None:
        """Inside a step: notes how long they are, if that is wanted. All devices have the same."""
        self._gradient.assign(tf.cond(self._wanted, lambda: tf.linalg.global_norm(gradients), lambda: tf.constant(0.0)))

    @contextmanager
    def measuring(self, found: dict[str, float]) -> Iterator[None]:
        """Around a step: puts into `found` what it comes to, and waits for the device.

        What is not finite is left out: a step of half precision whose scale was too great has no gradient, and moves nothing.
        """
        before = self._weights()
        self._want(True)
        yield
        self._want(False)
        measured = {GRADIENT: float(self._gradient.numpy()), UPDATE: float(self._moved(before))}
        found.update({name: value for name, value in measured.items() if is_number(value)})

    def _want(self, wanted: bool) -> None:
        with self._strategy.scope():
            self._wanted.assign(wanted)

    def _weights(self) -> list[tf.Tensor]:
        """A copy of the weights, made by the device: see TrainState.copy."""
        return [tf.convert_to_tensor(variable.value) for variable in self._model.trainable_variables]

    def _moved(self, before: list[tf.Tensor]) -> tf.Tensor:
        """How far the weights are from such a copy."""
        return tf.linalg.global_norm([now - old for now, old in zip(self._weights(), before, strict=True)])
