"""A folder for each page, in which its commands run and its specs lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pages import PAGES, Folders, blocks
from PIL import Image


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """The folder of a page, with every spec that the page names, and a few pictures in `flowers`."""
    made = {page: _folder(tmp_path_factory.mktemp(page.stem), page) for page in PAGES}
    return made.__getitem__


def _folder(folder: Path, page: Path) -> Path:
    for block in blocks(page):
        if block.language == "yaml" and block.file is not None:
            (folder / block.file).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.file).write_text(block.text, encoding="utf-8")
    random = np.random.default_rng(0)
    for split, count in (("train", 6), ("validation", 2)):
        for label in ("daisy", "rose", "tulip"):
            place = folder / "flowers" / split / label
            place.mkdir(parents=True)
            for number in range(count):
                Image.fromarray(random.integers(0, 255, (48, 64, 3), np.uint8)).save(place / f"{number}.png")
    return folder
