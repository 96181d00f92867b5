"""Arrays in one file of NumPy's."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from archspec.data.source import Source
from archspec.data.sources.arrays import Pair, of_arrays, texts
from archspec.errors import InputError, listed, some, visible
from archspec.io.files import ARCHIVE_ERRORS
from archspec.io.memory import free_memory
from archspec.io.places import expanded
from archspec.spec.data import Npz

NAMES = (("x_train", "y_train", "x_test", "y_test"), ("train_images", "train_labels", "test_images", "test_labels"))
"""Keras's names, and MedMNIST's: all four of one of them, or with VALIDATION's for the last two."""
VALIDATION = {"x_test": "x_val", "y_test": "y_val", "test_images": "val_images", "test_labels": "val_labels"}
"""What is tested on where no test is there."""
WRITE = f"write it with numpy.savez(file, {', '.join(f'{name}=…' for name in NAMES[0])})"
CLASSES = "classes"
"""The array with the names of the classes, if there is one."""


def npz(section: Npz) -> Source:
    """Two pairs of arrays; what else is there is left out. Nothing in the file is run: arrays of Python objects are refused."""
    path = place(section)
    called = visible(str(path))
    try:
        _refuse_large(path, called)
        with np.load(path, allow_pickle=False) as file:
            names = _names(file.files, called)
            arrays = [file[name] for name in names]
            classes = _classes(file[CLASSES], called) if CLASSES in file.files else ()
            out = _left_out(file.files, names)
    except ARCHIVE_ERRORS as error:
        reason = visible((str(error).splitlines() or ["damaged"])[0])
        raise InputError(f"{called}: cannot be read as arrays ({reason})\n  hint: {WRITE}") from None
    train, test = (Pair(arrays[at], arrays[at + 1], f"{called}: {names[at]}", f"{called}: {names[at + 1]}") for at in (0, 2))
    source = of_arrays(section.source, train, test, section.white, classes)
    test_name = "val" if names[2] in VALIDATION.values() else source.test.name
    return replace(source, test=replace(source.test, name=test_name), left_out=out)


def place(section: Npz) -> Path:
    """The file that a section names. Raises InputError where there is none."""
    path = expanded(section.path)
    if not path.is_file():
        raise InputError(f"train.data.path: no file {path} (seen from {Path.cwd()})\n"
                         f"  hint: --set train.data.path=FILE.npz, which holds {' '.join(NAMES[0])}")
    return path


def _refuse_large(path: Path, called: str) -> None:
    """Raises InputError for more than the memory that is free: what is small on the disk may be large."""
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    memory = free_memory()
    if size > memory:
        raise InputError(f"{called}: its arrays take {size / 1e6:,.1f} MB, and {memory / 1e6:,.1f} MB of memory are free\n"
                         "  hint: images in files, or in TFRecord files, are read one at a time")


def _classes(found: np.ndarray, called: str) -> tuple[str, ...]:
    if found.ndim != 1 or found.dtype.kind not in "US":
        raise InputError(f"{called}: {CLASSES}: {found.dtype} of the shape {found.shape} are no names\n"
                         "  hint: texts, a name for each class")
    return texts(found)


def _names(found: list[str], called: str) -> tuple[str, ...]:
    tested = [(*names[:2], *(VALIDATION[name] for name in names[2:])) for names in NAMES]
    names = next((names for names in (*NAMES, *tested) if all(name in found for name in names)), None)
    if names is None:
        raise InputError(f"{called}: expected the arrays {' '.join(NAMES[0])}, found "
                         f"{visible(listed(found)) or 'none'}\n  hint: {WRITE}")
    return names


def _left_out(found: list[str], names: tuple[str, ...]) -> str:
    """What else is in the file: images to validate on are told apart."""
    others = [name for name in found if name not in (*names, CLASSES)]
    beside = [VALIDATION[name] for name in names[2:] if VALIDATION.get(name) in others]
    rest = [name for name in others if name not in beside]
    said = [f"{' and '.join(beside)}, for {names[2]} is what is tested on"] if beside else []
    return "; ".join([*said, *([f"other arrays: {some(map(visible, rest))}"] if rest else [])])
