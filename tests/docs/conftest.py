"""A folder for each page, in which its commands run and its specs lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from artifacts import RULE
from pages import Folders, blocks
from PIL import Image
from safetensors.numpy import save_file
from sklearn.datasets import load_digits

import archspec
from archspec.artifact.artifact import Artifact, shapes
from archspec.artifact.folder import write


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """The folder of a page, with every spec that the page names; `flowers` and weights for the pages that use them."""
    return cache(lambda page: _folder(tmp_path_factory.mktemp(page.stem), page))


def _folder(folder: Path, page: Path) -> Path:
    for block in blocks(page):
        if block.language == "yaml" and block.file is not None:
            (folder / block.file).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.file).write_text(block.text, encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    if "flowers" in text:
        _pictures(folder / "flowers")
    if "data check broken" in text:
        _broken(folder / "broken")
    if "resnet18.safetensors" in text:
        save_file(dict(_resnet18()), folder / "resnet18.safetensors")
    if "three.png" in text:
        _digit(folder / "three.png", 3)
    if 'weights="runs/flowers"' in text:
        _run(folder / "runs" / "flowers")
    return folder


def _run(folder: Path) -> None:
    """A finished run of a small ResNet-18 on flowers."""
    spec = archspec.load("resnet18", {"input": "64x64x3", "classes": 3, "stages.width": [8, 16, 32, 64]})
    graph = archspec.lower(spec)
    weights = {key: np.zeros(shape, np.float32) for key, shape in shapes(graph).items()}
    rule = replace(RULE, height=64, width=64, channels=3, mean=(128.0,) * 3, std=(64.0,) * 3)
    folder.mkdir(parents=True)
    write(Artifact(spec.to_yaml(expand=True), graph, weights, ("daisy", "rose", "tulip"), rule, {}, {}, "", False), folder)


def _digit(path: Path, number: int) -> None:
    """An image of a digit."""
    digits = load_digits()
    pixels = digits.images[list(digits.target).index(number)] * 255 / 16
    Image.fromarray(pixels.astype(np.uint8)).save(path)


def _broken(folder: Path) -> None:
    """Pictures of which one breaks off."""
    _pictures(folder, ("daisy", "rose"), train=2, validation=1)
    whole = (folder / "train/rose/0.png").read_bytes()
    (folder / "train/rose/9.png").write_bytes(whole[:len(whole) // 2])


def _pictures(folder: Path, labels: tuple[str, ...] = ("daisy", "rose", "tulip"), train: int = 6, validation: int = 2) -> None:
    """A few photographs of noise in some classes."""
    random = np.random.default_rng(0)
    for split, count in (("train", train), ("validation", validation)):
        for label in labels:
            place = folder / split / label
            place.mkdir(parents=True)
            for number in range(count):
                Image.fromarray(random.integers(0, 255, (48, 64, 3), np.uint8)).save(place / f"{number}.png")


def _resnet18() -> Iterator[tuple[str, np.ndarray]]:
    """A state dict with torchvision's names and shapes, all zero."""
    yield from _unit("conv1", "bn1", (64, 3, 7, 7))
    before = 64
    for stage, width in enumerate((64, 128, 256, 512), 1):
        for unit in (0, 1):
            name = f"layer{stage}.{unit}"
            yield from _unit(f"{name}.conv1", f"{name}.bn1", (width, before, 3, 3))
            yield from _unit(f"{name}.conv2", f"{name}.bn2", (width, width, 3, 3))
            if before != width:
                yield from _unit(f"{name}.downsample.0", f"{name}.downsample.1", (width, before, 1, 1))
            before = width
    yield "fc.weight", np.zeros((1000, 512), np.float32)
    yield "fc.bias", np.zeros(1000, np.float32)


def _unit(conv: str, norm: str, shape: tuple[int, ...]) -> Iterator[tuple[str, np.ndarray]]:
    yield f"{conv}.weight", np.zeros(shape, np.float32)
    for name in ("weight", "bias", "running_mean", "running_var"):
        yield f"{norm}.{name}", np.zeros(shape[0], np.float32)
