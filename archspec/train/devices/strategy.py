"""On which devices a step runs, and what they add up. With join.py and share.py the only place that names tf.distribute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache, partial
from typing import Any

import keras
import tensorflow as tf

from archspec.errors import InputError
from archspec.io.memory import peak_memory
from archspec.spec.recipe import Recipe
from archspec.train.devices.cluster import ALONE, Cluster, refuse
from archspec.train.devices.join import WAIT_SECONDS, join

Within = Callable[[], AbstractContextManager[None]]
"""A context in which a step is traced."""
_FAR = 0x9E3779B1
"""Between the seeds of two devices: odd, so that they are others for all of 2^32 devices."""


def make_strategy(recipe: Recipe, cluster: Cluster = ALONE, wait: int = WAIT_SECONDS) -> tf.distribute.Strategy:
    """The devices that a recipe asks for: one, all of this machine, or those of all workers, who are waited for.

    Without GPUs `mirrored` takes every logical CPU. Of several workers' it has to be the first use of TensorFlow's devices.
    Raises InputError for GPUs that are not there, or if the batch cannot be shared out evenly: in whole pairs, where
    images are mixed in pairs.
    """
    refuse(cluster, recipe.strategy)
    if cluster.several:
        count = len(_asked(recipe, tf.config.list_physical_devices("GPU")))
        _refuse_uneven(recipe, cluster.size * max(1, count), f"{cluster.size} workers" + f" of {count} GPUs" * (count > 1))
        return join(cluster, wait, count, recipe.communication)
    gpus = [device.name for device in _asked(recipe, tf.config.list_logical_devices("GPU"))]
    devices = gpus or [device.name for device in tf.config.list_logical_devices("CPU")]
    if recipe.strategy == "one" or (recipe.strategy == "auto" and len(gpus) < 2):
        return tf.distribute.OneDeviceStrategy(devices[0])
    _refuse_uneven(recipe, len(devices), f"{len(devices)} devices")
    return _mirrored(tuple(devices))


def _asked(recipe: Recipe, gpus: Sequence[Any]) -> Sequence[Any]:
    """Those of the GPUs that are to be used. Raises InputError if they are fewer than were asked for."""
    asked = recipe.gpus
    if asked is not None and asked > len(gpus):
        found = f"{len(gpus)} of them" if gpus else "none"
        raise InputError(f"train.gpus: {asked} GPUs are asked for, and TensorFlow sees {found} on this machine\n"
                         "  hint: nvidia-smi says whether the driver sees them, CUDA_VISIBLE_DEVICES may hide some, and "
                         "pip install 'tensorflow[and-cuda]' brings CUDA; --set train.gpus=0 trains on the processors")
    if recipe.communication == "nccl" and not (gpus and asked != 0):
        raise InputError("train.communication: nccl is between GPUs, and there are none to train on\n  hint: auto")
    return gpus[:asked]


def _refuse_uneven(recipe: Recipe, devices: int, said: str) -> None:
    least = devices * recipe.accumulate * (2 if recipe.mixing else 1)
    if recipe.batch % least:
        pairs = f" in whole pairs, which are mixed ({', '.join(recipe.mixing)})" if recipe.mixing else ""
        micro = f" in {recipe.accumulate} micro-batches each" if recipe.accumulate > 1 else ""
        raise InputError(f"a batch of {recipe.batch} cannot be shared out over {said}{micro}{pairs}\n"
                         f"  hint: --set train.batch={-(-recipe.batch // least) * least}")


@lru_cache(maxsize=1)
def _mirrored(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    """One for all jobs of a process.

    Each strategy numbers its collective operations from the same number on, but TensorFlow keeps them by number for the
    whole process: those of a second strategy would meet those of the first, of other shapes.
    """
    return tf.distribute.MirroredStrategy(list(devices))


def devices_text(strategy: tf.distribute.Strategy, cluster: Cluster, recipe: Recipe) -> str:
    """`1 CPU`, `4 GPUs, mirrored`, `2 workers of 4 GPUs, communication nccl`, and what each has of a batch."""
    count = strategy.num_replicas_in_sync
    kind = tf.DeviceSpec.from_string(strategy.extended.worker_devices[0]).device_type
    shared = f"; batch {recipe.batch}, {recipe.batch // count} on each" if count > 1 else ""
    if cluster.several:
        each = count // cluster.size
        return (f"worker {cluster.rank} of {cluster.size}, with {each} {kind}{'s' * (each > 1)} each, communication "
                f"{recipe.communication}{shared}")
    return f"{count} {kind}s, mirrored{shared}" if count > 1 else f"1 {kind}"


def gpus(strategy: tf.distribute.Strategy) -> list[str]:
    """Those of this process that train, `GPU:0`: there may be others."""
    found = map(tf.DeviceSpec.from_string, strategy.extended.worker_devices)
    return [f"GPU:{each.device_index}" for each in found if each.device_type == "GPU"]


def peak(strategy: tf.distribute.Strategy) -> tuple[int, str]:
    """Bytes of memory that were taken at the most, and whose: of GPUs the one's that took most, else the process's."""
    count = len(gpus(strategy))
    return (device_memory(strategy), "a GPU" if count > 1 else "the GPU") if count else (peak_memory(), "the process")


def device_memory(strategy: tf.distribute.Strategy) -> int:
    """Bytes that the fullest GPU has had in use at the most; 0 where none tells. On a CPU it is the process's."""
    try:
        return max((int(tf.config.experimental.get_memory_info(each)["peak"]) for each in gpus(strategy)), default=0)
    except ValueError:  # of a device whose allocator does not count
        return 0


def distributed(strategy: tf.distribute.Strategy, batches: tf.data.Dataset) -> Any:
    """The batches, each shared out over the devices in order. Of several workers, each brings its own part of every batch.

    It is never asked for more batches than there are. To one CPU they come as they are: what shares out would be made anew
    for each epoch's test, and takes half as long as to trace the step.
    """
    if isinstance(strategy, tf.distribute.OneDeviceStrategy) and not gpus(strategy):
        return batches
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return strategy.experimental_distribute_dataset(batches)
    own = parts(batches, len(strategy.extended.worker_devices))
    # as if they had no end: else the workers ask one another ahead of each batch whether all have one
    endless = own.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))
    return strategy.distribute_datasets_from_function(lambda _: endless)


def parts(batches: tf.data.Dataset, count: int) -> tf.data.Dataset:
    """Each batch as so many of equal size, one after the other, of which each device of a worker takes one."""
    first = tf.nest.flatten(batches.element_spec)[0]
    return batches.rebatch(first.shape[0] // count, drop_remainder=True) if count > 1 else batches


def summed(strategy: tf.distribute.Strategy, step: Callable[..., tf.Tensor],
           within: Within = nullcontext, *, jit: bool = False) -> Callable[..., tf.Tensor]:
    """A compiled step over a whole batch, and what else it takes: `step` on every device, its results summed over devices.

    It is traced inside the context `within`, whenever that happens; with `jit` XLA compiles it, on one device.
    """
    def run(batch: Any, *more: tf.Tensor) -> tf.Tensor:
        with within():
            return strategy.reduce(tf.distribute.ReduceOp.SUM, strategy.run(step, args=(*batch, *more)), axis=None)
    compiled: Callable[..., tf.Tensor] = tf.function(run, autograph=False, jit_compile=jit or None)
    return compiled


def everywhere(strategy: tf.distribute.Strategy, act: Callable[..., None], within: Within = nullcontext) -> Callable[..., None]:
    """A compiled function that does the same on every device, and sums nothing; see `summed`."""
    def run(*given: Any) -> None:
        with within():
            strategy.run(act, args=given)
    compiled: Callable[..., None] = tf.function(run, autograph=False)
    return compiled


def summed_by_workers(strategy: tf.distribute.Strategy, step: Callable[..., tf.Tensor], within: Within = nullcontext
                      ) -> Callable[[Any, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """As `summed`, over the devices of all workers, and with each worker's vote, () float64, the sum of the votes."""
    def run(batch: Any, vote: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        def each(*parts: Any) -> list[tf.Tensor]:
            # together, for each sum costs a way through the network; identity gives the vote a device
            return over_devices([step(*parts), tf.identity(vote)])
        with within():
            sums, votes = strategy.run(each, args=batch)
        return strategy.experimental_local_results(sums)[0], strategy.experimental_local_results(votes)[0]
    compiled: Callable[[Any, tf.Tensor], tuple[tf.Tensor, tf.Tensor]] = tf.function(run, autograph=False)
    return compiled


def over_devices(gradients: list[tf.Tensor]) -> list[tf.Tensor]:
    """Inside a step: gradients, or other tensors, summed over all devices."""
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


@contextmanager
def together(model: keras.Model, several: bool, sync: bool) -> Iterator[None]:
    """While it lasts, a model is trained on several devices or one: see `apart` and `synchronized`."""
    with apart(model) if several else nullcontext(), synchronized(model, sync):
        yield


@contextmanager
def apart(model: keras.Model) -> Iterator[None]:
    """While it lasts, dropout draws other masks on each device, by the device's number among all.

    Keras's seeds are the same everywhere, and so would the masks be. The counter that goes on with each step is left alone:
    moved, one device's mask would be another's of some steps later.
    """
    found = (getattr(layer, "seed_generator", None) for layer in model.layers)
    generators = [each for each in found if isinstance(each, keras.random.SeedGenerator)]
    for each in generators:
        each.next = partial(_of_device, each.next)
    try:
        yield
    finally:
        for each in generators:
            del each.next


def _of_device(draw: Callable[..., tf.Tensor], *arguments: Any, **named: Any) -> tf.Tensor:
    seed = draw(*arguments, **named)
    number = tf.distribute.get_replica_context().replica_id_in_sync_group
    return seed + tf.stack([tf.cast(number, seed.dtype) * tf.constant(_FAR, seed.dtype), tf.zeros((), seed.dtype)])
