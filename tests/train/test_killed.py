"""A training that is killed and stopped again and again ends where the whole one does, bit for bit. At all moments: with everything on."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import augmented
import numpy as np
import pytest
from augmented import BATCH, EPOCHS, STEPS, section
from killing import LOG, train
from runs import checkpoints, exact, metrics

from archspec.schema.keys import to_json
from archspec.spec.augment import CutMix, Flip, MixUp, RandomErasing, RandomResizedCrop
from archspec.train.saving.checkpoint import read
from archspec.weights.keras_file import by_layer

SPEC = """\
input: 16x16x3
classes: 3
stem: [conv: 3x3 8 /2, dropout: 0.1]
%(stages)shead: [global_avg_pool, dense: $classes]
train:
  data: %(data)s
  epochs: %(epochs)d
  batch: %(batch)d
  seed: 7
  sampling: balanced
  precision: %(precision)s
  schedule: {kind: cosine, learning_rate: 0.05, warmup: 1}
  augment: %(augment)s
  checkpoint: {steps: 2, best: 1}
  on_divergence: rollback
  log: {steps: 1}
%(more)sexport: {formats: [%(formats)s], weights: %(weights)s}
"""
"""YAML takes JSON."""
BARE = {"stages": "", "more": ""}
"""A step is traced in half the time, and anew only where it has fewer images or the augmentation ends."""
ALL = {"stages": "stages: {block: basic, repeats: 1, width: 8, drop_path: 0.2}\n", "more": """\
  repeated_augmentation: 2
  class_weights: {'0': 2}
  label_smoothing: 0.1
  loss: {kind: sigmoid, threshold: 0.2}
  optimizer: {kind: lamb, layers: [{match: stage1*, learning_rate: 0.5}]}
  accumulate: 2
  freeze: {layers: stem, until: 1.5}
  clip: {kind: adaptive, at: 0.1}
  ema: {decay: 0.9, every: 3, warmup: true}
  recompute_statistics: 8
"""}
AUGMENT = (RandomResizedCrop(), Flip(), RandomErasing(fill="noise"), MixUp(probability=0.5, until=2.5), CutMix(probability=0.5, draw="pair"))
"""Of all operations tests/data/test_data_pipeline.py holds that an epoch may be begun in the middle."""
SPOILED = (STEPS - 3, STEPS - 2)
"""Steps that diverge, in the last epoch."""
TEN = sorted(np.random.default_rng(2015).choice(np.arange(1, STEPS + 1), 10, replace=False).tolist())
MOMENTS = [("half a step", 3), ("writing", 4), ("testing", 6), ("half a row", 6), ("row", 6), ("stopped", 7), ("removing", 8),
           ("linking", 12), ("worse", 6), ("going back", 0), ("stopped", SPOILED[0]), ("stopped", STEPS), ("settling", 0),
           ("model", 0), ("result", 0), ("exporting", 0)]
"""In the order in which they come."""


def write(root: Path, source: str, **said: object) -> None:
    """whole.yaml and killed.yaml, one network and recipe."""
    cache = "disk" if source == "folder" else "none"
    data, augment = (json.dumps(written(to_json(each))) for each in (section(root, source, cache), AUGMENT))
    said |= {"data": data, "augment": augment}
    for run in ("whole", "killed"):
        Path(f"{run}.yaml").write_text(SPEC % {"epochs": EPOCHS, "batch": BATCH, **said})


def written(value: Any) -> Any:
    """Without what stands for nothing."""
    if isinstance(value, dict):
        return {key: written(each) for key, each in value.items() if each not in (None, "")}
    return [written(each) for each in value] if isinstance(value, list) else value


def end(run: str) -> dict[str, Any]:
    """All that a run leaves, but for times."""
    folder, timed = Path("runs", run), ("seconds", "images_per_second", "spec", "fingerprint")
    with by_layer(folder / "model.keras") as layers:
        model = {name: [each.read().tobytes() for each in arrays] for name, arrays in layers.items()}
    return {"state": exact(folder), "model": model, "checkpoints": checkpoints(folder),
            "best": {path.name: {name: array.tobytes() for name, array in read(path).arrays.items()}
                     for path in (folder / "checkpoints").glob("best-*.npz")},
            "steps": (folder / "steps.jsonl").read_text(),
            "result": {key: value for key, value in json.loads((folder / "result.json").read_text()).items() if key not in timed}}


@pytest.mark.longest
@pytest.mark.slow
@pytest.mark.parametrize(("source", "said", "kills"), [
    ("folder", {"precision": "mixed_bfloat16", "formats": "", "weights": "best", **BARE}, [("training", step) for step in TEN]),
    ("tfrecord", {"precision": "mixed_float16", "formats": "savedmodel", "weights": "ema", **ALL}, MOMENTS)],
    ids=["at random steps", "at all moments"])
def test_killed(source: str, said: dict[str, object], kills: list[tuple[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCHSPEC_CACHE", str(tmp_path / "kept"))
    augmented.write(tmp_path)
    write(tmp_path, source, **said)
    assert train(["whole.yaml"], SPOILED) == 0, LOG.read_text()
    for moment, step in kills:
        ends = 130 if moment == "stopped" else -signal.SIGKILL
        assert train(["killed.yaml"], SPOILED, moment, step) == ends, (moment, step, LOG.read_text())
    assert train(["killed.yaml"], SPOILED) == 0, LOG.read_text()
    whole, killed = end("whole"), end("killed")
    for part in whole:
        assert killed[part] == whole[part], part
    assert [row.get("skipped_steps") for row in metrics(Path("runs/whole"))] == [None] * 4 + [2]
    assert not list(tmp_path.rglob(".partial*"))
