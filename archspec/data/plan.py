"""Which example stands where: the rows of an epoch, as this process reads them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archspec.data.order import ALL, Shard, balanced, batched, occurrences, order, repeated
from archspec.spec.recipe import Recipe

_INDEX_BITS, _TIMES_BITS = 30, 16


def numbered(epoch: int, times: np.ndarray, examples: np.ndarray) -> np.ndarray:
    """A number for each time that an example is seen, (n,) int64: what is drawn for it at random depends on this alone.

    So it does not depend on the size of batches, on threads, or on how many processes share the work.
    """
    seen = (epoch << _TIMES_BITS) + (times & ((1 << _TIMES_BITS) - 1))
    return np.asarray((seen << _INDEX_BITS) + examples)


@dataclass(frozen=True)
class Plan:
    """The batches of a split whose labels are `labels`, and of each the part that is `shard`'s.

    A row is (number, example, counts): see `numbered`; which example; 0 for what only fills up the last batch of an epoch.
    """

    labels: np.ndarray
    recipe: Recipe
    shard: Shard = ALL

    @property
    def steps(self) -> int:
        """Batches an epoch; the last is filled up, so that all have the same shape and no example is left out."""
        return -(-len(self.labels) // self.recipe.batch)

    @property
    def own(self) -> int:
        """Examples of a batch that this process reads."""
        return self.recipe.batch // self.shard.of

    def training(self, epoch: int, start: int = 0) -> np.ndarray:
        """The rows of an epoch, (n, 3) int64, from step `start` of the whole run on."""
        recipe, size = self.recipe, len(self.labels)
        drawn = order(recipe.seed, epoch, size) if recipe.sampling == "natural" else balanced(recipe.seed, epoch, self.labels)
        return self._rows(epoch, repeated(drawn, recipe.batch, recipe.repeated_augmentation))[
            max(0, start - epoch * self.steps) * self.own:]

    def evaluation(self) -> np.ndarray:
        """Every example once, in order, (n, 3) int64."""
        return self._rows(0, np.arange(len(self.labels)))

    def _rows(self, epoch: int, examples: np.ndarray) -> np.ndarray:
        part = self.shard.part(self.recipe.batch)
        numbers = numbered(epoch, occurrences(examples), examples)
        columns = (batched(numbers, self.recipe.batch)[0], *batched(examples, self.recipe.batch))
        return np.stack([column[:, part].ravel() for column in columns], axis=1).astype(np.int64)
