"""The only place that names tf.distribute: on which devices a step runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from archspec.errors import InputError


def make(kind: str, batch: int) -> tf.distribute.Strategy:
    """`one`, `mirrored` (every GPU; without one every logical CPU), or `auto`: mirrored where there are several GPUs.

    Raises InputError if the batch cannot be shared out evenly.
    """
    gpus = tf.config.list_logical_devices("GPU")
    if kind == "auto":
        kind = "mirrored" if len(gpus) > 1 else "one"
    devices = [device.name for device in gpus or tf.config.list_logical_devices("CPU")]
    if kind == "one":
        return tf.distribute.OneDeviceStrategy(devices[0])
    if batch % len(devices):
        raise InputError(f"a batch of {batch} cannot be shared out over {len(devices)} devices\n"
                         f"  hint: --set train.batch={-(-batch // len(devices)) * len(devices)}")
    return tf.distribute.MirroredStrategy(devices)


def describe(strategy: tf.distribute.Strategy) -> str:
    """`1 CPU`, `4 GPUs mirrored`: what the user is told."""
    count = strategy.num_replicas_in_sync
    kind = tf.DeviceSpec.from_string(strategy.extended.worker_devices[0]).device_type
    return f"{count} {kind}s, mirrored" if count > 1 else f"1 {kind}"


def distributed(strategy: tf.distribute.Strategy, batches: tf.data.Dataset) -> Any:
    """The batches, each shared out over the devices in order."""
    return strategy.experimental_distribute_dataset(batches)


def summed(strategy: tf.distribute.Strategy, step: Callable[..., tf.Tensor]) -> Callable[[Any], tf.Tensor]:
    """A compiled step over a whole batch: `step` on every device, its results summed over devices."""
    def run(batch: Any) -> tf.Tensor:
        return strategy.reduce(tf.distribute.ReduceOp.SUM, strategy.run(step, args=batch), axis=None)
    compiled: Callable[[Any], tf.Tensor] = tf.function(run)
    return compiled


@contextmanager
def synchronized(model: keras.Model, wanted: bool) -> Iterator[None]:
    """While it lasts, batch normalisation takes its statistics over all devices.

    Afterwards the layers are as before: `synchronized` is a matter of training, and a saved model that has it set
    cannot be loaded under Keras's other backends.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)] if wanted else []
    for layer in norms:
        layer.synchronized = True
    try:
        yield
    finally:
        for layer in norms:
            layer.synchronized = False
