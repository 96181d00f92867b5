"""Tables of many columns."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from archspec.cli.wide import EDGELESS, parts, short_keys, show


@pytest.mark.parametrize(("keys", "heads"), [
    (["stages.repeats", "train.schedule.learning_rate"], ["repeats", "learning_rate"]),
    (["stages.stage1.width", "stages.stage2.width", "train.batch"], ["stage1.width", "stage2.width", "batch"]),
    (["width", "let.width", "a.let.width"], ["width", "let.width", "a.let.width"]), (["x"], ["x"]), ([], [])])
def test_a_key_is_as_short_as_tells_it_apart(keys: list[str], heads: list[str]) -> None:
    assert short_keys(keys) == heads
    assert len({*heads}) == len(heads)


def columns(count: int) -> list[list[str]]:
    return [[f"a head {number}", "98.89% ± 0.12%", f"value_[{number}]"] for number in range(count)]


@pytest.mark.parametrize("width", [10, 40, 60, 80, 90, 120, EDGELESS])
def test_nothing_is_broken_lost_or_left_alone(width: int) -> None:
    first, *others = columns(11)
    found = parts(first, others, width)
    assert [column for part in found for column in part[1:]] == others
    assert {part[0][0] for part in found} == {"a head 0"}
    if width >= 40:
        file = StringIO()
        show(Console(file=file, width=width), [first, *others])
        assert all(file.getvalue().count(cell) == 1 for column in others for cell in (column[0], column[2]) if column[0] != "a head 1")
        assert file.getvalue().count("98.89% ± 0.12%") == 10 + len(found)
        assert max(map(len, file.getvalue().splitlines())) <= width
    if width >= 60:
        assert min(map(len, found)) > 2


def test_a_table_for_a_file_is_one() -> None:
    assert len(parts(columns(1)[0], columns(60), EDGELESS)) == 1
