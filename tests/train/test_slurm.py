"""Slurm's lists of hosts, in Slurm's order."""

from __future__ import annotations

import pytest

from archspec.train.devices.slurm import hosts, tasks


@pytest.mark.parametrize(("text", "names"), [
    ("node1", ["node1"]),
    ("node[8-11]", ["node8", "node9", "node10", "node11"]),  # not as texts, where node10 comes before node8
    ("node[008-010,3],login", ["node008", "node009", "node010", "node3", "login"]),
    ("r[1-2]n[1-2]x,a", ["r1n1x", "r1n2x", "r2n1x", "r2n2x", "a"]),
])
def test_hosts(text: str, names: list[str]) -> None:
    assert hosts(text) == names


@pytest.mark.parametrize("text", ["", "a,,b", "a[1", "a[x]", "a[1-999999]", "a[0-4000][0-4000][0-4000][0-4000]", "a[]"])
def test_no_hosts(text: str) -> None:
    with pytest.raises(ValueError, match=r"hosts|bracket|range"):
        hosts(text)


def test_tasks() -> None:
    assert tasks("2(x3),1") == [2, 2, 2, 1]
    for text in ("", "x", "1(x99999)", "9999,1", "2(x3", "4000(x4000)"):
        with pytest.raises(ValueError, match="tasks a host"):
            tasks(text)
