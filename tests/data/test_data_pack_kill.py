"""A pack that is killed, at any moment, leaves nothing that a reader takes for whole, and goes on to the same bytes."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import numpy as np
import pytest
from forked import printing
from PIL import Image
from quietly import silent

from archspec.data.pack.job import Wish, pack
from archspec.data.sources import load_data
from archspec.errors import InputError
from archspec.preprocess.rule import preprocess_of
from archspec.spec.data import Folder, Tfrecord
from archspec.spec.recipe import Recipe

SIZE = 1 << 14


def packs(root: Path, out: Path, killed_after: int, most: int) -> None:
    """Packs, and is killed after so many images; with `most`, no file takes more bytes."""
    def tick(what: str, done: int, of: int) -> None:
        if (what, done) == ("packing train images", killed_after):
            os.kill(os.getpid(), signal.SIGKILL)
    if most:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    section = Folder(path=str(root))
    pack(load_data(section), section, preprocess_of(Recipe(data=section), (32, 32, 3)), out, Wish(SIZE, None), tick)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """train/ with eight images each of cat and dog, about 7 KB; val/ with two."""
    for half, count in (("train", 8), ("val", 2)):
        for value, name in enumerate(("cat", "dog")):
            (tmp_path / "data" / half / name).mkdir(parents=True)
            for index in range(count):
                pixels = np.random.default_rng(index + 100 * value).integers(0, 255, (48, 48, 3), np.uint8)
                Image.fromarray(pixels).save(tmp_path / "data" / half / name / f"{index}.png")
    return tmp_path / "data"


def finished(root: Path, out: Path) -> dict[str, bytes]:
    section = Folder(path=str(root))
    pack(load_data(section), section, preprocess_of(Recipe(data=section), (32, 32, 3)), out, Wish(SIZE, None), silent)
    return {path.name: path.read_bytes() for path in out.iterdir()}


def names(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir() if path.name.startswith(("train", "val", ".part", "index")))


@pytest.mark.slow
def test_killed_within_a_file_and_between_two(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert printing(tmp_path / "said", packs, root, out, 4, 0) == -signal.SIGKILL
    assert names(out) == [".partial-train-00001-of-00007", "train-00000-of-00007"]
    with pytest.raises(InputError, match="6 of 7 files are missing"):
        load_data(Tfrecord(path=str(out)))
    assert printing(tmp_path / "said", packs, root, out, 5, 0) == -signal.SIGKILL
    assert names(out) == [".partial-train-00002-of-00007", "train-00000-of-00007", "train-00001-of-00007"]
    assert finished(root, out) == finished(root, tmp_path / "whole")


@pytest.mark.slow
def test_a_disk_that_takes_no_more(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert printing(tmp_path / "said", packs, root, out, 0, 10_000) == 1
    said = (tmp_path / "said").read_text()
    assert f"{out}/train-00000-of-00007: cannot be written: " in said
    assert "File too large\n  hint: once that is mended, the same command goes on with this file" in said
    assert names(out) == []
    assert finished(root, out) == finished(root, tmp_path / "whole")
