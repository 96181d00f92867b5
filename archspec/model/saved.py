"""The .keras file of a model, what it says of its network, and what loading it takes beside Keras."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import keras

from archspec.graph.ir import Graph
from archspec.graph.text import MEMBER, line
from archspec.io.depth import deep
from archspec.io.files import replacing

OURS = re.compile(rb'"registered_name": "archspec>(\w+)"')


def save(model: keras.Model, graph: Graph, path: Path, members: Mapping[str, str] = MappingProxyType({})) -> tuple[str, ...]:
    """Writes the file, whole or not at all. Returns the layers of archspec's that it needs to be loaded, by name.

    Beside what Keras writes it holds the graph's text, by which weights taken from it are known to fit, and these texts.
    """
    with replacing(path) as partial, deep(len(model.layers)):
        model.save(partial)
        with zipfile.ZipFile(partial, "a") as archive:
            for name, text in {MEMBER: "\n".join(map(line, graph.predicting)), **members}.items():
                archive.writestr(name, text)
        return ours(partial)


def ours(path: Path) -> tuple[str, ...]:
    """The classes and functions of archspec's that a .keras file names."""
    with zipfile.ZipFile(path) as archive:
        return tuple(sorted({name.decode() for name in OURS.findall(archive.read("config.json"))}))
