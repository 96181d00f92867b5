"""Each augmentation makes the pictures that a person looked at: tests/golden/augment.png, from tools/augment_sheet.py."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from archspec.spec.augment import CROPS, ON_BATCHES, ON_IMAGES

ROOT = Path(__file__).parents[2]
TOOL: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "augment_sheet.py"))
SHEET = np.asarray(Image.open(ROOT / "tests" / "golden" / "augment.png"))


@pytest.mark.parametrize("number", range(len(TOOL["ROWS"])), ids=[name.strip() for name, _ in TOOL["ROWS"]])
def test_row(number: int) -> None:
    name, operation = TOOL["ROWS"][number]
    height, margin = TOOL["HEIGHT"], TOOL["MARGIN"]
    found = np.concatenate(list(TOOL["row"](operation)), axis=1).astype(int)
    differ = np.abs(found - SHEET[number * height:(number + 1) * height, margin:]) > 1  # another machine rounds another way
    assert differ.mean() < 1e-3, name


def test_every_operation_has_a_row() -> None:
    assert {type(operation) for _, operation in TOOL["ROWS"]} == {*CROPS, *ON_IMAGES, *ON_BATCHES}
    assert SHEET.shape == (len(TOOL["ROWS"]) * TOOL["HEIGHT"], TOOL["MARGIN"] + TOOL["COLUMNS"] * TOOL["WIDTH"], 3)
