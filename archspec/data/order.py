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


def balanced(seed: int, epoch: int, labels: np.ndarray) -> np.ndarray:
    """So many examples as there are labels, (n,) int64, with every class as often as any other, to one example.

    The images of a class come in turn, none a second time before all have come once; which classes have one example more
    changes from epoch to epoch.
    """
    shuffled = order(seed, epoch, len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    classes, counts = np.unique(labels, return_counts=True)
    share, more = divmod(len(labels), len(classes))
    wanted = share + (order(seed, epoch, len(classes)) < more)
    starts = np.cumsum(counts) - counts
    within = np.concatenate([np.arange(each) for each in wanted]) % np.repeat(counts, wanted)
    chosen: np.ndarray = by_class[np.repeat(starts, wanted) + within]
    return np.asarray(chosen[order(seed, epoch + (1 << 32), len(labels))])


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


def batched(examples: np.ndarray, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """An epoch's examples in batches, (steps, batch) int64, and whether each counts, (steps, batch) bool.

    The last batch is filled up with those that stand at the same places in the first, which do not count: so no image is in
    it twice and no shard reads another's. Where there are fewer examples than places they repeat, as evenly as can be.
    """
    size = len(examples)
    found = np.arange(-(-size // batch) * batch)
    counts = found < size
    found[size:] %= batch if size >= batch else size
    return examples[found].reshape(-1, batch), counts.reshape(-1, batch)


def repeated(examples: np.ndarray, batch: int, copies: int) -> np.ndarray:
    """The same number of examples, each `copies` times in a batch and so many fewer of them (Hoffer et al., 1901.09335).

    Copies do not stand side by side: what mixes neighbours would mix an image with itself.
    """
    if copies == 1:
        return examples
    steps, distinct = -(-len(examples) // batch), -(-batch // copies)
    rows = np.resize(examples, steps * distinct).reshape(steps, distinct)
    return np.tile(rows, (1, copies))[:, :batch].ravel()[:len(examples)]


def occurrences(examples: np.ndarray) -> np.ndarray:
    """How often each of them has come before, (n,) int64: the first time 0."""
    by_example = np.argsort(examples, kind="stable")
    ordered = examples[by_example]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.zeros(0, np.int64)
    found = np.empty(len(examples), np.int64)
    found[by_example] = np.arange(len(examples)) - np.repeat(first, np.diff(np.r_[first, len(examples)]))
    return found
