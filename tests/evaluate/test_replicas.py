"""One device and two give the same numbers: the training's evaluator, and `archspec evaluate`. A process of its own."""

from __future__ import annotations

import json

import pytest
import tensorflow as tf
from forked import program

from archspec.errors import InputError
from archspec.evaluate import replicas

TWO = """
import json
import numpy as np
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                           [tf.config.LogicalDeviceConfiguration()] * 2)
"""
EVALUATOR = TWO + """
from archspec.evaluate.evaluator import classification, multi_label
from archspec.spec.recipe import Recipe
from archspec.train.devices import strategy as strategies

CLASSES, COUNT, BATCH = 8, 41, 6  # the last batch of five images, filled up
draw = np.random.default_rng(0)
logits = draw.integers(-2, 3, (COUNT, CLASSES)).astype(np.float32)  # few levels, many ties
logits[[3, 17, 30], [0, 1, 2]] = np.nan, np.inf, -np.inf
logits[40] = np.nan
logits[20] = 1.0
one, many = draw.integers(0, CLASSES, COUNT).astype(np.int32), draw.integers(0, 2, (COUNT, CLASSES)).astype(np.uint8)

def by_hand(labels, k):
    found = 0
    for row, label in zip(logits.tolist(), labels.tolist()):
        mine = {label} if isinstance(label, int) else {place for place, true in enumerate(label) if true}
        best = max((row[place] for place in mine if row[place] == row[place]), default=float("nan"))
        known = bool(mine) and all(row[place] == row[place] for place in mine) and abs(best) < float("inf")
        found += known and sum(not row[place] < best for place in range(CLASSES) if place not in mine) < k
    return found / COUNT

def results(kind, evaluator, labels, given):
    strategy = strategies.make_strategy(Recipe(batch=BATCH, strategy=kind))
    filled = -(-COUNT // BATCH) * BATCH - COUNT
    padded = [np.concatenate([each, each[:filled]]) for each in (given, labels)]
    weights = np.float32([1] * COUNT + [0] * filled)
    batches = tf.data.Dataset.from_tensor_slices((*padded, weights)).batch(BATCH, drop_remainder=True)
    step, total = strategies.summed(strategy, evaluator.sums), 0.0
    for batch in strategies.distributed(strategy, batches):
        total = total + step(batch).numpy()
    return strategy.num_replicas_in_sync, dict(evaluator.results(total))

found = []
finite = np.nan_to_num(logits, nan=0.5, posinf=2, neginf=-2)
for evaluator, labels in ((classification(CLASSES), one), (multi_label(CLASSES), many)):
    (alone, first), (both, second) = (results(kind, evaluator, labels, logits) for kind in ("one", "mirrored"))
    losses = [results(kind, evaluator, labels, finite)[1]["loss"] for kind in ("one", "mirrored")]
    found.append({"devices": [alone, both], "losses": losses, "nan": [np.isnan(each.pop("loss")) for each in (first, second)] == [True] * 2,
                  "results": [first, second], "by hand": {name: by_hand(labels, k) for name, k in (("top1", 1), ("top5", 5))}})
print(json.dumps(found))
"""
EVALUATE = TWO + """
from dataclasses import replace
from types import SimpleNamespace
from artifacts import SPEC, artifact
from archspec.data.names import Names
from archspec.data.source import in_memory
from archspec.evaluate.evaluation import Evaluated, ensemble
from archspec.evaluate.outcome import Outcomes
from archspec.evaluate.replicas import replicated
from archspec.export.reference import reference
from archspec.predict.local import Local
from archspec.spec.protocol import Protocol, load_protocol
from archspec.spec.recipe import Recipe

made = artifact(SPEC.replace("memory: recompute\\n", ""))
images = np.random.default_rng(0).integers(0, 256, (131, 11, 9, 4), np.uint8)
images[7] = images[8]
labels = np.arange(131, dtype=np.int32) % 3
split = in_memory("test", labels, Names.of(b"%d" % number for number in range(131)), images, 255.0)
used = set()

def noted(run):
    def noting(pixels):
        used.add(tf.zeros(()).device)
        return run(pixels)
    return noting

def told(name, devices):
    run = replicated(lambda: noted(reference(made)), devices)
    model = Local("m", made.classes, made.preprocess, 0.0, run, {"several": False}, None, artifact=made, devices=devices)
    member = Evaluated(model, Protocol() if name == "1" else load_protocol(name), name, split, Recipe())
    outcomes, said = Outcomes(), list(ensemble([member], None, "probabilities"))
    outcomes.add(np.concatenate(said), labels)
    return np.concatenate(said), dict(outcomes.whole().results())

for name in ("1", "resnet-10", "vgg-dense"):
    used.clear()
    (alone, first), (both, second) = told(name, ("CPU:0",)), told(name, ("CPU:0", "CPU:1"))
    print(json.dumps([name, np.array_equal(alone, both), first == second, len(alone), len(used) if name != "vgg-dense" else 2]))
"""


@pytest.mark.slow
def test_the_evaluator_of_a_training_counts_ties_nan_and_what_fills_up_alike() -> None:
    for found in json.loads(program(EVALUATOR)):
        first, second = found["results"]
        assert found["devices"] == [1, 2]
        assert found["nan"]
        assert first == second
        assert {name: first[name] for name in ("top1", "top5") if name in first} == {
            name: pytest.approx(found["by hand"][name], rel=1e-12) for name in ("top1", "top5") if name in first}
        assert found["losses"][0] == pytest.approx(found["losses"][1], rel=1e-12)


@pytest.mark.slow
def test_evaluation_on_two_devices_is_bit_for_bit_that_on_one() -> None:
    found = [json.loads(line) for line in program(EVALUATE).splitlines()]
    assert found == [[name, True, True, 131, 2] for name in ("1", "resnet-10", "vgg-dense")]


@pytest.mark.parametrize(("asked", "there", "found"), [
    (None, 0, (None,)), (None, 1, ("GPU:0",)), (None, 4, ("GPU:0", "GPU:1", "GPU:2", "GPU:3")), (2, 4, ("GPU:0", "GPU:1")),
    (0, 4, ("CPU:0",)), (0, 0, ("CPU:0",))])
def test_all_gpus_or_as_many_as_are_asked_for(asked: int | None, there: int, found: tuple[str | None, ...],
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [kind] * there)
    assert replicas.devices(asked) == found


def test_gpus_that_are_not_there_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [])
    with pytest.raises(InputError, match="2 GPUs are asked for, and TensorFlow sees none on this machine"):
        replicas.devices(2)
