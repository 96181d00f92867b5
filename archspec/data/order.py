"""The order of an epoch, and which part of it a process sees: a function of seed and epoch, and of nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def order(seed: int, epoch: int, size: int) -> np.ndarray:
    """A permutation of 0 to size - 1, (size,) int64; another for each seed and each epoch.

    Sorts random numbers of Philox (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011), whose raw stream
    NumPy promises never to change. `Generator.permutation` has no such promise, and the orders of two epochs by
    `tf.random.experimental.index_shuffle` correlate.
    """
    numbers = np.random.Philox(key=np.array([seed, epoch], np.uint64)).random_raw(size)
    return np.argsort(numbers, kind="stable")


@dataclass(frozen=True)
class Shard:
    """One of `of` processes that share the images out: each takes its part of every batch and reads no other's image."""

    rank: int
    of: int

    def part(self, batch: int) -> slice:
        """Which places of a batch are this shard's. Raises ValueError unless all parts are equal."""
        if batch % self.of or not 0 <= self.rank < self.of:
            raise ValueError(f"part {self.rank} of {self.of} of a batch of {batch}")
        part = batch // self.of
        return slice(self.rank * part, (self.rank + 1) * part)


ALL = Shard(0, 1)


def places(size: int, batch: int) -> np.ndarray:
    """(steps, batch) int64: which of an epoch's `size` examples stand in each batch.

    The last batch is filled up with those that stand at the same places in the first, so that no image is in it twice
    and no shard reads another's; where there are fewer examples than places they repeat, as evenly as can be.
    """
    steps = -(-size // batch)
    found = np.arange(steps * batch)
    found[size:] %= batch if size >= batch else size
    return found.reshape(steps, batch)
