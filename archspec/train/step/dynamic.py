"""The scale of the loss for float16, whose numbers end at 65,504 and at 2⁻²⁴ (Micikevicius et al. 2017, 1710.03740)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf

from archspec.train.step.scale import UNSCALED, Scale

FIRST, LEAST, MOST = 2.0**15, 1.0, 2.0**24
PATIENCE = 2000
"""Steps after which the scale is doubled, as everywhere."""


class Dynamic:
    """As large a scale as gradients bear: halved after one that is not finite, doubled after many that were.

    It looks at the gradient of the whole batch, so that all devices decide alike; Keras's LossScaleOptimizer looks at one
    device's. Powers of 2 change no digit.
    """

    def __init__(self) -> None:
        """To be made inside the strategy's scope."""
        self.value = keras.Variable(FIRST, dtype="float32", trainable=False, name="loss_scale")
        self.good = keras.Variable(0, dtype="int32", trainable=False, name="good_steps")
        self.variables: Mapping[str, keras.Variable] = {each.name: each for each in (self.value, self.good)}

    def loss(self, loss: tf.Tensor) -> tf.Tensor:
        """What is derived in the loss's place."""
        return loss * self.value

    def gradients(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """The loss's own gradient, from the one that was derived."""
        return [gradient / self.value for gradient in gradients]

    def step(self, gradients: Sequence[tf.Tensor], held: Sequence[keras.Variable], change: Callable[[], None]) -> None:
        """Does the change, and takes it back in the variables if a gradient is not finite; then follows with the scale.

        At the least scale it is not taken back: such a gradient is the training's own, which ends by it.
        """
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(gradient)) for gradient in gradients])
        stays = finite | (self.value.value <= LEAST)
        before = [tf.identity(variable.value) for variable in held]
        change()
        for variable, old in zip(held, before, strict=True):
            variable.assign(tf.where(stays, variable.value, old))
        self._follow(finite)

    def _follow(self, finite: tf.Tensor) -> None:
        good = tf.where(finite, self.good.value + 1, 0)
        doubled = tf.where(good >= PATIENCE, self.value.value * 2, self.value.value)
        self.value.assign(tf.clip_by_value(tf.where(finite, doubled, self.value.value / 2), LEAST, MOST))
        self.good.assign(good % PATIENCE)


def make_scale(precision: str) -> Scale:
    """What a precision needs: float16 alone has too few exponents for gradients."""
    return Dynamic() if precision == "mixed_float16" else UNSCALED
