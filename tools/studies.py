"""Runs the studies of specs/studies, and writes docs/studies.md and its pictures from what they came to.

    python tools/studies.py             # what is not done yet, in build/studies; then docs/studies.json, tables and pictures
    python tools/studies.py --collect   # docs/studies.json, tables and pictures of what is there, without any training

The page's prose is written by hand; what it claims of the numbers is looked at, and told where it is not so (study_page.py).

Networks as small as these keep no more than one core busy, and much of a run is Python that prepares its graph. So several
sweeps run side by side, each on one core. What was interrupted is taken up by the same command.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import study_page  # noqa: E402

import docs  # noqa: E402
from archspec.io.files import write_text  # noqa: E402
from archspec.search.plan import study_names  # noqa: E402

WORK = ROOT / "build" / "studies"
TIMES = "seconds.json"
FIRST = ("cardinality", "vgg_depth", "degradation", "preactivation", "residual_scale", "gate_bias", "growth")
"""The longest begin first, so that no core waits long at the end."""
ONE_CORE = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_ENABLE_ONEDNN_OPTS": "0"}
CROPS: dict[str, tuple[str, ...]] = {"1": ("--crops", "1"), "5": ("--crops", "10", "--no-flip"), "10": ("--crops", "10")}
"""By how many crops are seen: what `evaluate` is told. Five are the ten without their mirror images."""
CROPPED = "vgg_depth"
"""The study whose runs are evaluated by crops and as ensembles: it was trained on crops."""
JOBS = 2 * (os.cpu_count() or 1)
"""Sweeps at a time: none keeps a core busy for all of its time."""
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
    waiting.insert(4, (f"evaluate {CROPPED}", _evaluate))
    failed: list[str] = []
    trained = threading.Event()

    def work() -> None:
        while waiting and not failed:
            name, job = waiting.pop(0)
            begun = time.monotonic()
            try:
                if job is _evaluate:
                    trained.wait()
                if not failed:
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


# -- what they came to ---------------------------------------------------------------------------------------------------

def collect() -> dict[str, Any]:
    """What docs/studies.json holds: of each run the errors in percent, of each evaluation too, and on what all of it ran."""
    studies = {name: sorted((_candidate(name, each) for each in _read(WORK / name / "candidates.json")), key=_number)
               for name in study_names()}
    configurations = {each["name"]: study_page.CONFIGURATION.words[tuple(each["set"]["repeats"])] for each in studies[CROPPED]}
    evaluated = {way: _alone(f"crops_{way}", configurations) for way in CROPS}
    evaluated |= {f"ensemble {way}": {words: [_percent(_read(WORK / "evaluate" / f"ensemble_{name}_{way}.json")["evaluate"][0])]
                                      for name, words in configurations.items()} for way in ("1", "5")}
    first = _read(WORK / CROPPED / "runs" / studies[CROPPED][0]["runs"][0]["run"] / "manifest.json")
    return {"minutes": round(sum(_read(WORK / TIMES)) / 60), "sittings": len(_read(WORK / TIMES)),
            "machine": first["machine"]["processor"], "jobs": JOBS,
            "versions": {called: first["versions"][called.lower()] for called in ("TensorFlow", "Keras")},
            "studies": studies, "evaluate": evaluated}


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _number(candidate: dict[str, Any]) -> int:
    """The place of a candidate in the study's own order; that of candidates.json is by cost."""
    return int(candidate["name"].rpartition("-")[2])


def _candidate(name: str, found: dict[str, Any]) -> dict[str, Any]:
    said = {key.rpartition(".")[-1]: value for key, value in found["set"].items()}
    return {"name": found["name"], "set": said, "params": found["params"], "macs": found["macs"],
            "runs": [_run(WORK / name / "runs" / each["run"], each) for each in found["result"]["runs"]]}


def _run(folder: Path, found: dict[str, Any]) -> dict[str, Any]:
    lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines() if (folder / "metrics.jsonl").exists() else []
    rows = [json.loads(line) for line in lines]
    return {"run": found["run"], "seed": found["seed"], "state": found["state"],
            "error": None if found["final"] is None else _error(found["final"]),
            "train": [_error(row["accuracy"]) for row in rows], "test": [_error(row["test_top1"]) for row in rows]}


def _error(accuracy: float) -> float:
    return round(100 * (1 - accuracy), 3)


def _percent(evaluated: dict[str, Any]) -> float:
    return _error(evaluated["results"]["top1"])


def _alone(name: str, configurations: dict[str, str]) -> dict[str, list[float]]:
    """By configuration: the errors of its runs."""
    found: dict[str, list[float]] = {words: [] for words in configurations.values()}
    for each in _read(WORK / "evaluate" / f"{name}.json")["evaluate"]:
        candidate = Path(each["models"][0]["model"]).name.rpartition("-seed")[0]
        found[configurations[candidate]].append(_percent(each))
    return found


def write() -> None:
    """docs/studies.json, and what is generated of the page. Raises SystemExit where the page claims what is not so."""
    text = json.dumps(collect(), indent=1, ensure_ascii=False)
    text = re.sub(r"\[[\d\s.,-]*\]", lambda match: re.sub(r"\s+", " ", match[0]).replace("[ ", "[").replace(" ]", "]"), text)
    write_text(study_page.NUMBERS, text + "\n")
    docs.main([])
    wrong = study_page.wrong_claims(study_page.PAGE.read_text(encoding="utf-8"), study_page.read())
    if wrong:
        raise SystemExit("docs/studies.md claims what is not so by these numbers; its prose is written by hand:\n"
                         + "\n".join(wrong))


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=JOBS, help="sweeps at a time")
    parser.add_argument("--collect", action="store_true", help="train nothing")
    said = parser.parse_args(arguments)
    if not said.collect:
        run(said.jobs)
    write()


if __name__ == "__main__":
    main(sys.argv[1:])
