"""The comparison in double precision, with the smallest of keras.applications."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from forked import printing
from tooling import TOOLS


def _compares(*names: str) -> None:
    raise SystemExit(runpy.run_path(str(TOOLS / "keras_parity.py"))["main"]([*names]))


@pytest.mark.slow
def test_it_computes_a_network_and_knows_no_other(tmp_path: Path) -> None:
    printed = tmp_path / "printed"
    assert printing(printed, _compares, "MobileNetV3Small") == 0
    name, spec, found = printed.read_text().split("\n")[-2].split()
    assert (name, spec) == ("MobileNetV3Small", "mobilenet_v3_small")
    assert 0 < float(found) < 1e-12
    assert printing(printed, _compares, "MobileNetV9") == 2
    assert "there is no MobileNetV9: MobileNetV2 " in printed.read_text()
