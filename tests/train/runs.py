"""Small runs, stopped where a test wants them to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from archspec.artifact.artifact import Artifact
from archspec.data.pipeline import Pipeline
from archspec.evaluate.outcome import Outcome, Outcomes
from archspec.export import account, confusion
from archspec.export import run as finishing
from archspec.train import loop
from archspec.train.reporting.picture import draw
from archspec.train.saving.checkpoint import read

SPEC = """\
input: 8x8x1
classes: 10
stem: [conv: 3x3 8 /2, dropout: 0.1]
head: [global_avg_pool, dense: $classes]
train:
  data: {source: synthetic, classes: 10, train: 120, test: 20, height: 8, width: 8, channels: 1}
  epochs: 2
  batch: 4
  schedule: {kind: constant, learning_rate: 0.05}
"""
"""One convolution, and whole batches of few images: what is traced, and traced anew for a last batch that is not full, takes most
of the time, and each image is some of Python's."""
DIGITS = """\
input: 8x8x1
classes: 10
stem: [conv: 3x3 8 /2, dropout: 0.1]
stages: {block: basic, repeats: 1, width: 8}
head: [global_avg_pool, dense: $classes]
train:
  epochs: 2
  batch: 48
  schedule: {kind: constant, learning_rate: 0.05}
"""
"""Three norms, and 1437 images in 30 steps an epoch, of which the last has fewer."""
RUN = Path("runs/small")
QUICK = ["--set", "export.formats=[]"]
Finished = Callable[..., None]
"""The fixture `finished` of conftest.py."""


def metrics(run: Path = RUN) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def checkpoints(run: Path = RUN) -> list[int]:
    """The steps of those that are kept."""
    return sorted(int(path.stem.removeprefix("step-")) for path in (run / "checkpoints").glob("step-*.npz"))


def exact(run: Path) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """All that must not depend on where a run was stopped: rows without times, every array of the last checkpoint."""
    rows = [{key: value for key, value in row.items() if key not in ("seconds", "images_per_second", "data_wait")} for row in metrics(run)]
    last = run / "checkpoints" / f"step-{checkpoints(run)[-1]:08}.npz"
    return rows, {name: array.tobytes() for name, array in read(last).arrays.items()}


def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The report holds nothing: diagrams are not drawn, no example is read for one, no image is judged once more.

    All that takes a third of the time of such a training, and is held in tests/export.
    """
    def save(path: Path, *_: object) -> None:
        Image.new("1", (1, 1)).save(path, "PNG")
    def judge(artifact: Artifact, testing: Pipeline) -> Outcome:
        found = Outcomes()
        found.add_logits(np.zeros((testing.split.size, len(artifact.classes))), testing.split.labels)
        return found.whole()
    for module, name in ((finishing, "draw_curves"), (confusion, "draw_confusion"), (account, "draw_worst")):
        monkeypatch.setattr(module, name, save)
    monkeypatch.setattr(account, "judge", judge)
    monkeypatch.setattr(draw, "draw_from", lambda *_: Image.new("1", (1, 1)))


@contextmanager
def eagerly(few: bool = True) -> Iterator[None]:
    """A few steps are done sooner than compiled. Their batches are made before."""
    tf.config.run_functions_eagerly(few)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


def after_steps(monkeypatch: pytest.MonkeyPatch, count: int, act: Callable[[], object]) -> None:
    """Acts once, when so many steps are done."""
    real, acted = loop.Steps.next, list[int]()

    def following(self: loop.Steps) -> None:
        real(self)
        if self._job.state.progress.step == count and not acted:
            acted.append(count)
            act()
    monkeypatch.setattr(loop.Steps, "next", following)
