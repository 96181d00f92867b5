"""The schedule that follows the tests: its share from scripted rows, and trainings that come to it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from runs import QUICK, RUN, after_steps, exact, metrics

from archspec.cli import run as archspec
from archspec.errors import SpecError
from archspec.network import load
from archspec.schema.read import section_of
from archspec.spec.recipe import Recipe
from archspec.spec.schedules import Plateau
from archspec.train import loop
from archspec.train.step.schedule import LearningRate

EPOCHS, STEPS = 60, 7
LOSSES = [1.0, *np.round(0.5 + np.random.default_rng(9).exponential(0.2, EPOCHS - 1) / np.sqrt(np.arange(1, EPOCHS)), 3)]
"""They fall, and then go up and down."""


def of_pytorch(values: list[float], factor: float, patience: int, least: float, cooldown: int, final: float) -> list[float]:
    """The share in each epoch, as ReduceLROnPlateau of PyTorch has it with `threshold_mode="abs"` and a patience of one less."""
    best, bad, rests, shares = np.inf, 0, 0, [1.0]
    for value in values:
        best, bad = (value, 0) if value < best - least else (best, bad + 1)
        if rests > 0:
            rests, bad = rests - 1, 0
        falls = bad > patience - 1
        shares.append(max(shares[-1] * factor, final) if falls else shares[-1])
        rests, bad = (cooldown, 0) if falls else (rests, bad)
    return shares[:-1]


def of_keras(values: list[float], factor: float, patience: int, least: float, final: float) -> list[float]:
    """The same by Keras's own callback, without a cooldown."""
    callback = keras.callbacks.ReduceLROnPlateau("loss", factor, patience, mode="min", min_delta=least, min_lr=final)
    callback._model = SimpleNamespace(optimizer=keras.optimizers.SGD(1.0))
    callback.on_train_begin()
    shares = []
    for epoch, value in enumerate(values):
        shares.append(float(callback.model.optimizer.learning_rate))
        callback.on_epoch_end(epoch, {"loss": value})
    return shares


def rates(values: list[float], sign: int, **schedule: Any) -> list[float]:
    """The rate at the first and at the last step of each epoch."""
    recipe = section_of(Recipe, {"epochs": EPOCHS, "schedule": {"kind": "plateau", "learning_rate": 0.3, **schedule}})
    assert isinstance(recipe.schedule, Plateau)
    rate, metric, found = LearningRate(recipe, STEPS), recipe.schedule.metric, list[float]()
    for epoch in range(EPOCHS):
        rate.follow([{"epoch": number, metric: sign * value} for number, value in enumerate(values[:epoch], 1)])
        found += [float(rate(step)) for step in (epoch * STEPS, epoch * STEPS + STEPS - 1)]
    return found


@pytest.mark.parametrize(("patience", "least", "cooldown", "final"), [(3, 1e-4, 0, 0.0), (1, 0.0, 0, 0.01), (5, 0.05, 0, 0.0),
                                                                      (2, 0.02, 1, 0.002), (3, 0.0, 4, 0.0)])
@pytest.mark.parametrize(("metric", "sign"), [("test_loss", 1), ("test_top1", -1)])
def test_it_is_pytorchs_and_kerass(metric: str, sign: int, patience: int, least: float, cooldown: int, final: float) -> None:
    expected = of_pytorch(LOSSES, 0.5, patience, least, cooldown, final)
    assert 2 < len(set(expected)) < 40
    found = rates(LOSSES, sign, metric=metric, factor=0.5, patience=patience, least=least, cooldown=cooldown, final=final)
    assert found == pytest.approx(np.repeat([0.3 * share for share in expected], 2), rel=1e-6)
    if not cooldown:
        assert expected == pytest.approx(of_keras(LOSSES, 0.5, patience, least, final), rel=1e-6)


def test_epochs_within_the_warm_up_are_not_looked_at() -> None:
    """2.5 epochs: the third ends behind it. What the first two said is no mark either."""
    found = rates([0.0, 0.0, *LOSSES[2:]], 1, metric="test_loss", factor=0.5, patience=2, warmup=2.5, warmup_from=0.2)
    expected = of_pytorch(LOSSES[2:], 0.5, 2, 1e-4, 0, 0.0)
    rising = round(2.5 * STEPS)
    ups = [0.3 * (0.2 + 0.8 * min(1, (step + 1) / rising)) for epoch in range(3) for step in (epoch * STEPS, epoch * STEPS + STEPS - 1)]
    assert found == pytest.approx([*ups, *np.repeat([0.3 * share for share in expected[1:]], 2)], rel=1e-6)


def mistake(**written: Any) -> tuple[str, str]:
    with pytest.raises(SpecError) as error:
        section_of(Recipe, {"schedule": {"kind": "plateau", **written}}, "train")
    problem, = error.value.problems
    return problem.message, problem.hint


@pytest.mark.parametrize("word", ["ReduceLROnPlateau", "reduce_lr_on_plateau", "torch.optim.lr_scheduler.ReduceLROnPlateau", "PlateauLRScheduler"])
def test_what_others_call_it(word: str) -> None:
    with pytest.raises(SpecError) as error:
        section_of(Recipe, {"schedule": word}, "train")
    assert [problem.hint for problem in error.value.problems] == ["did you mean 'plateau'?"]


@pytest.mark.parametrize(("word", "hint"), [
    ("monitor", "did you mean 'metric'?"), ("min_delta", "did you mean 'least'?"), ("threshold", "did you mean 'least'?"),
    ("patience_t", "did you mean 'patience'?"), ("cooldown_t", "did you mean 'cooldown'?"), ("decay_rate", "did you mean 'factor'?"),
    ("min_lr", "final is a share of the highest rate: of 0.004, 1e-6 is final: 2.5e-4"),
    ("lr_min", "final is a share of the highest rate: of 0.004, 1e-6 is final: 2.5e-4"),
    ("mode", "a loss is the better the lower, all else the higher: leave it out"),
    ("threshold_mode", "least is a change of the metric itself, as threshold_mode: abs: leave it out"),
    ("eps", "each fall counts, however small: leave it out")])
def test_what_others_call_its_keys(word: str, hint: str) -> None:
    assert mistake(**{word: 1}) == (f"train.schedule has no key '{word}'", hint)


def test_what_it_refuses() -> None:
    assert mistake(stretch=True, written_for=90) == (
        "train.schedule: a plateau comes when it comes: it has no points in epochs that could be stretched", "leave stretch out")
    assert mistake(patience=25, warmup=4) == (
        "train: schedule.patience of 25 epochs behind a warm-up of 4 lowers no rate in a training of 30", "a smaller patience, or more epochs")
    assert section_of(Recipe, {"schedule": {"kind": "plateau", "patience": 24, "warmup": 4}})
    assert mistake(patience=29)[0] == "train: schedule.patience of 29 epochs lowers no rate in a training of 30"


HARD = {"kind": "plateau", "learning_rate": 0.05, "factor": 0.5, "patience": 1, "least": 2}
"""No epoch is better than the first by that much."""


def command(schedule: dict[str, Any], run: Path, epochs: int = 4) -> list[str]:
    written = ", ".join(f"{key}: {value}" for key, value in schedule.items())
    return ["train", "small.yaml", *QUICK, "--set", f"train.schedule={{{written}}}", "--set", f"train.epochs={epochs}", "--run", str(run)]


def test_a_training_is_that_with_milestones_where_it_falls(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped ahead of a test, within an epoch and behind a row, with an epoch more at the end: bit for bit."""
    steps = {"kind": "step", "learning_rate": 0.05, "factor": 0.5, "milestones": [2, 3]}
    assert archspec(command(steps, Path("steps"))) == 0
    real = loop.Evaluate.act
    for step, killed in ((60, True), (65, None), (90, False)):
        def kill(self: loop.Evaluate, step: int = step, ahead: bool | None = killed) -> None:
            if not ahead:
                real(self)
            if self._job.state.progress.step == step:
                raise SystemExit
            if ahead:
                real(self)
        with monkeypatch.context() as patched, pytest.raises(SystemExit):
            if killed is None:
                after_steps(patched, step, lambda: (_ for _ in ()).throw(SystemExit))
            else:
                patched.setattr(loop.Evaluate, "act", kill)
            archspec(command(HARD, RUN, 3))
    assert archspec(command(HARD, RUN, 3)) == 0
    assert archspec(command(HARD, RUN)) == 0
    assert [row["learning_rate"] for row in metrics()] == pytest.approx([0.05, 0.05, 0.025, 0.0125])
    assert exact(RUN) == exact(Path("steps"))


def test_its_metric_is_measured_or_it_is_refused(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archspec(command({**HARD, "metric": "test_f1"}, RUN)) == 2
    assert capsys.readouterr().err.endswith("train.schedule.metric: test_f1 is not measured on these data\n"
                                            "  hint: one of loss accuracy test_loss test_top1 test_top5\n")


def test_a_dry_run_and_the_kinds_of_keys(spec: Path) -> None:
    assert archspec([*command(HARD, RUN), "--dry-run"]) == 0
    assert load("small.yaml", ["train.schedule=plateau", "train.epochs=12"]).train.schedule == Plateau(factor=0.1)
