"""Images in folders, one folder a class."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archspec.data.names import Names, readable
from archspec.data.source import Head, Source, Split
from archspec.data.sources.listing import LINK, OUTSIDE, LeftOut, below, entries, images_below, is_folder, odd
from archspec.errors import InputError, some
from archspec.preprocess.check import look
from archspec.spec.data import Folder

TEST_NAMES = ("validation", "val", "test")

Files = dict[bytes, list[bytes]]
"""From a class to the paths of its images, both sorted by their bytes."""


def folder(section: Folder) -> Source:
    """`path/train/CLASS/*` and `path/validation/CLASS/*`; or `path/CLASS/*` with `holdout`."""
    root = place(section)
    out = LeftOut(os.fsencode(root))
    name, train, test = _halves(root, section.holdout, out)
    return Source(section.source, tuple(map(readable, train)), _split("train", root, train), _split(name, root, test), str(out))


def place(section: Folder) -> Path:
    """The folder that a section names. Raises InputError where there is none."""
    root = Path(section.path).expanduser()
    if not root.is_dir():
        raise InputError(f"train.data.path: no folder {root} (seen from {Path.cwd()})\n"
                         "  hint: --set train.data.path=FOLDER, which holds train and validation, one folder a class in each")
    return root


def _halves(root: Path, holdout: float, out: LeftOut) -> tuple[str, Files, Files]:
    """The name of the split to test on, the images to train on, and those to test on."""
    test = next((root / name for name in TEST_NAMES if (root / name).is_dir()), None)
    if (root / "train").is_dir():
        if test is None:
            raise InputError(f"{root} has a folder 'train', but none of {', '.join(TEST_NAMES)} to test on")
        if holdout:
            raise InputError(f"train.data.holdout is {holdout:g}, but {root} has a folder '{test.name}' to test on\n"
                             "  hint: leave holdout out")
        train_files, test_files = _classes(root / "train", out), _classes(test, out)
        _same_classes(train_files, test_files, test.name)
        return test.name, train_files, test_files
    if not holdout:
        raise InputError(f"{root} has no folder 'train'\n  hint: if it holds one folder a class, "
                         "train.data.holdout=0.2 keeps a fifth of each for testing")
    return ("holdout", *_held_out(_classes(root, out), holdout, out.root))


def _classes(root: Path, out: LeftOut) -> Files:
    folders = []
    for entry in entries(os.fsencode(root), out):
        if not is_folder(entry):
            out.add(odd(entry) or OUTSIDE, entry.path)
        elif entry.is_symlink() and _holds(entry.path, root):
            out.add(LINK, entry.path)
        else:
            folders.append(entry)
    if not folders:
        raise InputError(f"{root}: expected one folder a class, found none")
    return {entry.name: _images(entry.path, out) for entry in folders}


def _holds(link: bytes, root: Path) -> bool:
    """Whether a link leads back above the folder in which it lies."""
    return Path(os.fsdecode(os.path.realpath(link))) in (root.resolve(), *root.resolve().parents)


def _images(folder: bytes, out: LeftOut) -> list[bytes]:
    own = LeftOut(out.root)
    found = images_below(folder, own)
    if not found:
        raise InputError(f"{readable(folder)}: no images in it" + (f"; left out: {own}" if own.counts else ""))
    out.take(own)
    return found


def _held_out(classes: Files, share: float, root: bytes) -> tuple[Files, Files]:
    """Splits each class by a hash of the path in `root`: the same on every machine, and a file that is added moves no other.

    Of each class at least one image is held and at least one is not: the one with the least hash, and the one with the
    greatest. So a class of a few images may differ from the share.
    """
    train: Files = {}
    test: Files = {}
    for name, files in classes.items():
        if len(files) < 2:
            raise InputError(f"class '{readable(name)}' has {len(files)} image(s): too few to hold {share:g} of them back")
        places = {path: (_place(below(root, path)), path) for path in files}
        least, *_, greatest = sorted(places.values())
        held = {path for path, place in places.items() if (place[0] < share or place == least) and place != greatest}
        test[name] = [path for path in files if path in held]
        train[name] = [path for path in files if path not in held]
    return train, test


def _place(name: bytes) -> float:
    """A number from 0 to 1 that depends on the name alone."""
    return int.from_bytes(hashlib.blake2b(name, digest_size=6).digest()) / 2 ** 48


def _same_classes(train: Files, test: Files, test_name: str) -> None:
    lines = [f"only '{name}' has {some(sorted(map(readable, only)))}"
             for name, only in (("train", train.keys() - test.keys()), (test_name, test.keys() - train.keys())) if only]
    if lines:
        raise InputError(f"class folders differ between training and testing: {'; '.join(lines)}")


@dataclass(frozen=True)
class _Files:
    """Files below a folder, read by number."""

    root: bytes
    names: Names

    def item(self, index: int) -> bytes:
        """All bytes of the i-th."""
        with open(self.path(index), "rb") as file:
            return file.read()

    def head(self, index: int) -> Head:
        """What its beginning and its end say."""
        try:
            with open(self.path(index), "rb", buffering=0) as file:
                return Head(*look(file))
        except OSError as error:
            return Head(0, b"", error.strerror or str(error))

    def path(self, index: int) -> bytes:
        """Of the i-th."""
        return os.path.join(self.root, self.names.raw(index))


def _split(name: str, root: Path, classes: Files) -> Split:
    base = os.fsencode(root)
    names = Names.of(below(base, path) for files in classes.values() for path in files)
    labels = np.repeat(np.arange(len(classes), dtype=np.int32), [len(files) for files in classes.values()])
    files = _Files(base, names)
    return Split(name, labels, names, files.item, files.head, None, readable(base), files.path)
