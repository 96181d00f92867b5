"""What other libraries take files for is a few lines here."""

from __future__ import annotations

from itertools import takewhile

import pytest

from archspec.io.places import shipped

CELL = "  nasnet_normal:"


@pytest.mark.parametrize(("name", "most"), [("hrnet_w18", 44), ("cbam_resnet50", 11), ("eca_resnet50", 11)])
def test_a_spec_is_short(name: str, most: int) -> None:
    assert len((shipped() / f"{name}.yaml").read_text(encoding="utf-8").splitlines()) <= most


def test_the_normal_cell_of_nasnet_is_short() -> None:
    lines = (shipped() / "blocks/nasnet.yaml").read_text(encoding="utf-8").splitlines()
    cell = lines[lines.index(CELL):]
    assert 10 < len(list(takewhile(bool, cell))) <= 24
