"""Names of classes that lie within a model: the archive behind a TFLite file that holds one."""

from __future__ import annotations

import zipfile
from pathlib import Path

from archspec.artifact.facts import MOST_BYTES
from archspec.artifact.labels import labels_in
from archspec.errors import visible
from archspec.export import labels
from archspec.io.files import ARCHIVE_ERRORS


def labels_within(path: Path) -> tuple[str, ...] | None:
    """The names that are packed into a TFLite file; None where there are none. Raises InputError where they are no names."""
    try:
        with zipfile.ZipFile(path) as archive:
            name = next((each for each in archive.namelist() if Path(each).name == labels.NAME), None)
            if name is None:
                return None
            with archive.open(name) as file:
                data = file.read(MOST_BYTES + 1)
    except ARCHIVE_ERRORS:
        return None
    return labels_in(data, f"{labels.NAME} in {visible(str(path))}")
