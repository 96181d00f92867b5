"""A job: the network, the data and the devices of one training; prepare.py makes it ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from archspec.data.check import Checked
from archspec.data.index import Index
from archspec.data.pipeline import Pipeline
from archspec.data.source import Source
from archspec.evaluate.evaluator import Evaluator
from archspec.preprocess.rule import Preprocess
from archspec.spec.recipe import Recipe
from archspec.train.devices import strategy as strategies
from archspec.train.devices.cluster import Cluster
from archspec.train.devices.team import Team
from archspec.train.devices.vote import Vote
from archspec.train.faults import computing
from archspec.train.progress import Row
from archspec.train.saving.checkpoint import Misfit, Snapshot
from archspec.train.state import TrainState
from archspec.train.step.average import Average
from archspec.train.step.norms import Norms
from archspec.train.step.restate import Restate
from archspec.train.step.schedule import LearningRate

Say = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """Everything that a training needs. `train_step` and `evaluate_step` take a distributed batch and return sums."""

    recipe: Recipe
    rule: Preprocess
    data: Source
    checked: Checked
    training: Pipeline
    testing: Pipeline
    team: Team
    model: keras.Model
    state: TrainState
    evaluator: Evaluator
    train_step: Callable[[Any], tf.Tensor]
    evaluate_step: Callable[[Any], tf.Tensor]
    initialize: Callable[[Say], None]
    """Gives the model the weights that the recipe's `init` names, and says what is to be known of them; nothing without one.
    For a run that begins."""
    shown: keras.Model
    """What is tested and exported: the model, or the average of its weights."""
    average: Average | None
    frozen: frozenset[str]
    """The layers that do not learn, or not from the start."""
    restate: Restate | None
    norms: Norms
    rate: LearningRate

    @property
    def cluster(self) -> Cluster:
        """The workers."""
        return self.team.cluster

    @property
    def strategy(self) -> tf.distribute.Strategy:
        """The devices of all of them."""
        return self.team.strategy

    @property
    def vote(self) -> Vote:
        """Whether it is to stop."""
        return self.team.vote

    @property
    def index(self) -> Index:
        """Of the data."""
        return self.checked.index

    @property
    def steps(self) -> int:
        """Of the whole training."""
        return self.recipe.epochs * self.training.steps

    def restore(self, snapshot: Snapshot) -> None:
        """Takes up the state that was saved. Raises Misfit if it is of another network or another length."""
        step, history = snapshot.progress["step"], snapshot.progress["history"]
        epoch, within = divmod(step, self.training.steps)
        # at the end of an epoch it is saved before it is tested
        if step > self.steps or not epoch - (not within) <= len(history) <= epoch:
            raise Misfit(f"it stands at step {step} of {self.steps}, with {len(history)} epochs tested")
        with self.strategy.scope():
            self.state.restore(snapshot)
            self.rate.follow(self.state.progress.history)

    def end_epoch(self, row: Row) -> None:
        """Takes up the row of the epoch that is done."""
        self.state.progress.end_epoch(row)
        with self.strategy.scope():
            self.rate.follow(self.state.progress.history)

    @property
    def averaged(self) -> bool:
        """Whether the average of the weights is tested, and not the model."""
        return self.shown is not self.model

    def shown_in(self, history: Sequence[Row]) -> list[Row]:
        """The rows of the epochs whose test was of what is shown now, and not of the average or the weights in its place."""
        return [row for row in history if row.get("averaged", self.averaged) == self.averaged]

    def skip(self, steps: int) -> None:
        """Leaves out so many steps: they count for the learning rate, and nothing is learned in them."""
        with self.strategy.scope():
            for name, variable in self.state.groups["optimizer"].items():
                if name.endswith("/iteration"):
                    variable.assign_add(steps)
        self.state.progress.skip(steps)

    @property
    def form(self) -> tuple[bool, bool]:
        """Of the step that comes: whether it is the last of an epoch and its batch not full; whether all layers learn.

        The first step of each form is compiled.
        """
        step, freeze = self.state.progress.step, self.recipe.freeze
        return self.training.is_partial(step), freeze is not None and freeze.is_over(step, self.training.steps)

    def batches(self, start: int) -> Iterator[Any]:
        """The batches of the training from a step on."""
        found: Iterator[Any] = iter(strategies.distributed(self.strategy, self.training.training(start)))
        return found

    def next(self, batches: Iterator[Any]) -> Any:
        """The batch of the step that comes. Raises InputError for an image that cannot be read."""
        return self.training.next(batches, self.state.progress.step, training=True)

    def train(self, batch: Any) -> tf.Tensor:
        """One step: the sums of progress.TRAINED. Raises InputError if memory does not suffice; the state is lost then."""
        progress = self.state.progress
        progress.norms, step = {}, progress.step + 1
        measuring = self.norms.measuring(progress.norms) if self._told(step) else nullcontext()
        with computing(self.recipe.batch), measuring:
            sums = self.train_step(batch)
        if self.average:
            self.average.follow(step)
        return sums

    def _told(self, step: int) -> bool:
        """Whether it is said of a step how long its gradient was: of those that `log.steps` names, and the last of an epoch."""
        every = self.recipe.log.steps
        return step % self.training.steps == 0 or (every > 0 and step % every == 0)

    def settle(self, check: Callable[[], None]) -> None:
        """At the end: statistics of batch norms as the recipe wants them. They are not saved: no step is taken with them.

        `check` is called after each batch. Raises InputError as `next` and `train`.
        """
        if self.restate:
            with computing(self.recipe.batch):
                self.restate.act(islice(self._whole(), -(-self.recipe.recompute_statistics // self.recipe.batch)), check)

    def _whole(self) -> Iterator[Any]:
        """The batches from the first step on in which every image counts; all, where there is none such."""
        batches = self.batches(0)
        for step in range(self.steps):
            batch = self.training.next(batches, step, training=True)
            if not self.training.is_partial(step) or self.training.steps == 1:
                yield batch

    def evaluate(self, between: Callable[[int], None]) -> Iterator[tuple[str, float]]:
        """(name, value) over the test images. `between` is called after each batch with the number of those done."""
        total: Any = 0.0
        for done, sums in enumerate(self.tested(), start=1):
            total = total + sums
            between(done)
        yield from self.evaluator.results(total)

    @cached_property
    def _tests(self) -> Any:
        """Made once: TensorFlow keeps something of every data set that has been made."""
        return strategies.distributed(self.strategy, self.testing.evaluation())

    def tested(self) -> Iterator[np.ndarray]:
        """The evaluator's sums, batch by batch. Raises InputError as `next` and `train` do."""
        batches = iter(self._tests)
        for step in range(self.testing.steps):
            batch = self.testing.next(batches, step, training=False)
            with computing(self.recipe.batch):
                yield self.evaluate_step(batch).numpy()
