"""The benchmark of evaluation: what it takes for a crop, and that all protocols take their turns."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from archspec.data.sources import load_data
from archspec.preprocess.rule import preprocess_of
from archspec.schema.read import section_of
from archspec.spec.recipe import Recipe


def test_whole_images_count_by_their_pixels(tool: ModuleType) -> None:
    rule = preprocess_of(Recipe(), (224, 224, 3))
    assert tool.crops(tool.protocol_of("googlenet-144"), rule) == 144
    assert tool.crops(tool.protocol_of("vgg-dense"), rule) == pytest.approx(2 * 256 * 341 / 224**2)


@pytest.mark.slow
def test_every_protocol_takes_its_turn(tool: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text("extends: cifar_resnet20\nstages: {repeats: 1}\n")
    tool.make(tmp_path / "photos", tool.SMALL._replace(files=3))
    recipe = section_of(Recipe, {"data": {"source": "folder", "path": str(tmp_path / "photos")}})
    rows = tool.bench(str(tmp_path / "small.yaml"), recipe, load_data(recipe.data).train, 3, 1)
    assert [row.protocol for row in rows] == list(tool.PROTOCOLS)
    assert [row.images for row in rows] == [3, 1, 1, 1, 1]
    assert all(row.images_per_second > 0 and row.ratio > 0 for row in rows)
    assert rows[0].ratio == 1
