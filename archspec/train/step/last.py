"""The last batch of an epoch, where it is not full: a step of its own, so that all others are as quick as they can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from archspec.train.progress import Progress


def last_apart(progress: Progress, steps: int, step: Callable[[Any], tf.Tensor], last: Callable[[Any], tf.Tensor]
               ) -> Callable[[Any], tf.Tensor]:
    """One step for all batches of an epoch of so many but the last, and another for that."""
    return lambda batch: (step if (progress.step + 1) % steps else last)(batch)
