"""Files and folders are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archspec.io.files import opened, replacing, write_text


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write_text(path, "old")
    with pytest.raises(RuntimeError), replacing(path) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert [child.name for child in tmp_path.iterdir()] == ["metrics.jsonl"]
    assert path.read_text() == "old"


def test_a_folder_appears_at_once(tmp_path: Path) -> None:
    with replacing(tmp_path / "saved_model" / "1") as partial:
        (partial / "variables").mkdir(parents=True)
        (partial / "variables" / "x").write_text("x")
        assert not partial.name.isdecimal()
    assert (tmp_path / "saved_model" / "1" / "variables" / "x").read_text() == "x"
    assert [child.name for child in (tmp_path / "saved_model").iterdir()] == ["1"]


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, said in ((tmp_path / "pipe", "it is no file"), (Path("/dev/zero"), "it is no file"), (tmp_path, "Is a directory")):
        with pytest.raises(OSError, match=said):
            opened(path)
    write_text(tmp_path / "file", "text")
    with opened(tmp_path / "file") as file:
        assert file.read() == b"text"


@pytest.mark.parametrize("lies", ["link", "link to nothing", "pipe", "folder"])
def test_nothing_is_written_through_what_lies_in_the_way(lies: str, tmp_path: Path) -> None:
    other, partial = tmp_path / "other", tmp_path / ".partial-net.yaml"
    if lies == "link":
        other.write_text("kept")
    if lies.startswith("link"):
        partial.symlink_to(other)
    elif lies == "pipe":
        os.mkfifo(partial)
    else:
        partial.mkdir()
    write_text(tmp_path / "net.yaml", "new")
    assert (tmp_path / "net.yaml").read_text() == "new"
    assert not (tmp_path / "net.yaml").is_symlink()
    assert not partial.exists()
    assert [path.read_text() for path in [other] if path.exists()] == ["kept"] * (lies == "link")
