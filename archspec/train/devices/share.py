"""What the chief has, given to all workers: no other one has to see the run folder."""

from __future__ import annotations

import io

import numpy as np
import tensorflow as tf

from archspec.train.saving.checkpoint import Snapshot, pack, unpack


def told(strategy: tf.distribute.Strategy, text: bytes) -> bytes:
    """The chief's text, at every worker; what others bring is not looked at. All have to call it.

    It goes as a sum of whole numbers to which only the chief adds something, so that no bit of it changes.
    """
    size = int(_of_first(strategy, np.array([len(text)]))[0])
    if not size:
        return b""
    padded = np.zeros(-(-size // 8), np.int64)  # not int32, which TensorFlow keeps off a GPU
    brought = np.frombuffer(text, np.uint8)[:size]
    padded.view(np.uint8)[:len(brought)] = brought
    return _of_first(strategy, padded).tobytes()[:size]


def _of_first(strategy: tf.distribute.Strategy, numbers: np.ndarray) -> np.ndarray:
    """The numbers, int64, that the first device's worker brings."""
    def own(brought: tf.Tensor) -> tf.Tensor:
        first = tf.distribute.get_replica_context().replica_id_in_sync_group == 0
        return tf.where(first, brought, 0)
    summed = tf.function(lambda brought: strategy.reduce(tf.distribute.ReduceOp.SUM, strategy.run(own, (brought,)), axis=None),
                         autograph=False)
    return np.asarray(summed(tf.constant(numbers, tf.int64)))


def packed(snapshot: Snapshot) -> bytes:
    """A snapshot as bytes."""
    file = io.BytesIO()
    pack(snapshot, file)
    return file.getvalue()


def unpacked(text: bytes) -> Snapshot:
    """What `packed` was given."""
    return unpack(io.BytesIO(text))
