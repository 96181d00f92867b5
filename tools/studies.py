"""Runs the studies of specs/studies, and writes docs/studies.md and its pictures from what they came to.

    python tools/studies.py            # what is not done yet, in build/studies; then docs/studies.json, the page, the pictures
    python tools/studies.py --page     # the page and the pictures from docs/studies.json alone, as tools/docs.py does

Networks as small as these keep no more than one core busy, and much of a run is Python that prepares its graph. So several
sweeps run side by side, each on one core. What was interrupted is taken up by the same command.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from archspec.io.files import write_text  # noqa: E402
from archspec.search.plan import plan_file, read_plan, study_names  # noqa: E402

WORK = ROOT / "build" / "studies"
TIMES = "seconds.json"
FIRST = ("vgg_depth", "degradation", "preactivation", "residual_scale", "gate_bias")
"""The longest begin first, so that no core waits long at the end."""
ONE_CORE = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_ENABLE_ONEDNN_OPTS": "0"}
CROPS: dict[str, tuple[str, ...]] = {"1": ("--crops", "1"), "5": ("--crops", "10", "--no-flip"), "10": ("--crops", "10")}
"""By how many crops are seen: what `evaluate` is told. Five are the ten without their mirror images."""
CROPPED = "vgg_depth"
"""The study whose runs are evaluated by crops and as ensembles: it was trained on crops."""
DONE, NO = 0, 1

Job = Callable[[], None]


def _archspec(*arguments: str, log: Path) -> str:
    """What a command printed. Raises SystemExit where it neither did its work nor found that a training failed."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as said:
        ended = subprocess.run([sys.executable, "-m", "archspec", *arguments], cwd=WORK, stdout=subprocess.PIPE, stderr=said,
                               text=True, env={**os.environ, **ONE_CORE, "PYTHONPATH": os.pathsep.join(
                                   [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])})
    if ended.returncode not in (DONE, NO):
        raise SystemExit(f"archspec {' '.join(arguments)} ended with {ended.returncode}: {log}")
    return ended.stdout


def _study(name: str) -> Job:
    def job() -> None:
        _archspec("sweep", name, "--train", "-o", name, "--json", log=WORK / "logs" / f"{name}.log")
    return job


def _evaluations() -> dict[str, tuple[str, ...]]:
    """By the name of a file: what `evaluate` is told. All runs by so many crops, and the seeds of each candidate together."""
    candidates = json.loads((WORK / CROPPED / "candidates.json").read_text(encoding="utf-8"))
    runs = {each["name"]: [f"{CROPPED}/runs/{run['run']}" for run in each["result"]["runs"]] for each in candidates}
    every = [run for found in runs.values() for run in found]
    alone = {f"crops_{crops}": (*every, *told) for crops, told in CROPS.items()}
    return {**alone, **{f"ensemble_{name}_{crops}": (*found, "--ensemble", *CROPS[crops]) for name, found in runs.items()
                        for crops in ("1", "5")}}


def _evaluate() -> None:
    for name, arguments in _evaluations().items():
        place = WORK / "evaluate" / f"{name}.json"
        if not place.exists():
            text = _archspec("evaluate", *arguments, "--json", log=WORK / "logs" / "evaluate.log")
            json.loads(text)
            place.parent.mkdir(exist_ok=True)
            write_text(place, text)


def run(jobs: int) -> None:
    """Runs what is not done yet, so many sweeps at a time, and adds up the seconds."""
    WORK.mkdir(parents=True, exist_ok=True)
    names = [*FIRST, *(name for name in study_names() if name not in FIRST)]
    waiting: list[tuple[str, Job]] = [(name, _study(name)) for name in names]
    waiting.insert(3, (f"evaluate {CROPPED}", _evaluate))
    failed: list[str] = []
    trained = threading.Event()

    def work() -> None:
        while waiting and not failed:
            name, job = waiting.pop(0)
            begun = time.monotonic()
            try:
                if job is _evaluate:
                    trained.wait()
                job()
            except SystemExit as problem:
                failed.append(str(problem))
            if name == CROPPED:
                trained.set()
            print(f"{time.monotonic() - begun:6.0f} s  {name}", flush=True)

    begun = time.monotonic()
    workers = [threading.Thread(target=work) for _ in range(jobs)]
    for each in workers:
        each.start()
    try:
        for each in workers:
            each.join()
    finally:
        before = json.loads((WORK / TIMES).read_text()) if (WORK / TIMES).exists() else []
        write_text(WORK / TIMES, json.dumps([*before, round(time.monotonic() - begun)]) + "\n")
    if failed:
        raise SystemExit("\n".join(failed))


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="sweeps at a time")
    said = parser.parse_args(arguments)
    run(said.jobs)


if __name__ == "__main__":
    main(sys.argv[1:])
