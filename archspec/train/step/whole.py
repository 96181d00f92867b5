"""The steps of a training, compiled: which there are, and which is whose batch's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from archspec.data.pipeline import Pipeline
from archspec.model.norm import by_keras
from archspec.preprocess.rule import Preprocess
from archspec.spec.recipe import Recipe
from archspec.train.devices.strategy import norms, together
from archspec.train.devices.team import Team
from archspec.train.progress import Progress
from archspec.train.step.accumulate import accumulated
from archspec.train.step.frozen import frozen
from archspec.train.step.restate import Restate
from archspec.train.step.steps import EvaluateStep, TrainStep

Compiled = Callable[[Any], tf.Tensor]
"""Takes a distributed batch, returns sums."""


@dataclass(frozen=True)
class Compiler:
    """Compiles a training's steps for its devices, by XLA with `jit`.

    The layers `still` do not learn, or not from the start.
    """

    recipe: Recipe
    team: Team
    still: frozenset[str]
    jit: bool

    def train(self, step: TrainStep, progress: Progress, training: Pipeline) -> Compiled:
        """The step of a batch; where layers learn from an epoch on, one before it and another after it."""
        before, freeze = self._compiled(step, training, self.still), self.recipe.freeze
        after = self._compiled(step, training, frozenset()) if freeze is not None and freeze.until else before
        if before is after and len(before) == 1:
            return before[0]

        def run(batch: Any) -> tf.Tensor:
            learns = freeze is not None and freeze.is_over(progress.step, training.steps)
            return (after if learns else before)[-1 if training.is_partial(progress.step) else 0](batch)
        return run

    def evaluate(self, step: EvaluateStep) -> Compiled:
        """The step of a batch that is tested."""
        return self.team.summed(step, jit=self.jit)

    def restate(self, model: keras.Model, rule: Preprocess, training: Pipeline) -> Restate:
        """What recomputes statistics: of all norms but those that learn nothing to the end."""
        freeze = self.recipe.freeze
        learns = freeze is not None and 0 < freeze.until < self.recipe.epochs
        within = partial(self._within, names=frozenset() if learns else self.still)
        return Restate(self.team, model, rule, within, training.partial and training.steps == 1)

    def _compiled(self, step: TrainStep, training: Pipeline, names: frozenset[str]) -> list[Compiled]:
        """The step while these layers do not learn, or two: that of full batches, and that of the last one of an epoch.

        That has its own where it is not full and norms would see what fills it up. So all others are as quick as they can be.
        """
        within = partial(self._within, step.model, names)
        kinds = [False, True] if training.partial and norms(step.model) else [training.partial]
        steps = [replace(step, partial=each) for each in kinds]
        if self.recipe.accumulate > 1:
            return accumulated(self.team, steps, self.recipe.accumulate, within)
        return [self.team.summed(each, within, jit=self.jit) for each in steps]

    @contextmanager
    def _within(self, model: keras.Model, names: frozenset[str]) -> Iterator[None]:
        """What a step is traced in: whether norms look at all devices, or are XLA's, and which layers do not learn."""
        several = self.team.strategy.num_replicas_in_sync > 1
        with (together(model, several, several and self.recipe.sync_batch_norm), by_keras(model.layers if self.jit else ()),
              frozen(model, names)):
            yield
