"""Measures archspec's models side by side with others: build time, grouped convolution, memory. bench_training.py: steps.

Run from the checkout: python tools/bench_models.py, or with the names of some benchmarks. Both sides of a row take turns
in one process on the same images, the medians are compared: other load changes the times and hardly the ratio. Images are
smaller than the papers', so that it ends in minutes on two cores; each row says their size.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from benching import TIE, parsed, parser_of, training_step, write  # noqa: E402
from rich.console import Console  # noqa: E402

import archspec  # noqa: E402
from archspec.views.tables import grid  # noqa: E402

Run = Callable[[], object]
DEEP, GROUPED = "densenet201", "resnext50_32x4d"
BUILT: tuple[str, Callable[..., keras.Model]] = ("resnet152", keras.applications.ResNet152)


@dataclass(frozen=True)
class Settings:
    """Images are size x size x 3; `repeats` is the number of timings of each side."""

    size: int
    batch: int
    repeats: int

    def images(self) -> str:
        return f"{self.batch} images of {self.size}x{self.size}"


@dataclass(frozen=True)
class Row:
    """One comparison. `ratio` is theirs / ours, so that more is better."""

    name: str
    what: str
    conditions: str
    unit: str
    ours: float
    theirs: float
    ratio: float
    goal: float

    @property
    def met(self) -> bool:
        """Whether the ratio reaches the goal."""
        return self.ratio >= self.goal


# -- measuring -----------------------------------------------------------------------------------------------------------

def side_by_side(ours: Run, theirs: Run, repeats: int) -> tuple[float, float, float]:
    """Median seconds of each, and the median of theirs / ours of each turn, after one turn that compiles."""
    turns = [(_seconds(ours), _seconds(theirs)) for _ in range(repeats + 1)][1:]
    mine, other = zip(*turns, strict=True)
    return statistics.median(mine), statistics.median(other), statistics.median(b / a for a, b in turns)


def _seconds(run: Run) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def training(model: keras.Model, settings: Settings) -> Run:
    """A step on a batch of noise."""
    shape = (settings.batch, settings.size, settings.size, 3)
    images = tf.constant(np.random.default_rng(0).normal(size=shape), tf.float32)
    labels = tf.constant(np.arange(settings.batch) % model.output_shape[-1])
    return training_step(model, images, labels)


def zoo(name: str, settings: Settings, *overrides: str) -> keras.Model:
    """A model of the zoo for images of the size that is measured."""
    return archspec.build(archspec.load(name, [f"input={settings.size}x{settings.size}x3", *overrides]))


def peak(name: str, settings: Settings, overrides: Sequence[str]) -> int:
    """MiB that this process needed at most, once it has trained for two steps: TensorFlow and its graphs included."""
    step = training(zoo(name, settings, *overrides), settings)
    step()
    step()
    # getrusage would count in what the process had before it became this program, that is its parent's memory
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


def peak_alone(name: str, settings: Settings, *overrides: str) -> int:
    """The same in a process of its own, since a process seldom gives memory back."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as one:
        return one.submit(peak, name, settings, overrides).result()


# -- what is compared ----------------------------------------------------------------------------------------------------

def build(settings: Settings) -> Iterator[Row]:
    """From the spec's name to a model with initial weights; no images."""
    name, application = BUILT
    found = side_by_side(_fresh(lambda: archspec.build(archspec.load(name))),
                         _fresh(lambda: application(weights=None)), settings.repeats)
    yield Row("build", "build ResNet-152 / keras.applications", "224x224", "s", *found, goal=TIE)


def _fresh(make: Run) -> Run:
    def run() -> object:
        keras.backend.clear_session()
        return make()
    return run


def resnext50(settings: Settings) -> Iterator[Row]:
    """Against the same network with the layer that Keras has."""
    model = zoo(GROUPED, settings)
    stock = keras.models.clone_model(model, clone_function=_stock)
    found = side_by_side(training(model, settings), training(stock, settings), settings.repeats)
    what = "training step, ResNeXt-50 32x4d / with Keras's grouped Conv2D"
    yield Row("resnext50", what, settings.images(), "s", *found, goal=30)


def _stock(layer: keras.layers.Layer) -> keras.layers.Layer:
    kind = keras.layers.Conv2D if isinstance(layer, keras.layers.Conv2D) else type(layer)
    return kind.from_config(layer.get_config())


def densenet201(settings: Settings) -> Iterator[Row]:
    """`memory: recompute` against the same spec without it: 40 % less memory, at most 35 % more time."""
    again = "memory=recompute"
    what, conditions = "training step, DenseNet-201 with recompute / without", settings.images()
    kept, less = (peak_alone(DEEP, settings, *overrides) for overrides in ([], [again]))
    yield Row("densenet201", f"memory of the process, {what}", conditions, "MiB", less, kept, kept / less, goal=1 / 0.6)
    models = zoo(DEEP, settings, again), zoo(DEEP, settings)
    found = side_by_side(*(training(model, settings) for model in models), settings.repeats)
    yield Row("densenet201", what, conditions, "s", *found, goal=1 / 1.35)


BENCHES: dict[str, tuple[Callable[[Settings], Iterator[Row]], Settings]] = {
    "build": (build, Settings(224, 0, 5)),
    "resnext50": (resnext50, Settings(128, 8, 2)),
    "densenet201": (densenet201, Settings(224, 16, 3)),
}
"""Each with the settings that it takes unless said otherwise."""


# -- showing -------------------------------------------------------------------------------------------------------------

def report(rows: Sequence[Row], console: Console) -> None:
    """The rows as a table."""
    table = grid("ours / theirs", "conditions", "ours", "theirs", "theirs / ours", "goal", left=2)
    for row in rows:
        met = "" if row.met else " missed"
        table.add_row(row.what, row.conditions, f"{row.ours:.3g} {row.unit}", f"{row.theirs:.3g} {row.unit}",
                      f"{row.ratio:.2f}", f"{row.goal:.2f}{met}")
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmarks, prints the table and writes the JSON."""
    parser = parser_of(__doc__, BENCHES)
    parser.add_argument("--size", type=int, help="side of the images in pixels")
    parser.add_argument("--batch", type=int, help="images in a batch")
    parser.add_argument("--repeats", type=int, help="timings of each side")
    parser.add_argument("--json", type=Path, default=Path("bench_models.json"), help="where to write (%(default)s)")
    given = parsed(parser, arguments, BENCHES)
    rows: list[Row] = []
    for name in given.names:
        run, usual = BENCHES[name]
        rows += run(Settings(given.size or usual.size, given.batch or usual.batch, given.repeats or usual.repeats))
    report(rows, Console(width=160))
    write(given.json, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
