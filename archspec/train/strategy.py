"""The only place that names tf.distribute: on which devices a step runs, and what they add up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from typing import Any

import keras
import tensorflow as tf

from archspec.errors import InputError


def make_strategy(kind: str, batch: int, mixing: Sequence[str] = (), parts: int = 1) -> tf.distribute.Strategy:
    """`one`, `mirrored` (every GPU; without one every logical CPU), or `auto`: mirrored where there are several GPUs.

    Raises InputError if the batch cannot be shared out evenly, each device's share in so many parts: in whole pairs, where the
    operations `mixing` mix these.
    """
    gpus = tf.config.list_logical_devices("GPU")
    if kind == "auto":
        kind = "mirrored" if len(gpus) > 1 else "one"
    devices = [device.name for device in gpus or tf.config.list_logical_devices("CPU")]
    if kind == "one":
        return tf.distribute.OneDeviceStrategy(devices[0])
    least = len(devices) * parts * (2 if mixing else 1)
    if batch % least:
        pairs = f" in whole pairs, which are mixed ({', '.join(mixing)})" if mixing else ""
        micro = f" in {parts} micro-batches each" if parts > 1 else ""
        raise InputError(f"a batch of {batch} cannot be shared out over {len(devices)} devices{micro}{pairs}\n"
                         f"  hint: --set train.batch={-(-batch // least) * least}")
    return _mirrored(tuple(devices))


@lru_cache(maxsize=1)
def _mirrored(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    """One for all jobs of a process.

    Each strategy numbers its collective operations from the same number on, but TensorFlow keeps them by number for the
    whole process: those of a second strategy would meet those of the first, of other shapes.
    """
    return tf.distribute.MirroredStrategy(list(devices))


def devices_text(strategy: tf.distribute.Strategy) -> str:
    """`1 CPU`, `4 GPUs mirrored`: what the user is told."""
    count = strategy.num_replicas_in_sync
    kind = tf.DeviceSpec.from_string(strategy.extended.worker_devices[0]).device_type
    return f"{count} {kind}s, mirrored" if count > 1 else f"1 {kind}"


def distributed(strategy: tf.distribute.Strategy, batches: tf.data.Dataset) -> Any:
    """The batches, each shared out over the devices in order."""
    return strategy.experimental_distribute_dataset(batches)


def summed(strategy: tf.distribute.Strategy, step: Callable[..., tf.Tensor],
           within: Callable[[], AbstractContextManager[None]] = nullcontext) -> Callable[..., tf.Tensor]:
    """A compiled step over a whole batch, and what else it takes: `step` on every device, its results summed over devices.

    It is traced inside the context `within`, whenever that happens.
    """
    def run(batch: Any, *more: tf.Tensor) -> tf.Tensor:
        with within():
            return strategy.reduce(tf.distribute.ReduceOp.SUM, strategy.run(step, args=(*batch, *more)), axis=None)
    compiled: Callable[..., tf.Tensor] = tf.function(run, autograph=False)
    return compiled


def everywhere(strategy: tf.distribute.Strategy, act: Callable[..., None],
               within: Callable[[], AbstractContextManager[None]] = nullcontext) -> Callable[..., None]:
    """A compiled function that does the same on every device, and sums nothing; see `summed`."""
    def run(*given: Any) -> None:
        with within():
            strategy.run(act, args=given)
    compiled: Callable[..., None] = tf.function(run, autograph=False)
    return compiled


def over_devices(gradients: list[tf.Tensor]) -> list[tf.Tensor]:
    """Inside a step: the gradients summed over all devices."""
    found: list[tf.Tensor] = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, gradients)
    return found


def averaging(strategy: tf.distribute.Strategy, variables: Sequence[keras.Variable]) -> Callable[[], None]:
    """A function that gives every device the mean of what the devices hold in these variables.

    Without it a variable that each device changes by itself reads as the first device's.
    """
    if not variables:
        return lambda: None

    def means() -> list[tf.Tensor]:
        held = strategy.run(lambda: [tf.identity(variable.value) for variable in variables])
        return [strategy.reduce(tf.distribute.ReduceOp.MEAN, each, axis=None) for each in held]
    compiled = tf.function(means, autograph=False)

    def gather() -> None:
        with strategy.scope():
            _assign(variables, compiled())
    return gather


def _assign(variables: Sequence[keras.Variable], values: Sequence[tf.Tensor]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def statistics(model: keras.Model) -> list[keras.Variable]:
    """The moving means and variances of the batch normalisations."""
    return [variable for layer in norms(model) for variable in (layer.moving_mean, layer.moving_variance)]


def norms(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """Its batch normalisations."""
    return [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]


@contextmanager
def synchronized(model: keras.Model, wanted: bool) -> Iterator[None]:
    """While it lasts, batch normalisation takes its statistics over all devices.

    Afterwards the layers are as before: `synchronized` is a matter of training, and a saved model that has it set
    cannot be loaded under Keras's other backends.
    """
    changed = norms(model) if wanted else []
    for layer in changed:
        layer.synchronized = True
    try:
        yield
    finally:
        for layer in changed:
            layer.synchronized = False
