"""Files and folders are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.io.files import replacing, write_text


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
