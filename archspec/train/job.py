"""A job: the network, the data and the devices of one training, made ready and checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from archspec.data.index import Index, index_of
from archspec.data.pipeline import Pipeline
from archspec.data.source import Source
from archspec.data.sources import load
from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.model.emit import build
from archspec.preprocess.rule import Preprocess, Shape, preprocess_of
from archspec.spec.recipe import Init, Recipe
from archspec.train import optimizer as optimizers
from archspec.train import strategy as strategies
from archspec.train.steps import EVALUATED, EvaluateStep, TrainStep
from archspec.weights.load import Wanted, fill, planned, refuse


@dataclass(frozen=True)
class Job:
    """Everything that a training needs. `train_step` and `evaluate_step` take a distributed batch and return sums."""

    recipe: Recipe
    rule: Preprocess
    data: Source
    index: Index
    training: Pipeline
    testing: Pipeline
    strategy: tf.distribute.Strategy
    model: keras.Model
    optimizer: keras.optimizers.SGD
    train_step: Callable[[Any], tf.Tensor]
    evaluate_step: Callable[[Any], tf.Tensor]
    initialize: Callable[[], None]
    """Gives the model the weights that the recipe's `init` names; nothing without one. For a run that begins."""

    @property
    def steps(self) -> int:
        """Of the whole training."""
        return self.recipe.epochs * self.training.steps

    @property
    def variables(self) -> dict[str, keras.Variable]:
        """All that a step changes, by a name that a checkpoint can keep."""
        # by number and name, not by path: Keras counts seed generators and optimizers over the process
        groups = {"model": self.model.variables, "optimizer": self.optimizer.variables}
        return {f"{group}/{index:05d}/{variable.name}": variable
                for group, variables in groups.items() for index, variable in enumerate(variables)}

    def batches(self, start: int) -> Any:
        """An iterator over the batches of the training from a step on."""
        return iter(strategies.distributed(self.strategy, self.training.training(start)))

    def evaluate(self) -> np.ndarray:
        """Sums as in steps.EVALUATED over the test images."""
        sums = np.zeros(len(EVALUATED))
        batches = iter(strategies.distributed(self.strategy, self.testing.evaluation()))
        for step in range(self.testing.steps):
            sums += self.evaluate_step(self.testing.next(batches, step, training=False)).numpy()
        return sums


def prepare(recipe: Recipe, graph: Graph, blocks: tuple[str, ...] = ()) -> Job:
    """Finds the data, builds the model on the devices. Raises InputError where something does not fit.

    `blocks` are those of the stages, by which weights from elsewhere find their mapping.
    """
    rule = preprocess_of(recipe, _fixed(graph))
    data = load(recipe.data)
    data.check(graph.output.type.channels)
    index = index_of(data)
    training, testing = (Pipeline(split, rule, recipe) for split in (data.train, data.test))
    strategy = strategies.make(recipe.strategy, recipe.batch)
    keras.utils.set_random_seed(recipe.seed)
    with strategy.scope():
        model = build(graph, auxiliary=bool(graph.auxiliary))
        optimizer = optimizers.make(recipe, training.steps, model)
    train_step = TrainStep(model, optimizer, recipe, 1 / strategy.num_replicas_in_sync)
    return Job(recipe, rule, data, index, training, testing, strategy, model, optimizer,
               strategies.summed(strategy, train_step), strategies.summed(strategy, EvaluateStep(model)),
               partial(_initialize, recipe.init, graph, blocks, model, strategy))


def _initialize(init: Init | None, graph: Graph, blocks: tuple[str, ...], model: keras.Model,
                strategy: tf.distribute.Strategy) -> None:
    """Fills the model from the file that `init` names. Raises InputError where the two do not fit."""
    if init is None:
        return
    path = Path(init.weights)
    wanted = Wanted(init.layout, init.new_head, init.partial, bool(graph.auxiliary))
    with strategy.scope(), planned(graph, blocks, path, wanted) as plan:
        refuse(plan, graph, path, wanted)
        fill(model, plan)


def _fixed(graph: Graph) -> Shape:
    height, width, channels = graph.input.type.shape
    if height is None or width is None or channels is None:
        raise InputError(f"training needs images of one size, but the input is {graph.input.type}\n"
                         f"  hint: --set input=224x224x{channels}")
    return height, width, channels
