"""Presets of `train.preprocess` make the pixels that their libraries make; what needs PyTorch is written out for Pillow."""

from __future__ import annotations

import io
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from archspec.spec.preprocess import PRESETS

ROOT = Path(__file__).parents[2]
MEAN, STD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
NAMES = ["torchvision, IMAGENET1K_V1", "torchvision, IMAGENET1K_V2", "timm, bicubic", "timm, crop_pct 0.95", "timm, 299",
         "TF-slim, Inception", "TF-slim, VGG", "TF Model Garden", "Keras, folder, tf", "Keras, folder, torch",
         "Keras, folder, caffe", "Keras, folder, crop_to_aspect_ratio", "Keras, load_img"]


@pytest.fixture(scope="module")
def photos(tool: ModuleType) -> dict[str, bytes]:
    found: dict[str, bytes] = tool.photographs()
    return found


def by_pillow(data: bytes, shorter: int, size: int, filter: Image.Resampling, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Resize(shorter), CenterCrop(size) and Normalize of torchvision.transforms, on an image of Pillow's."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    width, height = image.size
    scaled = [shorter if side == min(image.size) else int(shorter * side / min(image.size)) for side in (width, height)]
    left, top = (round((side - size) / 2) for side in scaled)
    pixels = image.resize((scaled[0], scaled[1]), filter).crop((left, top, left + size, top + size))
    return (np.asarray(pixels, np.float32) / 255 - mean) / std


HALF = np.float32(0.5)
SHORTER = {"torchvision, IMAGENET1K_V1": 256, "torchvision, IMAGENET1K_V2": 232, "timm, bicubic": 256, "timm, crop_pct 0.95": 235,
           "timm, 299": 341}


@pytest.mark.parametrize("name", NAMES)
def test_as_the_library_prepares_images(tool: ModuleType, photos: dict[str, bytes], name: str) -> None:
    case = next(case for case in tool.CASES if case.shown == name)
    for photo, data in photos.items():
        if name in SHORTER:
            method = Image.Resampling.BILINEAR if name.startswith("torchvision") else Image.Resampling.BICUBIC
            want = by_pillow(data, SHORTER[name], case.size, method, *((HALF, HALF) if case.size == 299 else (MEAN, STD)))
        else:
            want = case.reference(data)
        found = tool.outcome(case, photo, data, want)
        assert not found.missed, found


def test_every_preset_is_compared(tool: ModuleType) -> None:
    assert [case.shown for case in tool.CASES] == NAMES
    written = " ".join(case.written for case in tool.CASES)
    assert all(preset in written for preset in PRESETS)


def test_the_page_has_the_table(tool: ModuleType) -> None:
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    table = page.partition(tool.BEGIN)[2].partition(tool.END)[0]
    assert [line.split(" | ")[0].removeprefix("| ") for line in table.strip().splitlines()[2:-2]] == NAMES


def test_a_difference_that_is_too_large_shows(tool: ModuleType) -> None:
    case = next(case for case in tool.CASES if case.shown == "TF-slim, VGG")
    assert not tool.Outcome(case, "china.jpg", 0.5, 0.25, 0.5).missed
    assert tool.Outcome(case, "china.jpg", 0.6, 0.25, 0.5).missed
    assert tool.Outcome(case, "china.jpg", 0.5, 0.3, 0.5).missed
