"""All that is done at random to a batch: drawn on the host as concrete numbers, done on the device (train/blend.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from archspec.data.augment.erasing import Erased, Erasing
from archspec.data.augment.mixing import Mixed, Mixing
from archspec.preprocess.rule import Shape
from archspec.spec.augment import CutMix, MixUp, Operation, RandomErasing

if TYPE_CHECKING:
    import tensorflow as tf

Blend = tuple[Mixed | Erased, ...]
"""What is done to a batch, in this order."""


@dataclass(frozen=True)
class Blender:
    """Draws what is done to batches."""

    parts: tuple[Mixing | Erasing, ...]

    def draw(self, seed: int, step: int, numbers: np.ndarray) -> Blend:
        """For images seen under those numbers, (b,) int64, in a step of the whole run."""
        return tuple(part.draw(seed, step, numbers) for part in self.parts)

    def in_graph(self, seed: int, step: tf.Tensor, numbers: tf.Tensor) -> Any:
        """As `draw`, of tensors: () int64 and (b,) int64."""
        import tensorflow as tf
        batch = numbers.shape[0]
        form = self.draw(seed, 0, np.zeros(2, np.int64))
        flat = tf.nest.flatten(form)
        drawn = tf.numpy_function(lambda step, numbers: tf.nest.flatten(self.draw(seed, int(step), numbers)), [step, numbers],
                                  [each.dtype for each in flat], stateful=False)
        found = [tf.ensure_shape(each, (batch, *like.shape[1:])) for each, like in zip(drawn, flat, strict=True)]
        return tf.nest.pack_sequence_as(form, found)


def blender(operations: tuple[Operation, ...], shape: Shape, steps: int) -> Blender | None:
    """Those of the operations that act on batches of inputs of a shape, in their order, with `steps` batches an epoch.

    Of mixup and cutmix a batch gets one at most, at the place of the first of them. None if there is nothing to do.
    """
    mixing = tuple(each for each in operations if isinstance(each, MixUp | CutMix))
    parts: list[Mixing | Erasing] = []
    for each in operations:
        if isinstance(each, RandomErasing):
            parts.append(Erasing(each, shape))
        elif mixing and each is mixing[0]:
            parts.append(Mixing(mixing, shape[:2], steps))
    return Blender(tuple(parts)) if parts else None
