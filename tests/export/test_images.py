"""The images of a trained network: those that can be read, if they are the same ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from artifacts import RULE
from PIL import Image

from archspec.export.images import images, to_calibrate, to_compare
from archspec.network import load
from archspec.spec.recipe import Recipe

SEEN = replace(RULE, channels=3, mean=(0.0,), std=(1.0,))


def tick(*_: object) -> None: ...


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """Of two classes, black and white, in each split; of one image in each split not all bytes are there."""
    for split in ("train", "test"):
        for name, level in (("black", 0), ("white", 255)):
            place = tmp_path / "data" / split / name
            place.mkdir(parents=True)
            for number in range(3):
                Image.new("RGB", (8, 8), (level,) * 3).save(place / f"{number}.png")
        cut = tmp_path / "data" / split / "white/2.png"
        cut.write_bytes(cut.read_bytes()[:-30])
    (tmp_path / "net.yaml").write_text(
        "archspec: 1\nname: net\ninput: 8x8x3\nclasses: 2\nhead: [global_avg_pool, dense: $classes]\n"
        f"train: {{data: {{source: folder, path: {tmp_path / 'data'}, on_error: skip, skip_at_most: 0.5}}}}\n")
    return load(str(tmp_path / "net.yaml")).train


def test_an_image_that_cannot_be_read_is_left_out(recipe: Recipe) -> None:
    """It used to take the place of all: made images were calibrated with, and nothing said so."""
    found, why = images(recipe, SEEN, "", tick)
    assert found, why
    calibrating = to_calibrate(found, 200)
    assert calibrating is not None
    for pixels in (calibrating, to_compare(found.testing, SEEN)):
        assert np.unique(pixels).tolist() == [0, 255]
        assert len(pixels) == 5


def test_others_are_not_taken(recipe: Recipe, tmp_path: Path) -> None:
    assert images(recipe, SEEN, "0123456789abcdef", tick) == (None, "the data 'folder' are not those that it was trained on")
    (tmp_path / "data").rename(tmp_path / "gone")
    found, why = images(recipe, SEEN, "", tick)
    assert found is None
    assert why.startswith("train.data.path: no folder")
    assert to_calibrate(found, 200) is None
