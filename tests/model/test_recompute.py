"""The model that recomputes against the plain one: it may differ in memory and in nothing else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from forked import FORKS, program

import archspec
from archspec.model.audit import audit
from archspec.model.emit import build
from archspec.model.recompute import RecomputingModel, steps_of

HEAD = "\nhead: [global_avg_pool, dense: $classes]\n"
STAGES = {
    "dense": "stages: {block: dense_layer, repeats: [3, 2], growth: 4, between: [transition]}",
    "dense_dropout": "parameters: {dropout: 0.3}\nstages: {block: dense_layer, repeats: 3, growth: 4}",
    "residual": "stages: {block: bottleneck, repeats: [2, 1], widths: [4, 8], strides: [1, 2], se: 4, drop_path: 0.3}",
    "grouped": "stages: {block: bottleneck, width: 8, cardinality: 4, base_width: 64}",
    "pool_after": "stages: {block: basic, widths: [4, 8], after: [max_pool: 2x2 /2]}",
    "inception": "blocks:\n  cell: {body: [branches: {one: [conv: 1x1 4], three: [conv: 1x1 4, conv: 3x3 6]}, dropout: 0.2]}\n"
                 "stages: {block: cell, repeats: 2}",
    "highway": "stem: [conv: 3x3 8]\nblocks:\n  way: {body: [highway: [conv: 3x3 8]]}\nstages: {block: way, repeats: 2}",
    "learned": "blocks:\n  cell:\n    body:\n"
               "      - branches: {merge: select, paths: [[conv: 3x3 4], [conv: 5x5 4]], by: [global_avg_pool, dense: 8]}\n"
               "      - branches: {merge: average, drop_path: 0.4, paths: [[norm], [act: tanh], []]}\n"
               "      - branches: {merge: weighted, paths: [[norm: global_response], []]}\n"
               "      - norm\n      - attention: {heads: 2, dropout: 0.3}\n      - scale: 0.5 learned\n"
               "      - branches: {merge: attend, heads: 2, paths: [[norm], [act], []]}\n"
               "      - branches: [[act], [branches: {merge: rows, paths: [[norm], [act]]}, avg_pool: 2x1 /2x1]]\n"
               "stages: {block: cell, repeats: 1}",
    "kept": "blocks:\n  cell:\n    body:\n"
            "      - conv: 3x3 4\n      - keep: here\n      - max_pool: 3x3 /3\n      - upsample: {to: here, method: bilinear}\n"
            "      - norm\n      - join: here merge=add\n      - avg_pool: 2x2 /2\n      - position\n      - norm\n      - act\n"
            "      - upsample: to=here\n      - join: [here, here]\n      - coordinates\n      - norm\n      - slice: 4 first=10\n"
            "      - pad: 1 mode=reflect\n      - blur_pool: 2x4 /1\n      - pad: -1\n      - gate: [reduce: max, norm, act: sigmoid]\n"
            "      - reshape: [1, '?', 4]\n      - permute: hcw\n      - norm: layer_norm\n      - reshape: [12, 12, 4]\n"
            "      - conv_transpose: 2x2 4 /1\nstages: {block: cell, repeats: 2}",
    "auxiliary": "stages: {block: basic, widths: [4, 8]}\nauxiliary: {stage1: [global_avg_pool, dense: $classes]}",
}
FEW = "stages: {block: dense_layer, repeats: 2, growth: 4}"
"""Enough where the network is no matter."""
Pair = Callable[..., tuple[keras.Model, keras.Model]]


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Two models of a text with the same numbers in them: with recompute, and plain."""
    def make(text: str, dtype: str = "float32") -> tuple[keras.Model, keras.Model]:
        path = tmp_path / "net.yaml"
        path.write_text(f"input: 12x12x3\nclasses: 5\n{text}{HEAD}")
        specs = [archspec.load(str(path), [f"memory={word}"]) for word in ("recompute", "none")]
        both = [build(archspec.lower(spec), auxiliary="auxiliary" in text, dtype=dtype) for spec in specs]
        for ours, theirs in zip(*(model.variables for model in both), strict=True):
            theirs.assign(ours.value)
        return both[0], both[1]
    return make


@pytest.fixture
def images() -> tf.Tensor:
    """(4, 12, 12, 3)."""
    return tf.constant(np.random.default_rng(5).normal(size=(4, 12, 12, 3)), tf.float32)


def step(model: keras.Model, images: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """The loss of a training step, and its gradients."""
    with tf.GradientTape() as tape:
        outputs = tf.nest.flatten(model(images, training=True))
        loss = tf.add_n([tf.reduce_mean(tf.square(tf.cast(output, tf.float64) - 1)) for output in outputs])
    return loss, tape.gradient(loss, [variable.value for variable in model.trainable_variables])


def check_equal(ours: keras.Model, theirs: keras.Model, images: tf.Tensor, run: Callable[..., object] = tf.function,
                tolerance: float = 1e-9) -> None:
    """Two steps of each: the second begins with the moving statistics and the seeds that the first left."""
    steps = [run(tf.autograph.experimental.do_not_convert(lambda x, model=model: step(model, x))) for model in (ours, theirs)]
    for _ in range(2):
        (loss, gradients), (expected, others) = (each(images) for each in steps)
        np.testing.assert_allclose(loss, expected, rtol=tolerance)
        for mine, other in zip(gradients, others, strict=True):
            np.testing.assert_allclose(mine, other, rtol=tolerance, atol=tolerance)
        for mine, other in zip(ours.non_trainable_variables, theirs.non_trainable_variables, strict=True):
            np.testing.assert_allclose(mine.value, other.value, rtol=tolerance)


@pytest.mark.parametrize("text", STAGES.values(), ids=STAGES)
def test_loss_gradients_statistics_and_masks_are_the_same(text: str, pair: Pair, images: tf.Tensor) -> None:
    ours, theirs = pair(text, "float64")
    assert isinstance(ours, RecomputingModel)
    assert not isinstance(theirs, RecomputingModel)
    check_equal(ours, theirs, images)


@pytest.mark.parametrize("run", [lambda f: f, lambda f: tf.function(f, jit_compile=True)], ids=["eager", "xla"])
def test_eager_and_under_xla_too(run: Callable[..., object], pair: Pair, images: tf.Tensor) -> None:
    check_equal(*pair(FEW, "float64"), images, run)


def test_in_half_precision(pair: Pair, images: tf.Tensor) -> None:
    check_equal(*pair(FEW, "mixed_bfloat16"), images, tolerance=0.05)


def test_layers_weights_and_names_are_the_same(pair: Pair) -> None:
    ours, theirs = pair(STAGES["dense"])
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [variable.path for variable in ours.variables] == [variable.path for variable in theirs.variables]
    assert ours.count_params() == theirs.count_params()


def test_the_audit_finds_nothing() -> None:
    graph = archspec.lower(archspec.load("cifar_densenet40_k12", ["memory=recompute"]))
    assert audit(graph, archspec.build(archspec.load("cifar_densenet40_k12", ["memory=recompute"]))) == ()


def test_each_layer_is_in_one_step_and_concatenations_are_flat(pair: Pair) -> None:
    ours, _ = pair(STAGES["dense"])
    steps = steps_of(ours)
    single = [call.layer.name for each in steps for call in each.calls if not isinstance(call.layer, keras.layers.Concatenate)]
    assert len(single) == len(set(single))
    widest = {call.layer.name: len(call.inputs) for each in steps for call in each.calls}
    assert widest["stage1_block3_concat"] == 4  # the image and three features


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's variables under NumPy 2
def test_a_saved_model_loads_and_still_recomputes(pair: Pair, images: tf.Tensor, tmp_path: Path) -> None:
    ours, theirs = pair(FEW, "float64")
    ours.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.recomputed == ours.recomputed
    assert [each.leaves == () for each in steps_of(again)] == [each.leaves == () for each in steps_of(ours)]
    np.testing.assert_array_equal(again(images), theirs(images))
    check_equal(again, theirs, images)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_weights_of_one_load_into_the_other(pair: Pair, images: tf.Tensor, tmp_path: Path) -> None:
    ours, theirs = pair(STAGES["residual"])
    for saved, other in ((ours, theirs), (theirs, ours)):
        saved.layers[1].kernel.assign(saved.layers[1].kernel.value * 2)
        saved.save_weights(tmp_path / "it.weights.h5")
        other.load_weights(tmp_path / "it.weights.h5")
        np.testing.assert_array_equal(saved(images), other(images))


def test_fit_trains_it(pair: Pair, images: tf.Tensor) -> None:
    ours, theirs = pair(FEW)
    losses = []
    for model in (ours, theirs):
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        losses.append(model.fit(images, np.arange(4), epochs=3, verbose=0).history["loss"])
    np.testing.assert_allclose(*losses, rtol=1e-3)


def test_a_backbone_recomputes_all_but_its_levels(images: tf.Tensor) -> None:
    spec = archspec.load("cifar_densenet40_k12", ["input=12x12x3", "memory=recompute", "stages.repeats=[2, 2, 2]"])
    model = archspec.backbone(spec, ["P1", "P2"])
    levels = tf.function(lambda x: model(x, training=True))(images)
    assert isinstance(model, RecomputingModel)
    assert {name: level.shape[1] for name, level in levels.items()} == {"P1": 6, "P2": 3}


PROGRAM = """
import sys
import numpy as np, keras, tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                           [tf.config.LogicalDeviceConfiguration()] * 2)
import archspec
from archspec.train.devices.strategy import synchronized
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
images = np.random.default_rng(5).normal(size=(4, 12, 12, 3)).astype("float32")
found = []
for word in ("recompute", "none"):
    keras.utils.set_random_seed(3)
    with strategy.scope():
        model = archspec.build(archspec.load(sys.argv[1], [f"memory={word}"]))
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - 1))
        gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
        return [tf.distribute.get_replica_context().all_reduce("sum", each) for each in gradients]
    with synchronized(model, True):
        run = tf.function(lambda x: strategy.run(step, (x,)))
        gradients = run(next(iter(strategy.experimental_distribute_dataset(
            tf.data.Dataset.from_tensors(images).unbatch().batch(4)))))
    found.append([*(strategy.experimental_local_results(each)[0] for each in gradients),
                  *(variable.value.numpy() for variable in model.non_trainable_variables)])
for ours, theirs in zip(*found, strict=True):
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)
"""


@pytest.mark.slow
def test_two_devices_with_synchronized_statistics(tmp_path: Path) -> None:
    """In a process of its own, for TensorFlow fixes its devices once."""
    path = tmp_path / "net.yaml"
    path.write_text(f"input: 12x12x3\nclasses: 5\n{FEW}{HEAD}")
    program(PROGRAM, str(path))


@pytest.mark.slow
def test_peak_memory_of_a_training_step_falls() -> None:
    peaks = []
    for word in ("recompute", "none"):
        with ProcessPoolExecutor(1, FORKS) as alone:
            peaks.append(alone.submit(_peak, word).result())
    assert peaks[0] < 0.5 * peaks[1]  # 0.36 to 0.44 seen: what runs at once is for TensorFlow to say


def _peak(word: str) -> int:
    """Kibibytes that a step on 24 images needs more than one on a single image."""
    overrides = ["input=64x64x3", "stages.repeats=[16, 1, 1]", f"memory={word}"]
    model = archspec.build(archspec.load("cifar_densenet40_k12", overrides))
    run = tf.function(lambda x: step(model, x), input_signature=[tf.TensorSpec((None, 64, 64, 3))])
    run(tf.zeros((1, 64, 64, 3)))
    before = _most()
    run(tf.zeros((24, 64, 64, 3)))
    return _most() - before


def _most() -> int:
    """Kibibytes of this program's peak; getrusage would count in the memory of the process that started it."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1])
