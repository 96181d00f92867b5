"""Which SavedModel a folder means: one version, or the highest of those in a model's folder, as a server has it."""

from __future__ import annotations

import re
from pathlib import Path

from archspec.errors import InputError, some, visible

SAVED_MODEL = "saved_model.pb"
NUMBER = re.compile(r"[0-9]{1,19}")


def version_of(folder: Path) -> Path:
    """The folder of a version. Raises InputError where there is none."""
    if (folder / SAVED_MODEL).is_file():
        return folder
    found = versions(folder)
    if found:
        return found[-1]
    inner = [each for each in _folders(folder) if versions(each)]
    if inner:
        raise InputError(f"{folder} holds models, not versions of one\n  hint: name one of {some(map(str, inner))}")
    raise InputError(f"{folder} holds neither a trained network nor a SavedModel: no artifact.json with model.keras, no "
                     f"{SAVED_MODEL}, and no folder NUMBER/{SAVED_MODEL}\n"
                     "  hint: name the folder of a finished run, or models/NAME of an export")


def versions(folder: Path) -> list[Path]:
    """The versions in a model's folder, the lowest first."""
    found = [each for each in _folders(folder) if NUMBER.fullmatch(each.name) and (each / SAVED_MODEL).is_file()]
    return sorted(found, key=lambda each: int(each.name))


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(each for each in folder.iterdir() if each.is_dir())
    except OSError as error:
        raise InputError(f"{visible(str(folder))}: cannot be listed: {error.strerror}") from None
