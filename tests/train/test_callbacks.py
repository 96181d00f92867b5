"""Keras callbacks of the user's: told what Model.fit would tell them, and blamed for what they do."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import pytest
from runs import QUICK, RUN, metrics

from archspec.cli import run as archspec
from archspec.errors import InputError
from archspec.io import quiet
from archspec.train.reporting import callbacks
from archspec.train.reporting.callbacks import KERAS_NAMES, load_callbacks, logs

MODULE = """
import json, keras
class Told(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.calls = []
    def on_train_begin(self, logs=None):
        self.calls.append(["begin", self.params["epochs"], self.params["steps"], self.model.name])
    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(["epoch", epoch])
    def on_train_batch_end(self, batch, logs=None):
        self.calls.append(["batch", batch, logs])
    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(["end", epoch, sorted(logs)])
    def on_train_end(self, logs=None):
        with open("told.json", "w") as file:
            json.dump(self.calls, file)
class Stops(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch == 0
class StopsWithin(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.model.stop_training = batch == 3
class Fails(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        raise RuntimeError("no network")
class Needs(keras.callbacks.Callback):
    def __init__(self, key):
        pass
class Other:
    pass
"""


@pytest.fixture
def module(spec: Path) -> str:
    Path("mine.py").write_text(MODULE)
    return str(spec)


def test_a_callback_is_told_what_keras_tells(module: str) -> None:
    """And may ask Keras for whatever it has."""
    quiet.leave_out("matplotlib")
    assert archspec(["train", module, *QUICK, "--callback", "mine:Told"]) == 0
    assert not quiet._LEFT_OUT
    calls = json.loads(Path("told.json").read_text())
    assert calls[0] == ["begin", 2, 30, "small"]
    assert [call[1] for call in calls if call[0] == "epoch"] == [0, 1]
    assert [call[1] for call in calls if call[0] == "batch"] == [*range(30)] * 2
    batches = [call[2] for call in calls if call[0] == "batch"]
    for row, first, last in zip(metrics(), batches[::30], batches[29::30], strict=True):  # as Model.fit has them: of the epoch so far
        assert last == {"loss": row["loss"], "accuracy": row["accuracy"]}
        assert first["loss"] != last["loss"]
    ends = [call for call in calls if call[0] == "end"]
    assert [end[1] for end in ends] == [0, 1]
    assert ends[0][2] == sorted({*metrics()[0], *KERAS_NAMES.values()})


def test_one_that_asks_to_stop_is_heeded_and_the_run_goes_on_later(module: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert archspec(["train", module, *QUICK, "--callback", "mine:Stops"]) == 130
    assert "a callback asked to stop after epoch 1" in capfd.readouterr().err
    assert len(metrics()) == 1
    assert archspec(["train", module, *QUICK]) == 0
    assert len(metrics()) == 2


def test_one_that_asks_within_an_epoch_need_not_wait_for_its_end(module: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert archspec(["train", module, *QUICK, "--callback", "mine:StopsWithin"]) == 130
    assert capfd.readouterr().err.count("a callback asked to stop after step 4 of epoch 1") == 1
    assert list((RUN / "checkpoints").glob("step-00000004.npz"))


def test_one_that_fails_is_blamed_and_nothing_is_lost(module: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert archspec(["train", module, *QUICK, "--callback", "mine:Fails"]) == 2
    error = capfd.readouterr().err
    assert "a callback: RuntimeError: no network\n  at " in error
    line = MODULE.splitlines().index('        raise RuntimeError("no network")') + 1
    assert f"mine.py:{line}, in on_train_batch_end" in error
    assert list((RUN / "checkpoints").glob("step-00000001.npz"))


def test_the_device_is_waited_for_only_where_batches_are_taken(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "trained", lambda sums: pytest.fail("it was waited for"))
    assert archspec(["train", module, *QUICK, "--callback", "mine:Stops"]) == 130


@pytest.mark.parametrize(("name", "said"), [
    ("mine", "--callback mine: write module:Class, such as wandb.integration.keras:WandbMetricsLogger"),
    ("nowhere:Told", "--callback nowhere:Told: ModuleNotFoundError: No module named 'nowhere'"),
    ("mine:Nobody", "--callback mine:Nobody: AttributeError: module 'mine' has no attribute 'Nobody'"),
    ("mine:Needs", "--callback mine:Needs: TypeError: Needs.__init__() missing 1 required positional argument: 'key'"),
    ("mine:Other", "--callback mine:Other: no keras.callbacks.Callback, but a Other")])
@pytest.mark.usefixtures("module")
def test_what_is_no_callback_is_refused(name: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load_callbacks([name])
    assert str(caught.value) == said  # a place in Python's own files, or in ours, would tell nobody anything


def test_keras_early_stopping_finds_its_names() -> None:
    row = {"epoch": 1.0, "loss": 1.0, "test_loss": 2.0, "test_top1": 0.5}
    assert keras.callbacks.EarlyStopping("val_loss").monitor in logs(row)
    assert logs(row)["val_accuracy"] == 0.5
