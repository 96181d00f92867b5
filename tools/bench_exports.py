"""Measures exports side by side with what a user would otherwise have: model.export of Keras, and the plain TFLite converter.

Run from the checkout: python tools/bench_exports.py, or with the names of some networks, or with --quick. Random weights and
statistics. All sides of a network are loaded in one process and take turns; the median over the turns of theirs / ours is held
against the goal, of time, and of CPU time beside it: other load changes the times much and the ratio little. What loading takes
is measured in processes of their own. The share of the peak is that of a matrix product in float32 on this machine.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from benching import TIE, parsed, parser_of, write  # noqa: E402
from rich.console import Console  # noqa: E402
from smallest import drawn  # noqa: E402

from archspec.artifact.artifact import Artifact, versions  # noqa: E402
from archspec.export.exportable import Exportable  # noqa: E402
from archspec.export.exporters import EXPORTERS  # noqa: E402
from archspec.export.runners import RUNNERS  # noqa: E402
from archspec.graph.ir import Graph  # noqa: E402
from archspec.io.memory import resident_memory  # noqa: E402
from archspec.io.quiet import quiet  # noqa: E402
from archspec.model.emit import build  # noqa: E402
from archspec.model.operations import compute  # noqa: E402
from archspec.model.values import assign  # noqa: E402
from archspec.network import load, lower  # noqa: E402
from archspec.preprocess.pixels import normalize  # noqa: E402
from archspec.preprocess.rule import input_shape, preprocess_of  # noqa: E402
from archspec.schema.read import section_of  # noqa: E402
from archspec.spec.recipe import Recipe  # noqa: E402
from archspec.train.bench import matmul_peak  # noqa: E402
from archspec.views.tables import grid  # noqa: E402

Call = Callable[[], object]
BATCHES = (1, 8)
WARM = 2
THEIRS, PLAIN, CONSTANT = "model.export", "plain converter", "constants"
"""What ours are held against: a SavedModel by Keras, a TFLite file of the Keras model by the converter alone, and our own
SavedModel with constants in the place of its variables."""
BESIDE: Mapping[str, str] = {"savedmodel": THEIRS, CONSTANT: "savedmodel", "tflite": PLAIN, "tflite_int8": "tflite",
                             "onnx": THEIRS}
"""By format: the side that it is compared with."""
GOALS: Mapping[tuple[str, int], float] = {("savedmodel", 1): 1.35, ("savedmodel", 8): 1.25, ("tflite", 1): TIE,
                                          ("tflite", 8): TIE, ("tflite_int8", 1): 3.0}
"""By format and batch."""


@dataclass(frozen=True)
class Row:
    """One export at one batch: milliseconds, theirs / ours of time and of CPU time, and the share of the peak."""

    network: str
    batch: int
    side: str
    beside: str
    milliseconds: float
    wall: float
    cpu: float
    share: float
    goal: float

    @property
    def met(self) -> bool:
        """Whether the ratio of times reaches the goal; without a goal it does."""
        return self.wall >= self.goal


@dataclass(frozen=True)
class Size:
    """What a side takes on the disk, and what loading it and a first call take, in seconds and bytes of memory."""

    network: str
    side: str
    bytes: int
    seconds: float
    memory: int
    met: bool = True


NETWORKS: Mapping[str, Callable[..., keras.Model] | None] = {
    "keras_resnet50": keras.applications.ResNet50, "keras_densenet121": keras.applications.DenseNet121, "resnext50_32x4d": None,
    "inception_v4": None}
"""By spec: the same network in keras.applications; where that has none, the spec's own model in Keras's words."""


# -- the sides -------------------------------------------------------------------------------------------------------------

def artifact(name: str, size: int | None) -> Artifact:
    """Random weights of the usual size, statistics moved; pixels as they are."""
    graph = lower(load(name, [f"input={size}x{size}x3"] if size else []))
    recipe = section_of(Recipe, {"preprocess": {"mean": 0.0, "std": 1.0}, "data": {"source": "synthetic"}})
    classes = tuple(map(str, range(graph.output.type.channels)))
    rule = preprocess_of(recipe, input_shape(graph))
    return Artifact("", graph, drawn(graph), classes, rule, {}, versions(), "", several=False)


def theirs(name: str, found: Artifact) -> keras.Model:
    """The Keras model that a user would export: its classes' probabilities."""
    application = NETWORKS[name]
    if application:
        return application(weights=None, input_shape=found.preprocess.shape)
    model = build(found.graph, initialize=False, portable=True)
    assign(model, found.weights)
    return keras.Sequential([keras.Input(found.preprocess.shape), model, keras.layers.Softmax()])


def written(name: str, found: Artifact, folder: Path) -> dict[str, Path]:
    """All sides, each as it lies on the disk."""
    made, model = Exportable(found), theirs(name, found)
    sides = {side: folder / EXPORTERS[side].place for side in BESIDE if side in EXPORTERS}
    for side, path in sides.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with quiet():
            EXPORTERS[side].write(made, path)
    with quiet():
        model.export(folder / "keras", verbose=0)
        (folder / "plain.tflite").write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
        write_constants(made, folder / "constants")
    return {THEIRS: folder / "keras", PLAIN: folder / "plain.tflite", CONSTANT: folder / "constants", **sides}


def write_constants(made: Exportable, folder: Path) -> None:
    """serving_default with the weights as constants."""
    arrays = {key: tf.constant(array) for key, array in made.network.weights.items()}
    output, rule = made.network.graph.output.name, made.artifact.preprocess

    def served(images: tf.Tensor) -> dict[str, tf.Tensor]:
        logits = compute(made.network.graph, arrays, normalize(tf.ensure_shape(images, (None, *rule.shape)), rule), [output])
        return {"probabilities": tf.nn.softmax(logits[output])}
    module = tf.Module()
    taken = [tf.TensorSpec((None, *rule.shape), tf.float32, "images")]
    module.served = tf.function(served, input_signature=taken, autograph=False)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.served})


def loaded(side: str, path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """A side, ready to be called."""
    if side == THEIRS:
        served = tf.saved_model.load(str(path)).signatures["serving_default"]
        (key,) = served.structured_input_signature[1]
        return lambda images: next(iter(served(**{key: tf.constant(images)}).values())).numpy()
    if side == PLAIN:
        from ai_edge_litert.interpreter import Interpreter
        runner = Interpreter(model_path=str(path), num_threads=os.cpu_count()).get_signature_runner("serving_default")
        (key,) = runner.get_input_details()
        return lambda images: np.asarray(next(iter(runner(**{key: images}).values())))
    return RUNNERS["savedmodel" if side == CONSTANT else EXPORTERS[side].kind](path)


# -- measuring -------------------------------------------------------------------------------------------------------------

def spent(call: Call) -> tuple[float, float]:
    """Seconds of time, and of CPU time of all threads."""
    begin, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - begin, time.process_time() - cpu


def latencies(name: str, graph: Graph, sides: Mapping[str, Path], rounds: int, peak: float) -> Iterator[Row]:
    """A row for each of ours and each batch."""
    runs, macs = {side: loaded(side, path) for side, path in sides.items()}, sum(node.macs or 0 for node in graph.predicting)
    for batch in BATCHES:
        images = np.random.default_rng(1).uniform(0, 255, (batch, *input_shape(graph))).astype(np.float32)
        turns: dict[str, list[tuple[float, float]]] = {side: [] for side in runs}
        for turn in range(rounds + WARM):
            for side, run in runs.items():
                taken = spent(partial(run, images))
                if turn >= WARM:
                    turns[side].append(taken)
        for side in (side for side in BESIDE if side in runs):
            seconds = statistics.median(wall for wall, _ in turns[side])
            wall, cpu = (statistics.median(b[kind] / a[kind] for a, b in zip(turns[side], turns[BESIDE[side]], strict=True))
                         for kind in (0, 1))
            yield Row(name, batch, side, BESIDE[side], 1000 * seconds, wall, cpu, batch * macs / seconds / peak,
                      GOALS.get((side, batch), 0.0))


def sizes(name: str, graph: Graph, sides: Mapping[str, Path]) -> Iterator[Size]:
    """What each side takes, in a process of its own."""
    for side, path in sides.items():
        done = subprocess.run([sys.executable, __file__, "--load", side, str(path), json.dumps(input_shape(graph))], check=True,
                              stdout=subprocess.PIPE, text=True)
        seconds, memory = json.loads(done.stdout)
        files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
        yield Size(name, side, sum(each.stat().st_size for each in files), seconds, memory)


def load_one(side: str, path: str, shape: str) -> None:
    """Prints what loading a side and its first calls take in this process, which has loaded TensorFlow."""
    images = np.zeros((1, *json.loads(shape)), np.float32)
    before, begin = resident_memory(), time.perf_counter()
    run = loaded(side, Path(path))
    run(images)
    seconds = time.perf_counter() - begin
    for _ in range(3):
        run(images)
    print(json.dumps([seconds, resident_memory() - before]))


# -- the command line ------------------------------------------------------------------------------------------------------

def show(rows: list[Row], found: list[Size], console: Console) -> None:
    """Two tables."""
    table = grid("network", "export", "beside", "batch", "ms", "theirs / ours", "of CPU time", "of the peak", "goal", left=3)
    for row in rows:
        table.add_row(row.network, row.side, row.beside, str(row.batch), f"{row.milliseconds:.1f}", f"{row.wall:.2f}",
                      f"{row.cpu:.2f}", f"{row.share:.0%}", f"{row.goal:.2f}{'' if row.met else ' missed'}" if row.goal else "")
    console.print(table)
    table = grid("network", "export", "MiB", "loads in s", "memory in MiB", left=2)
    for each in found:
        table.add_row(each.network, each.side, f"{each.bytes / 2**20:.1f}", f"{each.seconds:.2f}", f"{each.memory / 2**20:.0f}")
    console.print(table)


def main(arguments: list[str] | None = None) -> int:
    """Returns 1 where a goal is missed."""
    parser = parser_of(__doc__, NETWORKS)
    parser.add_argument("--quick", action="store_true", help="5 turns in place of 25: to see that it works")
    parser.add_argument("--size", type=int, help="the side of the images, in place of each network's own")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the rows as JSON")
    asked = parsed(parser, arguments, NETWORKS)
    rows, found, peak = list[Row](), list[Size](), matmul_peak(2048, "float32")
    for name in asked.names:
        made = artifact(name, asked.size)
        with tempfile.TemporaryDirectory(prefix="archspec-") as folder:
            sides = written(name, made, Path(folder))
            rows += latencies(name, made.graph, sides, 5 if asked.quick else 25, peak)
            found += sizes(name, made.graph, sides)
    show(rows, found, Console(width=None if Console().is_terminal else 128))
    both: list[Any] = [*rows, *found]
    write(asked.json, both)
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        load_one(*sys.argv[2:])
    else:
        sys.exit(main())
