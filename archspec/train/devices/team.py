"""The workers of one training as this process sees them: alone, or joined with the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import keras
import tensorflow as tf

from archspec.io.signals import interrupt
from archspec.spec.recipe import Recipe
from archspec.train.devices import strategy as strategies
from archspec.train.devices.cluster import ALONE, Cluster
from archspec.train.devices.join import WAIT_SECONDS, Service, compare, meet
from archspec.train.devices.share import told
from archspec.train.devices.strategy import Within
from archspec.train.devices.vote import Vote
from archspec.train.devices.watch import Watch

Given = ParamSpec("Given")
Found = TypeVar("Found")
LEAVING_SECONDS = 600
"""So long a worker that is done waits for the others to be, too: the chief may be saving."""


@dataclass(frozen=True)
class Team:
    """Who trains together, and on what."""

    cluster: Cluster
    strategy: tf.distribute.Strategy
    vote: Vote
    watch: Watch | None = None

    def tell(self, text: bytes) -> bytes:
        """What the chief brings, at every worker. All have to call it."""
        return text if self.watch is None else _watched(self.watch, told)(self.strategy, text)

    def compare(self, own: str, what: str) -> None:
        """Raises InputError at each worker whose text is another than the chief's."""
        if self.watch is not None:
            _watched(self.watch, compare)(self.cluster, own, what)

    def summed(self, step: Callable[..., tf.Tensor], within: Within = nullcontext, *,
               jit: bool = False) -> Callable[[Any], tf.Tensor]:
        """A compiled step of which all devices of all workers do a part; see strategy.summed.

        Among several workers it also counts the votes. It is waited for, so that a watch knows who waits for the others.
        """
        watch = self.watch
        if watch is None:
            return strategies.summed(self.strategy, step, within, jit=jit)
        compiled = strategies.summed_by_workers(self.strategy, step, within)

        def run(batch: Any) -> tf.Tensor:
            with watch.together():
                sums, votes = compiled(batch, tf.constant(self.vote.own, tf.float64))
                self.vote.count(float(votes))
            return sums
        return run

    def everywhere(self, act: Callable[..., None], within: Within = nullcontext) -> Callable[..., None]:
        """A compiled function that does the same on every device of all workers; see strategy.everywhere."""
        return _watched(self.watch, strategies.everywhere(self.strategy, act, within))

    def averaging(self, variables: Sequence[keras.Variable]) -> Callable[[], None]:
        """Gives every device of all workers the mean of what the devices hold; see strategy.averaging."""
        return _watched(self.watch, strategies.averaging(self.strategy, variables))

    def leave(self) -> None:
        """The work that all do together is over: from now on this worker does without the others, and they without it."""
        if self.watch is not None and not self.watch.stopped:
            self.watch.stop()
            meet("end", LEAVING_SECONDS)


def _watched(watch: Watch | None, work: Callable[Given, Found]) -> Callable[Given, Found]:
    """Work that all workers do together."""
    if watch is None:
        return work

    def run(*given: Given.args, **named: Given.kwargs) -> Found:
        with watch.together():
            return work(*given, **named)
    return run


def gathered(recipe: Recipe, cluster: Cluster = ALONE, wait: int = WAIT_SECONDS) -> Team:
    """The team of a recipe, when all workers have come. Raises what make_strategy does."""
    if not cluster.several:
        return Team(cluster, strategies.make_strategy(recipe), Vote())
    strategy = strategies.make_strategy(recipe, cluster, wait)
    interrupt()  # again: TensorFlow has taken SIGTERM for itself, and does nothing about it
    watch = Watch(cluster, Service(cluster))
    watch.start()
    return Team(cluster, strategy, Vote(several=True), watch)
