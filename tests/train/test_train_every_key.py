"""Every key of `train` changes something that is done. The declarations are walked: a new key needs a row here.

Quick: what is compared is a rate, a step of a tiny network that is not compiled, the plan of the batches, or what is due.
Those of data, preprocess and augment have tests of their own of this kind.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from runs import eagerly
from test_phases import job

from archspec.data.plan import Plan
from archspec.errors import InputError, SpecError
from archspec.preprocess.rule import preprocess_of
from archspec.schema.keys import Key
from archspec.schema.kinds import Choice
from archspec.schema.read import section_of
from archspec.schema.walk import Entry, walk
from archspec.spec.dump import to_inline
from archspec.spec.preprocess import PreprocessKeys
from archspec.spec.recipe import Recipe
from archspec.spec.sections import SPEC
from archspec.train.devices.strategy import make_strategy
from archspec.train.ending import ended
from archspec.train.events import Save
from archspec.train.progress import Progress
from archspec.train.reporting.marks import Mark, Shown, Spread
from archspec.train.reporting.report import headline
from archspec.train.saving.best import KeepBest
from archspec.train.saving.checkpoint import Checkpoints, Snapshot
from archspec.train.step.optimizer import make_optimizer
from archspec.train.step.schedule import LearningRate
from archspec.train.step.steps import TrainStep
from archspec.train.step.update import rules

pytestmark = pytest.mark.usefixtures("digits")

Written = dict[str, Any]
"""A `train` section as it is written."""
APART = ("data", "preprocess", "augment")
"""Sections with a test of their own for what is below them; that they themselves act is shown here."""
EPOCHS, STEPS = 6, 4
TESTS = [{"epoch": epoch, "step": epoch * STEPS, "test_top1": right, "test_loss": loss}
         for epoch, (right, loss) in enumerate([(0.5, 1.0), (0.7, 0.9), (0.72, 0.7), (0.71, 0.8), (0.7, 0.6), (0.71, 0.9)], 1)]
"""Rows of a training; by its loss another epoch is the best."""


# -- what is looked at ---------------------------------------------------------------------------------------------------

def rate(train: Written) -> object:
    """At each step, told of the rows so far."""
    recipe = section_of(Recipe, {"epochs": EPOCHS, **train})
    found, told = LearningRate(recipe, STEPS), list[float]()
    for step in range(recipe.epochs * STEPS):
        found.follow(TESTS[:step // STEPS])
        told.append(float(found(step)))
    return told


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    layers = keras.layers
    images = keras.Input((4, 4, 1))
    maps = layers.BatchNormalization(name="norm")(layers.Conv2D(2, 3, name="conv")(images))
    flat = layers.Flatten()(maps)
    return keras.Model(images, {"logits": layers.Dense(3, name="head")(flat), "auxiliary": layers.Dense(3, name="beside")(flat)})


def step(train: Written) -> object:
    """The weights after each of two steps, at two rates."""
    schedule = {"kind": "step", "learning_rate": 0.05, "milestones": [1]}
    recipe = section_of(Recipe, {"batch": 4, "epochs": 2, "schedule": schedule, **train})
    model, draw = network(), np.random.default_rng(0)
    rule = preprocess_of(Recipe(preprocess=PreprocessKeys(mean=(0.0,), std=(1.0,))), (4, 4, 1))
    said = recipe.class_weights
    weights = np.array([said.get(f"{name}", 1) for name in range(3)], np.float32) if isinstance(said, Mapping) else None
    one = TrainStep(model, make_optimizer(recipe, 1, model), recipe, rule, rules(recipe, model), 3, weights)
    found = []
    for _ in range(2):
        one(draw.normal(size=(4, 4, 4, 1)).astype(np.float32), np.array([0, 1, 2, 0], np.int32), np.ones(4, np.float32), ())
        found.append([weight.numpy().tobytes() for weight in model.weights])
    return found


def plan(train: Written) -> object:
    """The batches of two epochs."""
    recipe = section_of(Recipe, {"batch": 4, **train})
    found = Plan(np.arange(30, dtype=np.int32) % 7 % 3, recipe)
    return recipe.epochs, found.steps, [found.training(epoch).tolist() for epoch in (0, 1)]


def run(train: Written) -> object:
    """A training's first two steps on the digits, not compiled, and what is done at its end."""
    found = job(*(f"train.{key}={to_inline(value)}" for key, value in {"batch": 479, **train}.items()))
    graph: Any = SimpleNamespace(name="small", predicting=())
    said = headline(graph, found)
    found.initialize(lambda _: None)
    batches = list(islice(found.batches(0), 2))
    with eagerly():
        for batch in batches:
            found.train(batch)
            found.state.progress.step += 1
    found.settle(lambda: None)
    return said, {name: array.tobytes() for name, array in found.state.snapshot().arrays.items()}


def devices(train: Written) -> object:
    return {type(make_strategy(section_of(Recipe, train))).__name__}


def done(train: Written) -> object:
    """After which epoch a training ends."""
    recipe = section_of(Recipe, {"epochs": EPOCHS, **train})
    return next(count for count in range(EPOCHS + 1) if ended(recipe, TESTS[:count]))


class Records:
    """Takes down which best states are to be kept."""

    def __init__(self) -> None:
        self.kept = list[list[int]]()

    def wait(self) -> None: ...

    def keep(self, copy: object, steps: list[int]) -> None:
        self.kept.append(steps)


def due(train: Written, folder: Path) -> object:
    """At which steps something is saved, kept or told, and which states are left."""
    recipe, progress = section_of(Recipe, {"epochs": EPOCHS, **train}), Progress(recent=[0])
    records: Any = Records()
    pace: Any = None
    of: Any = SimpleNamespace(recipe=recipe, training=SimpleNamespace(steps=STEPS), shown_in=lambda rows: rows,
                              state=SimpleNamespace(progress=progress, copy=lambda: None))
    checkpoints: Any = SimpleNamespace(best=lambda: dict.fromkeys(records.kept[-1] if records.kept else []))
    keep = KeepBest(of, checkpoints, records)
    events: dict[str, Any] = {"save": Save(of, records, pace), "mark": Mark(of, records), "spread": Spread(of, records, recipe.log.histograms),
                              "shown": Shown(of, records, recipe.log.images)}
    kept, found = Checkpoints(folder, recipe.checkpoint.keep), list[tuple[str, int]]()
    for progress.step in range(1, EPOCHS * STEPS + 1):
        progress.history = TESTS[:progress.step // STEPS]
        found += [(name, progress.step) for name, event in events.items() if event.due()]
        if found and found[-1] == ("save", progress.step):
            kept.save(Snapshot({}, Progress(progress.step).to_json()))
        if keep.due():
            keep.act()
    return found, records.kept, sorted(path.name for path in folder.iterdir())


# -- the rows: what is beside it, another value of the key, and where that shows -------------------------------------------

Row = tuple[Callable[..., object], Written, object]
SCHEDULES: dict[str, tuple[Written, object]] = {
    "learning_rate": ({}, 0.3), "scaling": ({"learning_rate": "0.1 per 256"}, "sqrt"), "warmup": ({}, 2),
    "warmup_from": ({"warmup": 2}, 0.5), "written_for": ({"warmup": 2, "stretch": True, "written_for": EPOCHS}, 12),
    "stretch": ({"warmup": 2, "written_for": 12}, True), "final": ({}, 0.3), "milestones": ({}, [2]), "factor": ({}, 0.7),
    "every": ({}, 2), "staircase": ({}, False), "power": ({}, 1), "anneal": ({}, "linear"), "metric": ({}, "test_loss"),
    "patience": ({}, 3), "least": ({"least": 0}, 0.05), "cooldown": ({"patience": 1}, 2)}
"""Of each kind that has the key."""
KINDS: dict[str, Written] = {"step": {"milestones": [3, 4]}, "exponential": {"factor": 0.5}, "plateau": {"patience": 1, "least": 0.1}}
"""What a kind of schedule is given, to be anything."""
OPTIMIZERS: dict[str, tuple[Written, object]] = {
    "weight_decay": ({}, 0.2), "decays": ({"weight_decay": 0.1}, "all"), "decay": ({"weight_decay": 0.1}, "decoupled"),
    "layers": ({}, [{"match": "conv", "learning_rate": 2}]), "momentum": ({}, 0.5), "nesterov": ({}, True),
    "form": ({"momentum": 0.9}, "pytorch"), "rho": ({}, 0.5), "epsilon": ({}, 0.5), "beta_1": ({}, 0.5), "beta_2": ({}, 0.5)}
FACTORS: dict[str, tuple[Written, object]] = {
    "match": ({"learning_rate": 2}, "head"), "learning_rate": ({"weight_decay": 3}, 2), "weight_decay": ({"learning_rate": 3}, 2)}
ROWS: dict[tuple[str, str], Row] = {
    ("train", "epochs"): (rate, {}, 5), ("train", "batch"): (plan, {}, 8), ("train", "seed"): (plan, {}, 1),
    ("train", "sampling"): (plan, {}, "balanced"), ("train", "repeated_augmentation"): (plan, {}, 2),
    ("train", "data"): (run, {}, {"source": "synthetic", "classes": 10, "train": 958, "test": 8, "height": 8, "width": 8, "channels": 1}),
    ("train", "preprocess"): (run, {}, {"std": 9}), ("train", "augment"): (run, {}, ["mixup"]),
    ("train", "schedule"): (rate, {}, "constant"), ("train", "optimizer"): (step, {}, "adam"),
    ("train", "loss"): (step, {}, "sigmoid"), ("train.loss: sigmoid", "threshold"): (
        step, {"loss": {"kind": "sigmoid"}, "label_smoothing": 0.3}, 0.2),
    ("train.loss: focal", "gamma"): (step, {"loss": {"kind": "focal"}}, 1.0),
    ("train.loss: focal", "alpha"): (step, {"loss": {"kind": "focal"}}, "none"),
    ("train", "clip"): (step, {}, 0.01), ("train.clip", "at"): (step, {"clip": {"at": 0.01}}, 0.02),
    ("train.clip", "kind"): (step, {"clip": {"at": 0.01}}, "adaptive"),
    ("train", "class_weights"): (step, {}, {"0": 3}), ("train", "label_smoothing"): (step, {}, 0.2),
    ("train", "auxiliary_weight"): (step, {}, 0.7),
    ("train", "accumulate"): (run, {"batch": 480}, 2), ("train", "ema"): (run, {}, 0.9),
    ("train.ema", "decay"): (run, {"ema": {"decay": 0.9}}, 0.5), ("train.ema", "every"): (run, {"ema": {"decay": 0.9}}, 2),
    ("train.ema", "buffers"): (run, {"ema": {"decay": 0.9}}, False), ("train.ema", "warmup"): (run, {"ema": {"decay": 0.9}}, True),
    ("train", "freeze"): (run, {}, "stem"), ("train.freeze", "layers"): (run, {"freeze": {"layers": ["stem"]}}, ["stage1"]),
    ("train.freeze", "until"): (run, {"freeze": {"layers": ["stem"]}}, 0.3),
    ("train", "recompute_statistics"): (run, {}, 479), ("train", "zero_init_residual"): (run, {}, True),
    ("train", "precision"): (run, {}, "mixed_bfloat16"), ("train", "jit"): (run, {}, "on"),
    ("train", "strategy"): (devices, {"strategy": "one"}, "mirrored"), ("train", "gpus"): (devices, {}, 1),
    ("train", "communication"): (devices, {}, "nccl"),
    ("train", "checkpoint"): (due, {}, {"epochs": 2}), ("train.checkpoint", "epochs"): (due, {"checkpoint": {}}, 2),
    ("train.checkpoint", "steps"): (due, {"checkpoint": {}}, 3), ("train.checkpoint", "keep"): (due, {"checkpoint": {}}, 3),
    ("train.checkpoint", "best"): (due, {"checkpoint": {}}, 2),
    ("train.checkpoint", "metric"): (due, {"checkpoint": {"best": 1}}, "test_loss"),
    ("train", "stop_early"): (done, {}, 2), ("train.stop_early", "metric"): (done, {"stop_early": {"patience": 2}}, "test_loss"),
    ("train.stop_early", "patience"): (done, {"stop_early": {"patience": 2}}, 1),
    ("train.stop_early", "least"): (done, {"stop_early": {"patience": 2}}, 0.1),
    ("train", "log"): (due, {}, {"steps": 3}), ("train.log", "steps"): (due, {"log": {}}, 3),
    ("train.log", "histograms"): (due, {"log": {}}, 2), ("train.log", "images"): (due, {"log": {}}, 2),
}
ELSEWHERE = {
    **dict.fromkeys([("train", "on_divergence"), ("train.on_divergence: rollback", "most")],
                    "test_rollback.py::test_where_nothing_is_gained_it_ends"),
    ("train.on_divergence: rollback", "skip"): "test_rollback.py::test_more_steps_may_be_left_out",
    ("train", "sync_batch_norm"): "test_partial.py::test_devices_have_them_together_or_each_its_own",
    ("train", "recipe"): "../spec/test_inherit.py::test_a_recipe_holds_where_it_is_named",
    **dict.fromkeys([("train", "init"), ("train.init", "weights"), ("train.init", "layout")], "test_init.py::test_a_job_is_initialized_when_asked"),
    **dict.fromkeys([("train.init", "new_head"), ("train.init", "partial")], "test_init.py::test_a_file_that_does_not_fit_costs_no_run"),
    ("train.init", "as_is"): "test_init.py::test_weights_of_another_form_are_refused",
}
"""What takes a training, a file or several devices: the test that fails where the key does nothing."""


def entries() -> Iterator[Entry]:
    """Every key but those that name a kind, which the key above them shows."""
    for entry in walk({"train": SPEC["train"]}):
        below = entry.path.partition(".")[2]
        names_a_kind = isinstance(entry.key.kind, Choice) and len(entry.key.kind.words) == 1
        if below and not names_a_kind and (below in APART or below.partition(".")[0] not in APART):
            yield entry


def row(entry: Entry) -> tuple[Callable[..., object], Written, Written]:
    """Where it shows, and the section without and with it."""
    section, _, kind = entry.within.partition(": ")
    if entry.within == "train.optimizer.layers":
        beside, value = FACTORS[entry.name]
        two = [{"match": "conv", **beside}, {"match": "conv", **beside, entry.name: value}]
        before, after = ({"optimizer": {"weight_decay": 0.1, "layers": [each]}} for each in two)
        return step, before, after
    if section in ("train.schedule", "train.optimizer"):
        beside, value = (SCHEDULES if section == "train.schedule" else OPTIMIZERS)[entry.name]
        before = {"kind": kind, **KINDS.get(kind, {}), **beside}
        name = section.partition(".")[2]
        return rate if name == "schedule" else step, {name: before}, {name: {**before, entry.name: value}}
    observe, before, value = ROWS[entry.within, entry.name]
    name = section.partition(".")[2]
    return observe, before, {**before, name: {**before[name], entry.name: value}} if name else {**before, entry.name: value}


def all_rows() -> Iterator[Any]:
    """Each declaration once, however many kinds of optimizers or schedules have it."""
    seen = set[Key]()
    for entry in entries():
        if (entry.within, entry.name) not in ELSEWHERE and entry.key not in seen:
            seen.add(entry.key)
            yield pytest.param(entry, id=f"{entry.within} {entry.name}")


SEEN: dict[str, object] = {}
"""Most keys are compared with the same section."""


def observed(observe: Callable[..., object], train: Written, folder: Path) -> object:
    try:
        if observe is due:
            return due(train, folder)
        name = f"{observe.__name__} {json.dumps(train)}"
        if name not in SEEN:
            SEEN[name] = observe(train)
        return SEEN[name]
    except (InputError, SpecError) as error:
        return str(error)


@pytest.mark.parametrize("entry", list(all_rows()))
def test_a_key_acts(entry: Entry, spec: Path, tmp_path: Path) -> None:
    observe, without, with_it = row(entry)
    folders = tmp_path / "without", tmp_path / "with"
    for folder in folders:
        folder.mkdir()
    before, after = (observed(observe, *each) for each in zip((without, with_it), folders, strict=True))
    assert not isinstance(before, str) or entry.name == "stretch", before
    assert before != after


@pytest.mark.parametrize("observe", [rate, step, plan, run, done])
def test_the_same_section_does_the_same(observe: Callable[[Written], object], spec: Path) -> None:
    """Else any two of them would differ."""
    assert observe({}) == observe({})


def test_what_is_shown_elsewhere_is_there() -> None:
    known = {(entry.within, entry.name) for entry in entries()}
    assert ELSEWHERE.keys() <= known
    for place in ELSEWHERE.values():
        file, _, name = place.partition("::")
        tree = ast.parse((Path(__file__).parent / file).read_text(encoding="utf-8"))
        assert name in {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}, place


def test_no_row_is_of_a_key_that_is_gone() -> None:
    assert ROWS.keys() <= {(entry.within, entry.name) for entry in entries()}
