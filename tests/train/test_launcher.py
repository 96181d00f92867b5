"""Processes that are started together and end together."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from archspec.errors import InputError
from archspec.train.devices.launcher import Workers, addresses, gpus, shares

WAITS = "import time; time.sleep(600)"


def ended(*programs: str) -> tuple[int, list[str]]:
    said: list[str] = []
    workers = Workers([[sys.executable, "-c", program] for program in programs], [{"MINE": "7"}] * len(programs), said.append)
    return workers.end(), said


def test_ports_are_free_and_each_its_own() -> None:
    found = addresses(3)
    assert len(set(found)) == 3
    assert all(each.startswith("127.0.0.1:") for each in found)


def test_lines_say_whose_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    hello = "import os, sys; print('hello', os.environ['MINE']); print('there', file=sys.stderr)"
    assert ended(hello, hello) == (0, [])
    out, err = capsys.readouterr()
    assert sorted(out.splitlines()) == ["worker 0: hello 7", "worker 1: hello 7"]
    assert sorted(err.splitlines()) == ["worker 0: there", "worker 1: there"]


def test_one_that_fails_ends_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archspec.train.devices.launcher.END_SECONDS", 0.0)
    assert ended(WAITS, "raise SystemExit(2)") == (2, ["worker 1 ended with exit code 2: the others end, too"])
    killed = "import os; os.kill(os.getpid(), 9)"
    assert ended(WAITS, killed) == (4, ["worker 1 was ended by SIGKILL: the others end, too"])


def test_one_that_is_done_is_waited_for() -> None:
    assert ended("", "import time; time.sleep(0.5); raise SystemExit(1)")[0] == 1


def test_gpus_are_shared_out(tmp_path: Path) -> None:
    for name in ("0000:01", "0000:02"):
        (tmp_path / "proc/driver/nvidia/gpus" / name).mkdir(parents=True)
    assert gpus({}, tmp_path) == ["0", "1"]
    assert gpus({"CUDA_VISIBLE_DEVICES": "3,5,-1,7"}, tmp_path) == ["3", "5"]
    assert gpus({"CUDA_VISIBLE_DEVICES": ""}, tmp_path) == gpus({}, tmp_path / "none") == []
    assert shares(["3", "5", "6", "7"], 2) == [{"CUDA_VISIBLE_DEVICES": "3,5"}, {"CUDA_VISIBLE_DEVICES": "6,7"}]
    assert shares([], 2) == [{}, {}]


@pytest.mark.parametrize(("found", "hint"), [(["0"], "archspec train uses one GPU"), (["0"] * 4, "--workers 2 or 4")])
def test_gpus_that_cannot_be_shared_out(found: list[str], hint: str) -> None:
    with pytest.raises(InputError) as error:
        shares(found, 3)
    assert str(error.value) == (f"{len(found)} GPUs cannot be shared out over 3 workers, the same number to each\n  hint: {hint}; "
                                "CUDA_VISIBLE_DEVICES says which GPUs are meant, with -1 none: the processors")
