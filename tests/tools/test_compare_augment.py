"""The table of operations compared with torchvision and timm: complete, without a difference, and made as it is said."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
TOOL: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "compare_augment.py"))


def test_the_page_has_every_operation_of_every_dialect() -> None:
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.partition(TOOL["BEGIN"])[2].partition(TOOL["END"])[0].splitlines()]
    found = {row[0]: (int(row[1]), int(row[3])) for row in rows if row[0] in TOOL["LIBRARIES"]}
    assert found == {library: (len(dialect.space), 0) for library, dialect in TOOL["LIBRARIES"].items()}


@pytest.mark.parametrize(("key", "matrix"), [
    (["torchvision, RandAugment", "TranslateX", 30, 1], (1, 0, -101, 0, 1, 0)),
    (["torchvision, RandAugment", "ShearY", 0, 1], (1, 0, 0, 0, 1, 0)),
    (["timm, rand", "TranslateYRel", 10, -1, "bilinear"], (1, 0, 0, 0, 1, -0.45 * 224))])
def test_an_operation_is_done_as_the_library_means_it(key: list[Any], matrix: tuple[float, ...]) -> None:
    photo = Image.fromarray(TOOL["PHOTOS"]["china"])
    timm = key[0].startswith("timm")
    expected = photo.transform(photo.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR if timm else Image.Resampling.NEAREST,
                               fillcolor=(124, 116, 104) if timm else (0, 0, 0))
    (library, name, apart), = TOOL["differences"]({json.dumps(["china", *key]): np.asarray(expected)})
    assert (library, name, apart.max()) == (key[0], key[1], 0)


def test_a_row_counts_and_measures() -> None:
    same, other = np.zeros((2, 2), int), np.array([[0, 3], [1, 0]])
    lines = TOOL["table"]([("timm, rand", "Rotate", same), ("timm, rand", "Invert", other), ("torchvision, ColorJitter", "hue", other)])
    assert lines[2:] == ["| timm, rand | 2 | 2 | 1 | 3 | 0.5 |", "| torchvision, ColorJitter, hue | 1 | 1 | 1 | 3 | 1 |"]
