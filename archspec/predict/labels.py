"""Names of classes from files: labels.txt, and the archive behind a TFLite file that holds one."""

from __future__ import annotations

import zipfile
from pathlib import Path

from archspec.artifact.facts import MOST_BYTES
from archspec.errors import InputError
from archspec.export import labels
from archspec.io.files import ARCHIVE_ERRORS, opened


def read_labels(path: Path) -> tuple[str, ...]:
    """The lines of a file. Raises InputError where it cannot be read, or a line is no name."""
    try:
        with opened(path) as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}\n  hint: a text with the name of a class a line is expected") from None
    return _lines(data, str(path))


def labels_within(path: Path) -> tuple[str, ...] | None:
    """The names that are packed into a TFLite file; None where there are none."""
    try:
        with zipfile.ZipFile(path) as archive:
            name = next((each for each in archive.namelist() if Path(each).name == labels.NAME), None)
            if name is None:
                return None
            with archive.open(name) as file:
                data = file.read(MOST_BYTES + 1)
    except ARCHIVE_ERRORS:
        return None
    return _lines(data, f"{labels.NAME} in {path}")


def _lines(data: bytes, called: str) -> tuple[str, ...]:
    if len(data) > MOST_BYTES:
        raise InputError(f"{called} is larger than {MOST_BYTES >> 20} MiB")
    try:
        found = tuple(data.decode("utf-8").removesuffix("\n").split("\n"))
    except UnicodeDecodeError:
        raise InputError(f"{called} is no UTF-8 text") from None
    for number, line in enumerate(found, 1):
        if not line.strip():
            raise InputError(f"{called}:{number}: the name of a class is missing")
    return tuple(line.rstrip("\r") for line in found)
