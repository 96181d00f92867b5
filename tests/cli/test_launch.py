"""`archspec launch`: what is wrong is told once, before any worker is started."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence

import pytest

from archspec.cli import run
from archspec.train.devices import launcher

TF_CONFIG = json.dumps({"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}})


class Started:
    """Instead of processes: what they would have been."""

    commands: Sequence[Sequence[str]]
    environments: Sequence[Mapping[str, str]]

    def __init__(self, commands: Sequence[Sequence[str]], environments: Sequence[Mapping[str, str]], say: object) -> None:
        Started.commands, Started.environments = commands, environments

    def end(self) -> int:
        return 4


@pytest.fixture(autouse=True)
def _none_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "Workers", Started)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3")


def test_the_options_of_train_are_handed_on() -> None:
    assert run(["launch", "--fresh", "resnet20_digits", "--workers", "2", "--set", "train.batch=64", "--run", "x"]) == 4
    (_, *first), (_, *second) = Started.commands
    assert first[:9] == ["-m", "archspec", "train", "--fresh", "resnet20_digits", "--set", "train.batch=64", "--run", "x"]
    workers = first[10].split(",")
    assert first[9:] == ["--workers", ",".join(workers), "--launcher", str(os.getpid()), "--rank", "0"]
    assert second == [*first[:-1], "1"]
    assert len(workers) == 2
    assert Started.environments == [{"CUDA_VISIBLE_DEVICES": "0,1"}, {"CUDA_VISIBLE_DEVICES": "2,3"}]


def test_without_gpus_nothing_is_shared_out() -> None:
    assert run(["launch", "resnet20_digits", "--workers", "3", "--set", "train.gpus=0"]) == 4
    assert Started.environments == [{}, {}, {}]


@pytest.mark.parametrize(("arguments", "message"), [
    (["resnet20_digits", "--rank", "0"], "launch gives each worker its --rank\n  hint: leave it out"),
    (["resnet20_digits", "--frehs"], "No such option '--frehs'"),
    ([], "Missing argument 'SPEC'"),
    (["resnet20_digits", "--set", "train.batch=x"], "train.batch needs a whole number"),
    (["resnet20_digits", "--strategy", "mirrored"], "train.strategy: mirrored is for one process, and there are 2 workers"),
])
def test_what_is_wrong_is_told_once(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["launch", "--workers", "2", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_workers_that_are_described_are_not_started(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TF_CONFIG", TF_CONFIG)
    assert run(["launch", "--workers", "2", "resnet20_digits"]) == 2
    assert "describes workers, and launch starts its own" in capsys.readouterr().err
