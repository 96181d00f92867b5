"""The table of twins: every spec of it has the form of its library, and every mapping of the libraries a twin."""

from __future__ import annotations

from pathlib import Path

import pytest
from tooling import TOOLS, tool

from archspec.network import load, lower
from archspec.weights.form import differences
from archspec.weights.library import candidates, shipped_mappings, stage_blocks

PARITY = tool("parity")


def fitting(twin: object) -> set[str]:
    """The mappings that name every layer of a twin's network, whose form they have."""
    spec = load(str(TOOLS.parent / twin.spec) if "/" in twin.spec else twin.spec, twin.overrides)  # type: ignore[attr-defined]
    graph = lower(spec)
    return {mapping.name for mapping in candidates(twin.layout, graph, stage_blocks(spec))  # type: ignore[attr-defined]
            if mapping.covers(graph) and not differences(mapping.form, graph)}


def test_every_mapping_has_a_twin() -> None:
    found = [fitting(twin) for twin in PARITY.TWINS]
    assert all(found)
    others = {mapping.name for mapping in shipped_mappings().values() if mapping.format == "torch"} - set.union(*found)
    assert others == {"nin_pytorchcv"}  # whose pools are not those of the spec


def test_the_table_is_written_between_its_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "weights.md"
    page.write_text(f"before\n{PARITY.BEGIN}\nold\n{PARITY.END}\nafter\n")
    monkeypatch.setattr(PARITY, "DOCS", page)
    row = PARITY.Outcome(PARITY.TWINS[0], 1e-6, 1.0).row
    PARITY._write([row])
    assert page.read_text().splitlines() == [
        "before", PARITY.BEGIN, "| layout | model | spec | size | largest error | cosine |", "| --- | --- | --- | --- | --- | --- |",
        "| torchvision | resnet18 | resnet18 | 96x131 | 1.0e-06 | 1.000000 |", "", "1 twins, the largest error 1.0e-06.", PARITY.END, "after"]
    assert PARITY._rows()[PARITY.TWINS[0].title] == row


def test_every_twin_has_a_row_and_is_equal() -> None:
    """What `make parity` found when it last ran; nothing is in the table that is no twin any more."""
    rows = {title: row for title, row in PARITY._rows().items() if "x" in title.split(" | ")[-1]}
    assert rows.keys() == {twin.title for twin in PARITY.TWINS}
    assert all(float(row.split(" | ")[-2]) < PARITY.EQUAL for row in rows.values())
