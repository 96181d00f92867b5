"""Measures training side by side with others: a step beside keras.applications and PyTorch, our loop beside Keras's fit.

Run from the checkout: python tools/bench_training.py, or with the names of some benchmarks, or with --quick. With --torch
PYTHON, of an environment that has torch and timm, PyTorch takes part, in a process of its own that waits while it is not its
turn. The sides take turns; the median over the turns of theirs / ours is held against the goal, of time: other load changes
the times much and the ratio little. The ratio of CPU times stands beside it. Each row says what it measures on.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from benching import TIE, parsed, parser_of, training_step, write  # noqa: E402
from rich.console import Console  # noqa: E402

from archspec.data.pipeline import Pipeline  # noqa: E402
from archspec.data.sources import load_data  # noqa: E402
from archspec.model.emit import build  # noqa: E402
from archspec.network import load, lower  # noqa: E402
from archspec.preprocess.pixels import normalize  # noqa: E402
from archspec.preprocess.rule import Preprocess, preprocess_of  # noqa: E402
from archspec.schema.read import section_of  # noqa: E402
from archspec.spec.recipe import Recipe  # noqa: E402
from archspec.train.begin import begin  # noqa: E402
from archspec.train.devices.strategy import make_strategy, summed  # noqa: E402
from archspec.train.job import Job  # noqa: E402
from archspec.train.loop import train  # noqa: E402
from archspec.train.prepare import prepare  # noqa: E402
from archspec.train.run import RunFolder  # noqa: E402
from archspec.train.step.optimizer import make_optimizer  # noqa: E402
from archspec.train.step.steps import TrainStep  # noqa: E402
from archspec.train.step.update import rules  # noqa: E402
from archspec.views.tables import grid  # noqa: E402

Spent = tuple[float, float]
"""Seconds of time, and of CPU time of all threads."""
Turn = Callable[[], Spent]
BATCH = 8


@dataclass(frozen=True)
class Settings:
    """A folder for runs, the side of the images in pixels, the number of turns, epochs a turn, and PyTorch's Python."""

    place: Path
    size: int
    rounds: int
    epochs: int
    torch: Path | None


@dataclass(frozen=True)
class Row:
    """One comparison: milliseconds of each, and theirs / ours of time and of CPU time: more is better."""

    name: str
    what: str
    conditions: str
    ours: float
    theirs: float
    wall: float
    cpu: float
    goal: float

    @property
    def met(self) -> bool:
        """Whether the ratio of times reaches the goal."""
        return self.wall >= self.goal


# -- measuring -----------------------------------------------------------------------------------------------------------

def side_by_side(ours: Turn, theirs: Turn, rounds: int, warm: int) -> tuple[float, float, float, float]:
    """See Row: medians over the turns, after some that trace and warm up."""
    turns = [(ours(), theirs()) for _ in range(rounds + warm)][warm:]
    mine, other = (1000 * statistics.median(turn[side][0] for turn in turns) for side in (0, 1))
    wall, cpu = (statistics.median(b[kind] / a[kind] for a, b in turns) for kind in (0, 1))
    return mine, other, wall, cpu


def spent(run: Callable[[], object]) -> Turn:
    """What a run takes."""
    def turn() -> Spent:
        begin, cpu = time.perf_counter(), time.process_time()
        run()
        return time.perf_counter() - begin, time.process_time() - cpu
    return turn


# -- a step --------------------------------------------------------------------------------------------------------------

def recipe() -> Recipe:
    """SGD with momentum, as everybody has it; pixels as they are."""
    return section_of(Recipe, {"batch": BATCH, "schedule": {"kind": "constant", "learning_rate": 0.01},
                               "optimizer": {"weight_decay": 0.0}, "preprocess": {"mean": 0.0, "std": 1.0},
                               "data": {"source": "synthetic"}})


def batch(size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Noise, and labels."""
    images = np.random.default_rng(0).normal(size=(BATCH, size, size, 3))
    return tf.constant(images, tf.float32), tf.constant(np.arange(BATCH), tf.int32)


def step_of_ours(name: str, size: int) -> Turn:
    """The step of a training, normalisation, loss and accuracy included."""
    said, graph = recipe(), lower(load(name, [f"input={size}x{size}x3"]))
    strategy = make_strategy(replace(said, strategy="one"))
    with strategy.scope():
        model = build(graph)
        optimizer = make_optimizer(said, 1, model)
    step = TrainStep(model, optimizer, said, preprocess_of(said, (size, size, 3)), rules(said, model), 1000)
    run, given = summed(strategy, step), (*batch(size), tf.ones(BATCH), ())
    return spent(lambda: run(given).numpy())


def step_of_keras(application: Callable[..., keras.Model], size: int) -> Turn:
    """The same in Keras's words: its model, its optimizer, one compiled function."""
    model = application(weights=None, classifier_activation=None, input_shape=(size, size, 3))
    return spent(training_step(model, *batch(size)))


TWINS = {"keras_resnet50": (keras.applications.ResNet50, 1.25), "keras_densenet121": (keras.applications.DenseNet121, 1.4)}
"""Of each spec the same network in Keras, and the goal."""


def beside_keras(settings: Settings) -> Iterator[Row]:
    """The specs in Keras's form, so that both compute the same."""
    for spec, (application, goal) in TWINS.items():
        sides = step_of_ours(spec, settings.size), step_of_keras(application, settings.size)
        yield _step_row("keras", f"training step, {spec} / keras.applications", settings, sides, goal)


def beside_torch(settings: Settings) -> Iterator[Row]:
    """The specs in PyTorch's form beside timm's models of the same name; nothing without an environment that has them."""
    for spec in ("resnet50", "densenet121") if settings.torch else ():
        command = [str(settings.torch), str(ROOT / "tools" / "bench_torch.py")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"}) as torch:
            said = _ask(torch, json.dumps({"model": spec, "size": settings.size, "batch": BATCH}))
            sides = step_of_ours(spec, settings.size), lambda torch=torch: _step_of_torch(torch)
            what = f"training step, {spec} / timm {said['timm']}, PyTorch {said['torch']}"
            yield _step_row("torch", what, settings, sides, TIE)
            torch.communicate()


def _step_row(name: str, what: str, settings: Settings, sides: tuple[Turn, Turn], goal: float) -> Row:
    conditions = f"{BATCH} images of {settings.size}x{settings.size}"
    return Row(name, what, conditions, *side_by_side(*sides, settings.rounds, warm=2), goal)


def _ask(process: subprocess.Popen[str], line: str) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


def _step_of_torch(process: subprocess.Popen[str]) -> Spent:
    found = _ask(process, "")
    return found["wall"], found["cpu"]


# -- the loop ------------------------------------------------------------------------------------------------------------

class Marks(Console):
    """Takes what a training says, and the time when an epoch is over, its evaluation included."""

    def __init__(self) -> None:
        super().__init__(file=io.StringIO())
        self.times: list[Spent] = []

    def print(self, *objects: Any, **how: Any) -> None:
        """A line."""
        if "test loss" in str(objects[0]):
            self.times.append((time.perf_counter(), time.process_time()))


def epochs_of(times: Sequence[Spent]) -> Spent:
    """Seconds of the median epoch, of those after the first, which compiles."""
    each = [(late[0] - early[0], late[1] - early[1]) for early, late in pairwise(times)]
    return statistics.median(wall for wall, _ in each), statistics.median(cpu for _, cpu in each)


def prepared(name: str, overrides: Sequence[str]) -> tuple[Any, Any, Job]:
    """Spec, graph and job."""
    spec = load(name, list(overrides))
    graph = lower(spec)
    return spec, graph, prepare(spec, graph, load_data(spec.train.data), lambda *_: None)


def loop_of_ours(name: str, overrides: Sequence[str], place: Path) -> Turn:
    """Whole trainings, each in a folder of its own, with checkpoints and records as usual."""
    def turn() -> Spent:
        spec, graph, job = prepared(name, overrides)
        run, marks = RunFolder(Path(tempfile.mkdtemp(dir=place)) / "run"), Marks()
        begin(run, spec, graph, job, fresh=False, say=lambda _: None)
        train(job, run, marks)
        return epochs_of(marks.times)
    return turn


class _Marking(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.times: list[Spent] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.times.append((time.perf_counter(), time.process_time()))


def loop_of_keras(name: str, overrides: Sequence[str], place: Path) -> Turn:
    """The same model and data in Model.fit, with validation and a checkpoint each epoch. Not by XLA, which is slower here."""
    spec, graph, job = prepared(name, overrides)
    halves = [_arrays(Pipeline(split, job.rule, job.recipe), job.rule) for split in (job.data.train, job.data.test)]

    def turn() -> Spent:
        model, marking = build(graph), _Marking()
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9), keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                      metrics=["accuracy"], jit_compile=False)
        kept = keras.callbacks.ModelCheckpoint(Path(tempfile.mkdtemp(dir=place)) / "{epoch}.keras")
        model.fit(*halves[0], spec.train.batch, spec.train.epochs, verbose=0, callbacks=[kept, marking],
                  validation_data=halves[1], validation_batch_size=spec.train.batch)
        return epochs_of(marking.times)
    return turn


def _arrays(pipeline: Pipeline, rule: Preprocess) -> tuple[np.ndarray, np.ndarray]:
    """All images, as the network takes them, and their labels."""
    found = [(normalize(images, rule)[there > 0], labels[there > 0]) for images, labels, there, _ in pipeline.evaluation()]
    images, labels = zip(*found, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def loops(settings: Settings) -> Iterator[Row]:
    """Steps of about 10 ms, of which a loop of its own has to keep the costs low, and of about 500 ms."""
    images = settings.place / "images.npz"
    draw, large = np.random.default_rng(0), 8 * 16
    np.savez(images, **{f"{array}_{half}": (draw.integers(0, 256, (count, 112, 112, 3), np.uint8) if array == "x" else
                                            np.arange(count) % 10)
                        for half, count in (("train", large), ("test", 32)) for array in "xy"})
    epochs = f"train.epochs={settings.epochs}"
    plain = ["train.augment=[]", "train.optimizer.weight_decay=0", "train.schedule={kind: constant, learning_rate: 0.01}"]
    cases = (("resnet20_digits", [epochs, "input=8x8x1", "train.preprocess=none", *plain], "digits"),
             ("resnet50", [epochs, "input=112x112x3", "classes=10", "train.batch=16", *plain,
                           f"train.data={{source: npz, path: {images}}}"], "128 images of 112x112"))
    for name, overrides, data in cases:
        sides = (loop(name, overrides, settings.place) for loop in (loop_of_ours, loop_of_keras))
        found = side_by_side(*sides, max(1, settings.rounds // 3), warm=0)
        yield Row("loop", f"epoch with evaluation and checkpoint, {name} / Model.fit", data, *found, TIE)


BENCHES: dict[str, Callable[[Settings], Iterator[Row]]] = {"keras": beside_keras, "torch": beside_torch, "loop": loops}


# -- showing -------------------------------------------------------------------------------------------------------------

def report(rows: Sequence[Row], console: Console) -> None:
    """The rows as a table."""
    table = grid("ours / theirs", "on", "ours, ms", "theirs", "ratio", "of CPU time", "goal", left=2)
    for row in rows:
        figures = (f"{row.ours:.0f}", f"{row.theirs:.0f}", f"{row.wall:.2f}", f"{row.cpu:.2f}")
        table.add_row(row.what, row.conditions, *figures, f"{row.goal:.2f}{'' if row.met else ' missed'}")
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmarks and prints the table; 1 if a goal is missed."""
    parser = parser_of(__doc__, BENCHES)
    parser.add_argument("--torch", type=Path, metavar="PYTHON", help="the Python of an environment with torch and timm")
    parser.add_argument("--size", type=int, default=224, help="side of the images in pixels (%(default)s)")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each side; a third of them for loops (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="a look in five minutes: 5 turns, 3 epochs")
    parser.add_argument("--json", type=Path, help="where to write the rows, too")
    given = parsed(parser, arguments, BENCHES)
    rounds, epochs = (min(given.rounds, 5), 3) if given.quick else (given.rounds, 6)
    with tempfile.TemporaryDirectory() as place:
        settings = Settings(Path(place), given.size, rounds, epochs, given.torch)
        rows = [row for name in given.names for row in BENCHES[name](settings)]
    report(rows, Console(width=150))
    write(given.json, rows)
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
