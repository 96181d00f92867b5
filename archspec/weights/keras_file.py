"""Tensors of Keras's files: .weights.h5 and .keras of Keras 3, and the .h5 of all versions before.

Read with h5py alone: no layer is built, so nothing that a configuration names is run.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from archspec.weights.tensors import Stored, Unreadable, WeightsFile

MEMBER = "model.weights.h5"
FIELDS = {
    ("batch_normalization", 4): ("gamma", "beta", "moving_mean", "moving_variance"),
    ("batch_normalization", 3): ("beta", "moving_mean", "moving_variance"),
    ("layer_scale", 1): ("gamma",),
    ("layer_normalization", 2): ("gamma", "beta"),
    ("separable_conv2d", 2): ("depthwise_kernel", "pointwise_kernel"),
    ("separable_conv2d", 3): ("depthwise_kernel", "pointwise_kernel", "bias"),
    **{(kind, count): ("kernel", "bias")[:count]
       for kind in ("conv2d", "dense", "depthwise_conv2d") for count in (1, 2)},
}
"""Keras 3 numbers the arrays of a layer: what they are, by the layer's class and how many it has."""
OLD = {"W": "kernel", "b": "bias", "running_std": "moving_variance", "running_mean": "moving_mean"}
"""Keras 1's names; what it calls a deviation is the variance."""
COUNTED = re.compile(r"(conv2d|batch_normalization|dense|separable_conv2d|depthwise_conv2d)(?:_(\d+))?")
"""Names that Keras gives in the order of creation where the model gives none."""

Layers = dict[str, dict[str, h5py.Dataset]]


@contextmanager
def hdf5(path: Path) -> Iterator[WeightsFile]:
    """The tensors of an HDF5 file. Raises Unreadable."""
    with _opened(path, path) as file:
        yield _file(path, file, {})


@contextmanager
def archive(path: Path) -> Iterator[WeightsFile]:
    """The tensors of a .keras archive. Raises Unreadable."""
    with _unpacked(path) as (file, names):
        yield _file(path, file, names)


@contextmanager
def by_layer(path: Path) -> Iterator[Mapping[str, tuple[Stored, ...]]]:
    """The arrays of each layer of a .keras archive, in the layer's own order. Raises Unreadable.

    Under the names as they stand there: `archive` renames those that Keras has counted up.
    """
    with _unpacked(path) as (file, names):
        yield {layer: tuple(Stored(data.shape, partial(_array, path, data)) for data in fields.values())
               for layer, fields in _layers(path, file, names).items()}


@contextmanager
def _unpacked(path: Path) -> Iterator[tuple[h5py.File, Mapping[str, str]]]:
    """The HDF5 file within an archive, and the layers' names by their places in it."""
    with zipfile.ZipFile(path) as outer, tempfile.TemporaryFile() as copy:
        # HDF5 is read here and there, and an archive starts over each time one goes back in it
        try:
            with outer.open(MEMBER) as member:
                shutil.copyfileobj(member, copy)
        except zipfile.BadZipFile as error:
            raise Unreadable(path, f"this archive is damaged ({error})") from None
        with _opened(path, copy) as file:
            yield file, _config_names(path, outer)


@contextmanager
def _opened(path: Path, source: Any) -> Iterator[h5py.File]:
    try:
        file = h5py.File(source, "r")
    except OSError as error:
        raise Unreadable(path, f"this HDF5 file is damaged ({error})") from None
    with file:
        yield file


def _file(path: Path, file: h5py.File, names: Mapping[str, str]) -> WeightsFile:
    root = _child(path, file, "model_weights") if "model_weights" in file else file
    layers = _old_layers(path, root) if _list(root, "layer_names") else _layers(path, root, names)
    return WeightsFile(path, "keras", {f"{layer}/{field}": Stored(data.shape, partial(_array, path, data))
                                       for layer, fields in _counted(layers).items() for field, data in fields.items()})


def _array(path: Path, data: h5py.Dataset) -> np.ndarray:
    try:
        return np.asarray(data[()])
    except OSError as error:
        raise Unreadable(path, f"{data.name} in it is damaged ({error})") from None


def _old_layers(path: Path, root: h5py.Group) -> Layers:
    """Keras 1 and 2: a group a layer, whose attribute lists its arrays by name.

    An array of a layer within is layer/inner/kernel.
    """
    layers: Layers = {}
    for layer in _list(root, "layer_names"):
        group = _child(path, root, layer)
        for name in _list(group, "weight_names"):
            owner, _, field = name.partition(":")[0].rpartition("/")
            inner = owner.removeprefix(f"{layer}/") if owner.startswith(f"{layer}/") else layer
            layers.setdefault(inner, {})[_old_field(layer, field)] = _child(path, group, name)
    return layers


def _old_field(layer: str, last: str) -> str:
    """`block1_conv1_W_1` as kernel; the one array without a name is that of ConvNeXt's scale."""
    if re.fullmatch(r"variable(_\d+)?", last):
        return "gamma"
    old = re.fullmatch(rf"{re.escape(layer)}_(\w+?)(?:_\d+)?", last)
    return OLD.get(old[1], old[1]) if old else last


def _layers(path: Path, root: h5py.Group, names: Mapping[str, str]) -> Layers:
    """Keras 3: groups named by class and number, each with its layer's name or known from the configuration."""
    layers: Layers = {}
    for place, group in _groups(path, root):
        kind = re.sub(r"_\d+$", "", place.rpartition("/")[2])
        name = _text(group.attrs["name"]) if "name" in group.attrs else names.get(place, "")
        if not name:
            raise Unreadable(path, f"it does not say which layer {place} is: early versions of Keras 3 left the names out",
                             "save the whole model with that version, model.save('model.keras'), and import that")
        arrays = [_child(path, group, str(index)) for index in range(len(group))]
        fields = FIELDS.get((kind, len(arrays)), tuple(map(str, range(len(arrays)))))
        layers[name] = dict(zip(fields, arrays, strict=True))
    return layers


def _groups(path: Path, group: h5py.Group, place: str = "") -> Iterator[tuple[str, h5py.Group]]:
    """Every layer's place and its group of arrays; the optimizer has no layers."""
    for key in group:
        child = _child(path, group, key)
        if key == "vars" and len(child):
            yield place, child
        elif isinstance(child, h5py.Group) and key not in ("vars", "optimizer"):
            yield from _groups(path, child, f"{place}/{key}")


def _child(path: Path, group: h5py.Group, name: str) -> Any:
    """What lies at a name, all its parts within this file. Raises Unreadable."""
    for part in name.split("/"):
        link = group.get(part, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise Unreadable(path, f"{name} in it is missing or a link, which may lead to any file")
        group = group[part]
    if isinstance(group, h5py.Dataset) and (group.external or group.is_virtual):
        raise Unreadable(path, f"{name} in it is kept in another file")
    return group


def _config_names(path: Path, outer: zipfile.ZipFile) -> dict[str, str]:
    """The layers' names by their places in the file of weights, from the model's configuration."""
    try:
        config = json.loads(outer.read("config.json"))["config"]["layers"]
        kinds = [(re.sub(r"(?<!^)(?=[A-Z][a-z0-9])", "_", layer["class_name"]).lower(), layer["config"]["name"])
                 for layer in config]
    except (KeyError, TypeError, ValueError):
        raise Unreadable(path, "its configuration is not that of a model of layers") from None
    seen: Counter[str] = Counter()
    names = {}
    for kind, name in kinds:
        names[f"/layers/{kind}_{seen[kind]}" if seen[kind] else f"/layers/{kind}"] = name
        seen[kind] += 1
    return names


def _counted(layers: Layers) -> Layers:
    """Layers without a name of their own renamed to kind_0, kind_1, … in the order in which they were created.

    Keras counts on from model to model: the same network is conv2d … conv2d_93 once, conv2d_94 … the next time.
    """
    found = {name: match for name in layers if (match := COUNTED.fullmatch(name))}
    order = sorted(found, key=lambda name: int(found[name][2] or 0))
    seen: Counter[str] = Counter()
    names = {}
    for name in order:
        kind = found[name][1]
        names[name] = f"{kind}_{seen[kind]}"
        seen[kind] += 1
    return {names.get(name, name): fields for name, fields in layers.items()}


def _list(group: h5py.Group, name: str) -> list[str]:
    """A list of texts that belongs to a group; one too long for HDF5 is in parts, name0, name1, …"""
    parts = [name] if name in group.attrs else takewhile(group.attrs.__contains__, (f"{name}{i}" for i in count()))
    return [_text(value) for part in parts for value in group.attrs[part]]


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
