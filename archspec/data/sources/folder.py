"""Images in folders, one folder a class."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from archspec.data.names import Names, readable
from archspec.data.source import Source, Split
from archspec.data.sources.files import in_files
from archspec.data.sources.holdout import held_out
from archspec.data.sources.listing import BESIDE, LINK, OUTSIDE, LeftOut, below, entries, images_below, is_folder, odd
from archspec.errors import InputError, some
from archspec.io.places import expanded
from archspec.spec.data import Folder

TRAIN_NAMES = ("train", "training")
TEST_NAMES = ("validation", "val", "valid", "test", "testing")
"""How folders of images to learn from, and to test on, are called, in small letters or large ones: the first is taken."""

DEEPEST = 4
"""So far below the folder that was named another one is looked for."""

Files = dict[bytes, list[bytes]]
"""From a class to the paths of its images, both sorted by their bytes."""


def folder(section: Folder) -> Source:
    """`path/train/CLASS/*` and `path/validation/CLASS/*`; or `path/CLASS/*` or `path/train/CLASS/*` with `holdout`."""
    root = place(section)
    out = LeftOut(os.fsencode(root))
    name, train, test = _halves(root, section.holdout, out)
    return Source(section.source, tuple(map(readable, train)), _split("train", root, train, section.white),
                  _split(name, root, test, section.white), str(out))


def to_test_on(section: Folder) -> Source:
    """All images of `path/CLASS/*`, none held out: both halves are the same."""
    root = place(section)
    out = LeftOut(os.fsencode(root))
    files = _classes(root, out)
    split = _split("all", root, files, section.white)
    return Source(section.source, tuple(map(readable, files)), split, split, str(out))


def place(section: Folder) -> Path:
    """The folder that a section names. Raises InputError where there is none."""
    root = expanded(section.path)
    if root.is_file():
        raise InputError(f"train.data.path: {root} is a file; the images are read from a folder\n"
                         "  hint: unpack an archive first; of a table write train.data: {source: csv, path: FILE}")
    if not root.is_dir():
        raise InputError(f"train.data.path: no folder {root} (seen from {Path.cwd()})\n"
                         "  hint: --set train.data.path=FOLDER, which holds train and validation, one folder a class in each")
    return root


def has_tests(root: Path) -> bool:
    """Whether a folder has images to learn from and others to test on, so that none need be held out."""
    folders = _folders(root)
    return bool(_named(folders, TRAIN_NAMES) and _named(folders, TEST_NAMES))


def _halves(root: Path, holdout: float, out: LeftOut) -> tuple[str, Files, Files]:
    """The name of the split to test on, the images to train on, and those to test on."""
    folders = _folders(root)
    train, test = _named(folders, TRAIN_NAMES), _named(folders, TEST_NAMES)
    if train is None:
        return "holdout", *_held_out(_all_classes(root, holdout, folders, out), holdout, out.root)
    _count_beside(root, train, test, out)
    if test is None and holdout:
        return "holdout", *_held_out(_classes(train, out), holdout, out.root)
    if test is None:
        raise InputError(_nothing_to_test_on(root, train, folders))
    if holdout:
        raise InputError(f"train.data.holdout is {holdout:g}, but {root} has a folder '{test.name}' to test on\n"
                         "  hint: leave holdout out")
    train_files, test_files = _classes(train, out), _classes(test, out)
    _same_classes(train_files, test_files, train.name, test.name)
    return test.name, train_files, test_files


def _named(folders: list[Path], names: tuple[str, ...]) -> Path | None:
    """The folder that is called as the first of the names that any is, and that holds folders: those of classes."""
    return next((path for name in names for path in folders if path.name.lower() == name and _folders(path)), None)


def _folders(root: Path) -> list[Path]:
    found = entries(os.fsencode(root), LeftOut(os.fsencode(root)))
    return [Path(os.fsdecode(entry.path)) for entry in found if is_folder(entry)]


def _all_classes(root: Path, holdout: float, folders: list[Path], out: LeftOut) -> Files:
    """The classes where no folder is one of images to train on."""
    if inner := _further_in(root):
        raise InputError(f"{root} has one folder, {inner.relative_to(root)}, in which the data seem to be\n"
                         f"  hint: --set train.data.path={inner}")
    apart = [path.name for path in folders if path.name.lower() in (*TRAIN_NAMES, *TEST_NAMES)]
    if apart and (not holdout or len(apart) == len(folders)):
        raise InputError(f"{root} has a folder '{apart[-1]}', but no folders of classes are in it\n"
                         "  hint: one folder a class is expected; of a table with paths and labels write "
                         "train.data: {source: csv, path: FILE}")
    if holdout:
        return _classes(root, out)
    raise InputError(f"{root} has no folder 'train'\n  hint: if it holds one folder a class, "
                     "train.data.holdout=0.2 keeps a fifth of each for testing")


def _further_in(root: Path) -> Path | None:
    """Where a folder holds one folder alone, and that perhaps another: the first that holds several."""
    inner, found = root, _folders(root)
    for _ in range(DEEPEST):
        if len(found) != 1:
            break
        inner, found = found[0], _folders(found[0])
    return inner if len(found) > 1 and inner != root else None


def _nothing_to_test_on(root: Path, train: Path, folders: list[Path]) -> str:
    flat = next((path.name for path in folders if path.name.lower() in TEST_NAMES), "")
    said = (f"; '{flat}' holds no folders of classes, so its images have no labels" if flat else
            f", but none of {', '.join(TEST_NAMES)} to test on")
    return (f"{root} has a folder '{train.name}'{said}\n"
            f"  hint: train.data.holdout=0.2 keeps a fifth of each class in '{train.name}' for testing")


def _count_beside(root: Path, train: Path, test: Path | None, out: LeftOut) -> None:
    for entry in entries(os.fsencode(root), out):
        if Path(os.fsdecode(entry.path)) not in (train, test):
            out.add(BESIDE, entry.path)


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
    """Splits each class by the paths in `root`."""
    train: Files = {}
    test: Files = {}
    for name, files in classes.items():
        held = held_out([below(root, path) for path in files], share, f"class '{readable(name)}'").tolist()
        test[name] = [path for path, is_held in zip(files, held, strict=True) if is_held]
        train[name] = [path for path, is_held in zip(files, held, strict=True) if not is_held]
    return train, test


def _same_classes(train: Files, test: Files, train_name: str, test_name: str) -> None:
    lines = [f"only '{name}' has {some(sorted(map(readable, only)))}"
             for name, only in ((train_name, train.keys() - test.keys()), (test_name, test.keys() - train.keys())) if only]
    if lines:
        raise InputError(f"class folders differ between training and testing: {'; '.join(lines)}")


def _split(name: str, root: Path, classes: Files, white: float) -> Split:
    base = os.fsencode(root)
    names = Names.of(below(base, path) for files in classes.values() for path in files)
    labels = np.repeat(np.arange(len(classes), dtype=np.int32), [len(files) for files in classes.values()])
    return in_files(name, labels, base, names, white)
