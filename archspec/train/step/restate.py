"""Statistics of batch norms over training images, once the weights have their last values (1512.03385, section 3.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from archspec.model.norm import only
from archspec.preprocess.pixels import normalize
from archspec.preprocess.rule import Preprocess
from archspec.train.devices.strategy import norms, statistics
from archspec.train.devices.team import Team
from archspec.train.step.blend import blended


class Restate:
    """Becomes the mean over batches of what each batch's statistics are."""

    def __init__(self, team: Team, model: keras.Model, rule: Preprocess,
                 within: Callable[[keras.Model], AbstractContextManager[None]], partial: bool = False) -> None:
        """`within` is what a step of training is traced in; `partial`: the batches are filled up."""
        self._variables, self._strategy = statistics(model), team.strategy

        def run(images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, blend: Any) -> None:
            inputs = normalize(images, rule)
            with only(weights) if partial else nullcontext():
                model(blended(inputs, tf.zeros((tf.shape(inputs)[0], 1)), blend)[0], training=True)

        @contextmanager
        def inside() -> Iterator[None]:
            with forgetful(model), within(model):
                yield
        self._run, self._gather = team.everywhere(run, inside), team.averaging(self._variables)

    def act(self, batches: Iterator[Any], between: Callable[[], None]) -> None:
        """Over all of these batches; `between` is called after each."""
        total, count = [np.zeros(each.shape) for each in self._variables], 0
        for batch in batches:
            self._run(*batch)
            self._gather()
            total = [found + each.numpy() for found, each in zip(total, self._variables, strict=True)]
            count += 1
            between()
        with self._strategy.scope():
            for each, found in zip(self._variables, total, strict=True):
                each.assign((found / count).astype(np.float32))


@contextmanager
def forgetful(model: keras.Model) -> Iterator[None]:
    """While it lasts, and for what is traced in it, moving statistics become those of the batch."""
    before = [layer.momentum for layer in norms(model)]
    for layer in norms(model):
        layer.momentum = 0.0
    try:
        yield
    finally:
        for layer, momentum in zip(norms(model), before, strict=True):
            layer.momentum = momentum
