"""Measures what a checkpoint costs the step that saves, and whether a long training grows.

Run from the checkout: python tools/bench_checkpoint.py step, or grow. `step` trains a network on made images and saves after
every second step: the median of the steps that save over that of those that do not, in one process and by turns. `grow`
trains a small network on the digits for thousands of steps, with a checkpoint every 50 and an evaluation an epoch, and
prints memory, open files and threads as it goes.

Run it alone, or beside what it shall be measured beside: times mean nothing on a machine that others use now and then.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
from rich.console import Console  # noqa: E402

from archspec.data.sources import load_data  # noqa: E402
from archspec.io.memory import resident_memory  # noqa: E402
from archspec.network import load, lower  # noqa: E402
from archspec.train.begin import begin  # noqa: E402
from archspec.train.devices.cluster import ALONE  # noqa: E402
from archspec.train.job import Job  # noqa: E402
from archspec.train.loop import train  # noqa: E402
from archspec.train.prepare import prepare  # noqa: E402
from archspec.train.reporting.records import Records  # noqa: E402
from archspec.train.run import RunFolder  # noqa: E402
from archspec.train.saving.checkpoint import Checkpoints  # noqa: E402

WARM = 4
"""Steps that do not count: they compile, and make the first copies."""
SMALL = """\
input: 8x8x1
classes: 10
stem: [conv: 3x3 8 /2]
stages: {block: basic, repeats: 1, width: 8}
head: [global_avg_pool, dense: $classes]
train:
  batch: 3
  schedule: {kind: constant, learning_rate: 0.01}
  checkpoint: {steps: 50, best: 2}
"""


# -- a step --------------------------------------------------------------------------------------------------------------

def saving(spec: str, batch: int, pairs: int) -> None:
    """Prints milliseconds of both kinds of steps, of the copy alone, and how they compare."""
    plain = load(spec)
    data = (f"train.data={{source: synthetic, classes: {plain.classes}, channels: {plain.input[-1]}, train: {4 * batch}, "
            f"test: {batch}}}")
    loaded = load(spec, [f"train.batch={batch}", data, "train.augment=[]", "train.epochs=1000", "train.schedule=constant"])
    job = prepare(loaded, lower(loaded), load_data(loaded.train.data), lambda *_: None, trial=True)
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(Path(folder))
        taken, copies = timed(job, run, pairs)
        size = max(path.stat().st_size for path in run.checkpoints.iterdir())
    usual, saves = (statistics.median(side) for side in zip(*taken, strict=True))
    each = [save / without for without, save in taken]
    print(f"{spec}, {batch} images a step, checkpoints of {size / 1e6:.0f} MB, {pairs} pairs of steps\n"
          f"  a step        {1000 * usual:8.0f} ms (median)\n"
          f"  one that saves{1000 * saves:8.0f} ms, of which the copy is {1000 * statistics.median(copies):.0f} ms\n"
          f"  {saves / usual:.2f} times as long; pair by pair {statistics.median(each):.2f} (median), "
          f"{min(each):.2f} to {max(each):.2f}")


def timed(job: Job, run: RunFolder, pairs: int) -> tuple[list[tuple[float, float]], list[float]]:
    """Seconds of a step without saving and of one that saves, a pair each; and of the copies."""
    batches, taken, copies = job.batches(0), list[tuple[float, float]](), list[float]()
    with Records(run, Checkpoints(run.checkpoints, 2), ALONE, (), 0) as records:

        def step(*, saves: bool) -> float:
            begin = time.perf_counter()
            if saves:
                records.save(job.state.copy())
                copies.append(time.perf_counter() - begin)
            job.train(job.next(batches)).numpy()
            job.state.progress.step += 1
            spent = time.perf_counter() - begin
            if saves:
                records.wait()  # so that the next step is one beside which nothing is written
            return spent
        for _ in range(WARM):
            step(saves=True)
        copies.clear()
        for _ in range(pairs):
            taken.append((step(saves=False), step(saves=True)))
    return taken, copies


# -- a long training -----------------------------------------------------------------------------------------------------

class Growth(keras.callbacks.Callback):
    """Prints memory, open files and threads after each tenth of a training."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        step = self._job.state.progress.step
        if step % max(1, self._job.steps // 10) == 0:
            print(f"step {step:6d}  {resident_memory() / 1e6:7.1f} MB  {len(os.listdir('/proc/self/fd')):4d} files  "
                  f"{len(os.listdir('/proc/self/task')):4d} threads, {threading.active_count()} of them Python's", flush=True)


def growing(steps: int) -> None:
    """Trains for so many steps, up to the end of an epoch."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "small.yaml")
        path.write_text(SMALL, encoding="utf-8")
        said = load(str(path)).train
        data = load_data(said.data)
        epochs = -(-steps // -(-data.train.size // said.batch))
        spec = load(str(path), [f"train.epochs={epochs}"])
        graph = lower(spec)
        job, run = prepare(spec, graph, data, lambda *_: None), RunFolder(Path(folder, "run"))
        begin(run, spec, graph, job, fresh=False, say=lambda _: None)
        train(job, run, Console(stderr=True, quiet=True), [Growth(job)])


def main(arguments: Sequence[str] | None = None) -> None:
    """Reads the command line and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["step", "grow"])
    parser.add_argument("--spec", default="resnet50", help="of step (%(default)s)")
    parser.add_argument("--batch", type=int, default=8, help="images of a step (%(default)s)")
    parser.add_argument("--pairs", type=int, default=10, help="of steps, one that saves and one that does not (%(default)s)")
    parser.add_argument("--steps", type=int, default=5000, help="of the long training (%(default)s)")
    given = parser.parse_args(arguments)
    if given.what == "step":
        saving(given.spec, given.batch, given.pairs)
    else:
        growing(given.steps)


if __name__ == "__main__":
    main()
