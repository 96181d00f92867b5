"""Pictures to encode in every way."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

Encode = Callable[..., bytes]


@pytest.fixture(scope="session")
def photo() -> Image.Image:
    """(30, 40, 3): smooth, so that JPEG changes little, and no symmetry, so that a wrong turn shows."""
    rows, columns = np.mgrid[0:30, 0:40].astype(np.float64)
    pixels = np.stack([rows * 8, columns * 6, 255 - rows * 3 - columns * 3], axis=-1)
    return Image.fromarray(pixels.round().astype(np.uint8))


@pytest.fixture(scope="session")
def encode() -> Encode:
    """Bytes of a picture in a format of Pillow's."""
    def run(image: Image.Image, form: str, **keys: Any) -> bytes:
        file = io.BytesIO()
        image.save(file, form, **keys)
        return file.getvalue()
    return run
