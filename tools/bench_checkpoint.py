#!/usr/bin/env python3
"""What a checkpoint costs the step that saves, and whether a long training grows.

`step` trains a network on made images and saves after every second step: the median of the steps that save over that of
those that do not, in one process and by turns. `grow` trains a small network for thousands of steps with a checkpoint every
50 and an evaluation every 500, and tells memory, open files and threads as it goes.

Run it alone, or beside what it shall be measured beside: times mean nothing on a machine that others use now and then.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path

import archspec
from archspec.io.quiet import import_tensorflow


def main() -> None:
    """Reads the command line and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["step", "grow"])
    parser.add_argument("--spec", default="resnet50")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--pairs", type=int, default=10, help="of steps, one that saves and one that does not")
    parser.add_argument("--steps", type=int, default=5000, help="of the long training")
    chosen = parser.parse_args()
    import_tensorflow()
    if chosen.what == "step":
        saving(chosen.spec, chosen.batch, chosen.pairs)
    else:
        growing(chosen.steps)


def saving(spec: str, batch: int, pairs: int) -> None:
    """Prints milliseconds of both kinds of steps, of the copy alone, and how they compare."""
    from archspec.data.sources import load_data
    from archspec.network import lower
    from archspec.train.devices.cluster import Cluster
    from archspec.train.job import prepare
    from archspec.train.reporting.records import Records
    from archspec.train.run import RunFolder
    from archspec.train.saving.checkpoint import Checkpoints
    data = f"train.data={{source: synthetic, train: {4 * batch}, test: {batch}}}"
    loaded = archspec.load(spec, [f"train.batch={batch}", data, "train.augment=[]", "train.epochs=1000"])
    job = prepare(loaded, lower(loaded), load_data(loaded.train.data), lambda *_: None, trial=True)
    batches, taken = job.batches(0), {False: list[float](), True: list[float]()}
    copies: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(Path(folder))
        with Records(run, Checkpoints(run.checkpoints, 2), Cluster(), ()) as records:
            for number in range(-4, 2 * pairs):
                saves = number % 2 == 1
                begin = time.perf_counter()
                if saves or number < 0:
                    records.save(job.state.copy())
                    copied = time.perf_counter() - begin
                job.train(job.next(batches)).numpy()
                job.state.progress.step += 1
                if number >= 0:
                    taken[saves].append(time.perf_counter() - begin)
                    copies.extend([copied] * saves)
                if saves:
                    records.wait()  # so that the next step is one beside which nothing is written
            size = max(path.stat().st_size for path in run.checkpoints.iterdir())
    plain, with_save = (statistics.median(taken[saves]) for saves in (False, True))
    each = [one / other for one, other in zip(taken[True], taken[False], strict=True)]
    print(f"{spec}, {batch} images a step, checkpoints of {size / 1e6:.0f} MB, {pairs} pairs of steps\n"
          f"  a step        {1000 * plain:8.0f} ms (median)\n"
          f"  one that saves{1000 * with_save:8.0f} ms, of which the copy is {1000 * statistics.median(copies):.0f} ms\n"
          f"  {with_save / plain:.2f} times as long; pair by pair {statistics.median(each):.2f} (median), "
          f"{min(each):.2f} to {max(each):.2f}")


SMALL = """\
input: 8x8x1
classes: 10
stem: [conv: 3x3 8 /2]
stages: {block: basic, repeats: 1, width: 8}
head: [global_avg_pool, dense: $classes]
train:
  epochs: %d
  batch: 3
  schedule: {kind: constant, learning_rate: 0.01}
  checkpoint: {steps: 50, best: 2}
"""


def growing(steps: int) -> None:
    """Prints memory, open files and threads after each tenth of so many steps."""
    from rich.console import Console

    from archspec.cli.training import Training, run_training
    from archspec.network import lower
    from archspec.train import loop
    from archspec.train.run import RunFolder
    epochs = -(-steps // 479)  # of 1437 digits in threes
    real = loop.Steps.next

    def following(self: loop.Steps) -> None:
        real(self)
        step = self._job.state.progress.step
        if step % (epochs * 479 // 10) == 0:
            print(f"step {step:6d}  {_resident() / 1e6:7.1f} MB  {len(os.listdir('/proc/self/fd')):4d} files  "
                  f"{len(os.listdir('/proc/self/task')):4d} threads, {threading.active_count()} of them Python's", flush=True)
    loop.Steps.next = following  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "small.yaml")
        path.write_text(SMALL % epochs, encoding="utf-8")
        spec = archspec.load(str(path), ["export.formats=[]"])
        run_training(Training(spec, lower(spec), RunFolder(Path(folder, "run")), False, Console(stderr=True, quiet=True)))


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
