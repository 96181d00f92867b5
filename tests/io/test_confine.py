"""What a process may open that has given up all else."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from archspec.io import confine
from archspec.io.confine import landlock
from archspec.io.python import command, environment

PROGRAM = """
import json, os, socket, sys, threading
from pathlib import Path
from archspec.io.confine import confine
mine, others, changed = map(Path, sys.argv[1:])
def tries(work):
    try:
        work()
    except OSError as error:
        return type(error).__name__
    return "may"
def all_tries():
    return [tries(work) for work in (
        (mine / "a").read_text, (others / "a").read_text, lambda: os.listdir(others), lambda: (mine / "b").write_text("b"),
        lambda: (others / "b").write_text("b"), (changed / "b").touch, (changed / "b").unlink, Path("/etc/passwd").read_text,
        lambda: (mine / "link").read_text(), lambda: socket.create_connection(("127.0.0.1", 9)))]
confined = confine([mine], [changed])
found = []
thread = threading.Thread(target=lambda: found.extend(all_tries()))
thread.start(), thread.join()
import decimal
print(json.dumps([confined, found]))
"""


@pytest.mark.skipif(not landlock(), reason="the kernel has no Landlock")
def test_a_process_that_is_confined(tmp_path: Path) -> None:
    for name in ("mine", "others", "changed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text("a")
    (tmp_path / "mine/link").symlink_to(tmp_path / "others/a")
    places = [str(tmp_path / name) for name in ("mine", "others", "changed")]
    said = subprocess.run(command("-c", PROGRAM, *places), env=environment({}), capture_output=True, check=True).stdout
    confined, found = json.loads(said)
    no = "PermissionError"
    assert confined
    assert found[:9] == ["may", no, no, no, no, "may", "may", no, no]
    assert found[9] == (no if landlock() >= 4 else "ConnectionRefusedError")


def test_where_the_kernel_cannot_do_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "landlock", lambda: 0)
    assert not confine.confine([], [])
