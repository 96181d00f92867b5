"""How fast a network trains and answers here, and in how much memory: batches of 1, 2, 4, … until something ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import keras
import tensorflow as tf

from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.io.machine import refusal
from archspec.io.memory import free_memory, peak_memory
from archspec.model.emit import build
from archspec.model.norm import by_keras
from archspec.preprocess.pixels import normalize
from archspec.preprocess.rule import input_shape, preprocess_of
from archspec.spec.recipe import Recipe
from archspec.train.devices.cluster import ALONE
from archspec.train.devices.strategy import devices_text, make_strategy, summed
from archspec.train.step.compiling import compiles
from archspec.train.step.dynamic import make_scale
from archspec.train.step.optimizer import make_optimizer
from archspec.train.step.steps import TrainStep, split_outputs
from archspec.train.step.update import rules
from archspec.views.summary import PASSES

MODES = ("inference", "training")
SHARE = 0.8
"""Of the memory that is free at the beginning: a batch that would need more is not tried."""
LEAST_STEPS, SECONDS, LONG = 3, 1.0, 60.0
"""A measurement takes so many steps and seconds at least; after a step of so many seconds no larger batch is tried."""
SIDES = {"CPU": 2048, "GPU": 8192}
"""Of the square matrices whose product is taken as the device's peak."""
Step = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """One batch size: images a second, seconds a step, bytes at most, and the share of the device's peak."""

    mode: str
    batch: int
    images_per_second: float
    seconds: float
    memory: int
    share: float


@dataclass(frozen=True)
class Found:
    """All that was measured. `peak` is multiply-adds a second of a matrix product, `ended` why each mode went no further."""

    device: str
    precision: str
    jit: str
    peak: float
    memory_of: str
    rows: tuple[Row, ...]
    ended: dict[str, str]


def bench(graph: Graph, recipe: Recipe, most: int, tell: Callable[[str], None]) -> Found:
    """Measures on the first device, up to `most` images a batch. Raises InputError where nothing can be measured."""
    input_shape(graph)  # refuses an open one
    said = replace(recipe, init=None, augment=(), strategy="one", accumulate=1)
    strategy = make_strategy(said)
    device = devices_text(strategy, ALONE, said)
    compiles(said, graph, device, 1)
    machine = _Gpu() if "GPU" in device else _Process()
    with strategy.scope():
        tell("the peak, by a matrix product")
        peak = matmul_peak(SIDES["GPU" if "GPU" in device else "CPU"], said.precision)
        model = build(graph, auxiliary=bool(graph.auxiliary), dtype=said.precision)
        rows: list[Row] = []
        ended = {mode: _doubled(mode, _Subject(graph, model, said, strategy), machine, most, peak, rows.append, tell)
                 for mode in MODES}
    if not rows:
        raise InputError(f"{graph.name}: not one image fits\n  hint: a smaller input, --set input=…")
    return Found(device, said.precision, said.jit, peak, machine.said, tuple(rows), ended)


def _doubled(mode: str, subject: _Subject, machine: _Gpu | _Process, most: int, peak: float, add: Callable[[Row], None],
             tell: Callable[[str], None]) -> str:
    """Measures batch after batch. Returns why it ended."""
    batch, before = 1, 0
    while batch <= most:
        tell(f"{mode}, {batch} image{'s' * (batch > 1)} a step")
        machine.begin()
        try:
            seconds = measured(subject.step(mode, batch))
        except Exception as error:
            if isinstance(error, tf.errors.ResourceExhaustedError) or refusal(error):
                return f"a batch of {batch} does not fit into memory"
            raise
        memory = machine.peak()
        macs = PASSES[mode] * sum(node.macs or 0 for node in subject.graph.nodes) * batch
        add(Row(mode, batch, batch / seconds, seconds, memory, macs / seconds / peak))
        # the half that is new has been half of what is new next
        needed = memory + 2 * (memory - before) if before else 2 * memory
        if needed > machine.ceiling:
            return (f"a batch of {2 * batch} would take about {needed / 2**30:.1f} GiB, and {SHARE:.0%} of the memory that was "
                    f"free are {machine.ceiling / 2**30:.1f}")
        if seconds > LONG:
            return f"a step of {batch} images takes over a minute"
        batch, before = 2 * batch, memory
    return f"--most {most}"


@dataclass(frozen=True)
class _Subject:
    """What is measured."""

    graph: Graph
    model: keras.Model
    recipe: Recipe
    strategy: Any

    def step(self, mode: str, batch: int) -> Step:
        """A compiled step on a batch of noise, that returns when it is done."""
        shape = input_shape(self.graph)
        images = tf.random.stateless_uniform((batch, *shape), (0, 0), maxval=256, dtype=tf.int32)
        given = (tf.cast(images, tf.uint8), tf.range(batch) % self.graph.output.type.channels, tf.ones(batch), ())
        recipe, rule = replace(self.recipe, batch=batch), preprocess_of(self.recipe, shape)
        jit = recipe.jit == "on"
        if mode == "inference":
            run = summed(self.strategy, lambda images, *_: tf.reduce_sum(
                split_outputs(self.model(normalize(images, rule), training=False))[0]), jit=jit)
            return lambda: run(given).numpy()
        with self.strategy.scope():
            train = TrainStep(self.model, make_optimizer(recipe, 1000, self.model), recipe, rule, rules(recipe, self.model),
                              self.graph.output.type.channels, scale=make_scale(recipe.precision))
        run = summed(self.strategy, train, partial(by_keras, self.model.layers if jit else ()), jit=jit)
        return lambda: run(given).numpy()


def measured(step: Step) -> float:
    """Seconds of the median step, after two that compile and warm up."""
    step(), step()
    found: list[float] = []
    while len(found) < LEAST_STEPS or sum(found) < SECONDS:
        begin = time.perf_counter()
        step()
        found.append(time.perf_counter() - begin)
    return median(found)


def matmul_peak(side: int, precision: str) -> float:
    """Multiply-adds a second of a product of square matrices in the numbers of a precision: the best of some."""
    kind = {"mixed_bfloat16": tf.bfloat16, "mixed_float16": tf.float16}.get(precision, tf.float32)
    matrix = tf.cast(tf.random.stateless_uniform((side, side), (0, 0)), kind)
    product = tf.function(lambda: tf.reduce_sum(tf.matmul(matrix, matrix)), autograph=False)
    product().numpy()
    return max(side**3 / each for each in _times(lambda: product().numpy(), 5))


def _times(step: Step, count: int) -> Iterator[float]:
    for _ in range(count):
        begin = time.perf_counter()
        step()
        yield time.perf_counter() - begin


class _Gpu:
    """The memory that TensorFlow takes of the first GPU."""

    said = "the device's, at most in use"

    def __init__(self) -> None:
        self.ceiling = float("inf")  # TensorFlow refuses by itself, and nothing else suffers

    def begin(self) -> None:
        tf.config.experimental.reset_memory_stats("GPU:0")

    def peak(self) -> int:
        return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])


class _Process:
    """The memory of this process, TensorFlow itself included; the ceiling keeps the machine from swapping or killing."""

    said = "the process's, TensorFlow and the graph included"

    def __init__(self) -> None:
        self.ceiling = SHARE * free_memory() + self.peak()

    def begin(self) -> None:
        """Forgets the most that was needed before, where Linux lets it."""
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")

    def peak(self) -> int:
        return peak_memory()
