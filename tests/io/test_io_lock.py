"""The lock: one at a time, whatever the order in which processes come and go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from archspec.io.lock import Taken, alone

COUNTER = """
import sys
from pathlib import Path
from archspec.io.lock import Taken, alone
place, counter = Path(sys.argv[1]), Path(sys.argv[1]).with_name("counter")
done = 0
while done < 200:
    try:
        with alone(place):
            counter.write_text(str(int(counter.read_text()) + 1))
            done += 1
    except Taken:
        pass
"""


def test_a_second_one_is_turned_away(tmp_path: Path) -> None:
    with alone(tmp_path / "run"), pytest.raises(Taken), alone(tmp_path / "run"):
        pass
    with alone(tmp_path / "run"):
        pass


def test_a_link_is_the_place_that_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "run")
    with alone(tmp_path / "run"), pytest.raises(Taken), alone(tmp_path / "link"):
        pass


def test_never_two_at_once(tmp_path: Path) -> None:
    """Three processes count to 200 each in one file, which only its holder reads and writes.

    An owner that removed the file which it had locked would let two in.
    """
    (tmp_path / "counter").write_text("0")
    processes = [subprocess.Popen([sys.executable, "-c", COUNTER, str(tmp_path / "run")]) for _ in range(3)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0, 0]
    assert (tmp_path / "counter").read_text() == "600"
