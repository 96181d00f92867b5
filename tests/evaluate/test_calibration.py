"""The expected calibration error against counting by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archspec.errors import InputError
from archspec.evaluate.calibration import Bin, calibration
from archspec.export.calibration import draw_calibration

RNG = np.random.default_rng(5)


def test_by_hand() -> None:
    found = calibration(np.array([0.25, 0.5, 0.75, 1.0]), np.array([False, True, True, True]), bins=2)
    assert found.bins == (Bin(0.0, 0.5, 2, 0.375, 0.5), Bin(0.5, 1.0, 2, 0.875, 1.0))
    assert found.error == pytest.approx(0.5 * 0.125 + 0.5 * 0.125)


def test_as_the_formula_says_it() -> None:
    """Image by image, B_m being the images with a confidence in ((m - 1) / M, m / M]."""
    surest, right = RNG.uniform(size=500).astype(np.float32), RNG.integers(0, 2, 500).astype(bool)
    total = 0.0
    for m in range(1, 16):
        inside = [number for number in range(500) if (m - 1) / 15 < float(surest[number]) <= m / 15]
        total += abs(sum(float(surest[number]) - right[number] for number in inside)) / 500
    found = calibration(surest, right)
    assert found.error == pytest.approx(total, rel=1e-12)
    assert len(found.bins) == 15 and sum(row.images for row in found.bins) == 500
    order = RNG.permutation(500)
    assert calibration(surest[order], right[order]).error == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize(("sure", "place"), [(0.0, 0), (0.2, 0), (np.nextafter(0.2, 1), 1), (0.8, 3), (1.0, 4), (1.0000001, 4)])
def test_a_bound_belongs_to_the_bin_below_it(sure: float, place: int) -> None:
    found = calibration(np.array([sure]), np.array([True]), bins=5)
    assert [row.images for row in found.bins] == [int(number == place) for number in range(5)]
    assert [row.confidence for row in found.bins if not row.images] == [None] * 4 == [row.accuracy for row in found.bins if not row.images]
    assert found.error == pytest.approx(1 - sure, abs=1e-6)


def test_what_is_not_a_number_is_in_no_bin() -> None:
    found = calibration(np.array([np.nan, 1.0]), np.array([False, True]))
    assert np.isnan(found.error)
    assert [row.images for row in found.bins] == [0] * 14 + [1]


def test_without_images_there_is_no_calibration() -> None:
    with pytest.raises(InputError, match="there are no images to evaluate on"):
        calibration(np.empty(0), np.empty(0, bool))


@pytest.mark.parametrize("surest", [np.full(3, np.nan), RNG.uniform(size=99)], ids=["no number", "many"])
def test_its_picture(tmp_path: Path, surest: np.ndarray) -> None:
    draw_calibration(tmp_path / "calibration.png", calibration(surest, np.ones(len(surest), bool)), "a $name$")
    with Image.open(tmp_path / "calibration.png") as image:
        assert image.size == (576, 672)
