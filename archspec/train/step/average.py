"""A moving average of a network's weights: a second network, which is tested and exported, and never trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras
import tensorflow as tf

from archspec.spec.updates import Ema
from archspec.train.devices.strategy import everywhere

Pair = tuple[keras.Variable, keras.Variable]


@dataclass(frozen=True)
class Average:
    """`model` holds it; `update` takes up the trained weights, of which a share `decay`, () float32, is not taken."""

    ema: Ema
    model: keras.Model
    update: Callable[[tf.Tensor], None]

    @property
    def variables(self) -> dict[str, keras.Variable]:
        """A group of the training's state."""
        return {variable.path: variable for variable in self.model.weights}

    def start(self) -> None:
        """Becomes the weights as they are."""
        self.update(tf.constant(0.0))

    def follow(self, step: int) -> None:
        """Takes the weights up after so many steps, if it is time: average = decay · average + (1 - decay) · weight."""
        count, between = divmod(step, self.ema.every)
        if not between:
            most = (1 + count) / (10 + count) if self.ema.warmup else 1.0
            self.update(tf.constant(min(self.ema.decay, most)))


def average(ema: Ema, trained: keras.Model, model: keras.Model, strategy: tf.distribute.Strategy) -> Average:
    """The average of a trained model in another one of the same layers, which may have fewer. Both made in the scope."""
    pairs = list(_pairs(trained, model))

    def update(decay: tf.Tensor) -> None:
        for own, mean in pairs:
            kept = decay if ema.buffers or mean.trainable else 0.0
            mean.assign(kept * mean.value + (1 - kept) * own.value)
    return Average(ema, model, everywhere(strategy, update))


def _pairs(trained: keras.Model, model: keras.Model) -> Iterator[Pair]:
    """Each weight beside its average."""
    weights = {variable.path: variable for variable in trained.weights}
    return ((weights[variable.path], variable) for variable in model.weights)
