"""The workers of one training as this process sees them: alone, or joined with the others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from archspec.io.signals import interrupt
from archspec.spec.recipe import Recipe
from archspec.train.devices import strategy as strategies
from archspec.train.devices.cluster import ALONE, Cluster
from archspec.train.devices.join import WAIT_SECONDS, compare, meet, states
from archspec.train.devices.share import told
from archspec.train.devices.strategy import Within
from archspec.train.devices.vote import Vote
from archspec.train.devices.watch import Watch

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
        if self.watch is None:
            return text
        with self.watch.over():
            found = told(self.strategy, text)
        self.watch.move()
        return found

    def compare(self, own: str, what: str) -> None:
        """Raises InputError at each worker whose text is another than the chief's."""
        if self.watch is not None:
            compare(self.cluster, own, what)

    def summed(self, step: Callable[..., tf.Tensor], within: Within = nullcontext, *,
               jit: bool = False) -> Callable[[Any], tf.Tensor]:
        """A compiled step of which all devices of all workers do a part; see strategy.summed."""
        watch = self.watch
        if watch is None:
            return strategies.summed(self.strategy, step, within, jit=jit)
        compiled = strategies.summed_by_workers(self.strategy, step, within)

        def run(batch: Any) -> tf.Tensor:
            with watch.over():
                sums, votes = compiled(batch, tf.constant(self.vote.own, tf.float64))
            watch.move()
            self.vote.count(votes)
            return sums
        return run

    def leave(self) -> None:
        """The work that all do together is over: from now on this worker does without the others, and they without it."""
        if self.watch is not None and not self.watch.stopped:
            self.watch.stop()
            meet("end", LEAVING_SECONDS)


def gathered(recipe: Recipe, cluster: Cluster = ALONE, wait: int = WAIT_SECONDS) -> Team:
    """The team of a recipe, when all workers have come. Raises what make_strategy does."""
    if not cluster.several:
        return Team(cluster, strategies.make_strategy(recipe), Vote())
    strategy = strategies.make_strategy(recipe, cluster, wait)
    interrupt()  # again: TensorFlow has taken SIGTERM for itself, and does nothing about it
    watch = Watch(cluster, states(cluster))
    watch.start()
    return Team(cluster, strategy, Vote(several=True), watch)
