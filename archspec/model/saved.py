"""The .keras file of a model, and what loading it takes beside Keras."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import keras

from archspec.io.files import replacing
from archspec.model.emit import deep

OURS = re.compile(rb'"registered_name": "archspec>(\w+)"')


def save(model: keras.Model, path: Path) -> tuple[str, ...]:
    """Writes the file, whole or not at all. Returns the layers of archspec's that it needs to be loaded, by name."""
    with replacing(path) as partial, deep(len(model.layers)):
        model.save(partial)
        return ours(partial)


def ours(path: Path) -> tuple[str, ...]:
    """The classes and functions of archspec's that a .keras file names."""
    with zipfile.ZipFile(path) as archive:
        return tuple(sorted({name.decode() for name in OURS.findall(archive.read("config.json"))}))
