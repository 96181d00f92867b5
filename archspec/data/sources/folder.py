"""Images in folders, one folder a class."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf

from archspec.data.dataset import Dataset, Shape, Split
from archspec.data.decode import SUFFIXES, read_image
from archspec.errors import InputError
from archspec.spec.recipe import Folder

TEST_NAMES = ("validation", "val", "test")

Files = dict[str, list[Path]]
"""From a class to its images, both sorted by name."""


def folder(section: Folder, shape: Shape) -> Dataset:
    """`path/train/CLASS/*.jpg` and `path/validation/CLASS/*.jpg`; or `path/CLASS/*.jpg` with `holdout`."""
    if shape[2] not in (1, 3, 4):
        raise InputError(f"images in files have 1, 3 or 4 channels, but the network's input has {shape[2]}")
    root = Path(section.path).expanduser()
    name, train, test = _halves(root, section.holdout)
    _same_classes(train, test)
    read = partial(read_image, shape=shape, margin=section.resize)
    return Dataset(section.source, _split("train", train, read), _split(name, test, read), tuple(train))


def _halves(root: Path, holdout: float) -> tuple[str, Files, Files]:
    """The name of the split to test on, the images to train on, and those to test on."""
    if not root.is_dir():
        raise InputError(f"train.data.path: no folder {root} (seen from {Path.cwd()})\n"
                         "  hint: --set train.data.path=FOLDER, which holds train and validation, one folder a class in each")
    test = next((root / name for name in TEST_NAMES if (root / name).is_dir()), None)
    if (root / "train").is_dir():
        if test is None:
            raise InputError(f"{root} has a folder 'train', but none of {', '.join(TEST_NAMES)} to test on")
        if holdout:
            raise InputError(f"train.data.holdout is {holdout:g}, but {root} has a folder '{test.name}' to test on\n"
                             "  hint: leave holdout out")
        return test.name, _classes(root / "train"), _classes(test)
    if not holdout:
        raise InputError(f"{root} has no folder 'train'\n  hint: if it holds one folder a class, "
                         "train.data.holdout=0.2 keeps a fifth of each for testing")
    return ("holdout", *_held_out(_classes(root), holdout))


def _classes(root: Path) -> Files:
    folders = sorted(child for child in root.iterdir() if child.is_dir() and not child.name.startswith("."))
    if not folders:
        raise InputError(f"{root}: expected one folder a class, found none")
    return {child.name: _images(child) for child in folders}


def _images(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise InputError(f"{folder}: no images in it (expected {', '.join(sorted(SUFFIXES))})")
    return found


def _held_out(classes: Files, share: float) -> tuple[Files, Files]:
    """Splits each class: the same images on every run and machine, spread over the names' order."""
    train: Files = {}
    test: Files = {}
    for name, files in classes.items():
        count = max(1, round(len(files) * share))
        if count >= len(files):
            raise InputError(f"class '{name}' has {len(files)} image(s): too few to hold {share:g} of them back")
        held = {int((index + 0.5) * len(files) / count) for index in range(count)}
        train[name] = [path for index, path in enumerate(files) if index not in held]
        test[name] = [path for index, path in enumerate(files) if index in held]
    return train, test


def _same_classes(train: Files, test: Files) -> None:
    only = sorted(set(train) ^ set(test))
    if only:
        raise InputError(f"class folders differ between training and testing: only one of them has {', '.join(only)}")


def _split(name: str, classes: Files, read: partial[tf.Tensor]) -> Split:
    paths = tuple(str(path) for files in classes.values() for path in files)
    labels = np.repeat(np.arange(len(classes), dtype=np.int32), [len(files) for files in classes.values()])
    held = tf.constant(paths)
    return Split(name, labels, lambda index: read(tf.gather(held, index)), paths)
