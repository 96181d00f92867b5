"""Tensors of Keras's files: .weights.h5 and .keras of Keras 3, and the .h5 of all versions before.

Read with h5py alone: no layer is built, so nothing that a configuration names is run.
"""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path

import h5py

from archspec.weights import archives
from archspec.weights import hdf5 as h5
from archspec.weights.apart import tried
from archspec.weights.tensors import Stored, Unreadable, WeightsFile, shown

MEMBER, CONFIG = "model.weights.h5", "config.json"
MOST_WEIGHTS, MOST_CONFIG = 64 << 30, 8 << 20
"""Bytes of the members of an archive; the configuration of ResNet-1202 has 3 MB."""
FIELDS = {
    ("batch_normalization", 4): ("gamma", "beta", "moving_mean", "moving_variance"),
    ("batch_normalization", 3): ("beta", "moving_mean", "moving_variance"),
    ("layer_scale", 1): ("gamma",),
    ("position", 1): ("position",),
    ("layer_normalization", 2): ("gamma", "beta"),
    ("separable_conv2d", 2): ("depthwise_kernel", "pointwise_kernel"),
    ("separable_conv2d", 3): ("depthwise_kernel", "pointwise_kernel", "bias"),
    **{(kind, count): ("kernel", "bias")[:count]
       for kind in ("conv2d", "dense", "depthwise_conv2d") for count in (1, 2)},
}
"""Keras 3 numbers the arrays of a layer: what they are, by the layer's class and how many it has."""
PROJECTIONS = {"query_dense": "query", "key_dense": "key", "value_dense": "value", "output_dense": "attention_output"}
"""The layers within Keras's attention: where their arrays stand in a file, and what they are called."""
OF_ATTENTION = tuple(f"{part}_{field}" for part in PROJECTIONS.values() for field in ("kernel", "bias"))
"""The arrays of an attention, in its own order."""
OLD = {"W": "kernel", "b": "bias", "running_std": "moving_variance", "running_mean": "moving_mean"}
"""Keras 1's names; what it calls a deviation is the variance."""
COUNTED = re.compile(r"(conv2d|batch_normalization|dense|separable_conv2d|depthwise_conv2d)(?:_(\d+))?")
"""Names that Keras gives in the order of creation where the model gives none."""

Layers = dict[str, dict[str, h5py.Dataset]]


@contextmanager
def hdf5(path: Path) -> Iterator[WeightsFile]:
    """The tensors of an HDF5 file. Raises Unreadable."""
    tried(path, path)
    with h5.opened(path, path) as file:
        yield WeightsFile(path, "keras", _tensors(path, file, lambda place: None))


@contextmanager
def archive(path: Path) -> Iterator[WeightsFile]:
    """The tensors of a .keras archive. Raises Unreadable."""
    with _unpacked(path) as (file, names):
        yield WeightsFile(path, "keras", _tensors(path, file, names.get))


@contextmanager
def by_layer(path: Path, *, sound: bool = False) -> Iterator[Mapping[str, tuple[Stored, ...]]]:
    """The arrays of each layer of a .keras archive, in the layer's own order. Raises Unreadable.

    Under the names as they stand there: `archive` renames those that Keras has counted up. `sound` says that this very file
    is known to be read to its end, and need not be tried.
    """
    with _unpacked(path, sound=sound) as (file, names):
        with h5.explained(path):
            layers = {layer: tuple(_stored(path, data) for data in fields.values())
                      for layer, fields in _layers(path, file, names.get).items()}
        yield layers


@contextmanager
def _unpacked(path: Path, *, sound: bool = False) -> Iterator[tuple[h5py.File, Mapping[str, str]]]:
    """The HDF5 file within an archive, and the layers' names by their places in it."""
    with archives.opened(path) as outer, tempfile.NamedTemporaryFile() as copy:
        # HDF5 is read here and there, and an archive starts over each time one goes back in it
        archives.extract(path, outer, MEMBER, MOST_WEIGHTS, copy)
        copy.flush()
        names = _config_names(path, outer)
        if not sound:
            tried(path, Path(copy.name))
        with h5.opened(path, copy.name) as file:
            yield file, names


def probe(path: Path, source: Path) -> Iterator[Stored]:
    """Every tensor of an HDF5 file, whatever its layers are called. Raises Unreadable."""
    with h5.opened(path, source) as file:
        yield from _tensors(path, file, str).values()


def _tensors(path: Path, file: h5py.File, name_of: Callable[[str], str | None]) -> dict[str, Stored]:
    """The tensors by layer and field; `name_of` gives a layer's name by its place, where the file does not say it."""
    with h5.explained(path):
        root = h5.child(path, file, "model_weights") if h5.linked(file, "model_weights") else file
        listed = h5.texts(path, root, "layer_names")
        layers = _old_layers(path, root, listed) if listed else _layers(path, root, name_of)
        return {f"{layer}/{field}": _stored(path, data)
                for layer, fields in _counted(layers).items() for field, data in fields.items()}


def _stored(path: Path, data: h5py.Dataset) -> Stored:
    return Stored(data.shape, partial(h5.array, path, data))


def _old_layers(path: Path, root: h5py.Group, listed: list[str]) -> Layers:
    """Keras 1 and 2: a group a layer, whose attribute lists its arrays by name: conv/kernel:0.

    An array of a layer within is layer/inner/kernel; that of a model within is inner/kernel. Those within an attention are its.
    """
    layers: Layers = {}
    for layer in listed:
        group = h5.child(path, root, layer)
        names = h5.texts(path, group, "weight_names")
        owners = {name: name.partition(":")[0].rpartition("/")[0] for name in names}
        nested = len(set(owners.values())) > 1
        attends = {owner.removeprefix(f"{layer}/") for owner in owners.values()} == {*PROJECTIONS.values()}
        for name in names:
            owner, _, field = name.partition(":")[0].rpartition("/")
            within = owner.removeprefix(f"{layer}/") if owner.startswith(f"{layer}/") else owner if nested else layer
            within, field = (layer, f"{within}_{field}") if attends else (within, _old_field(layer, field))
            layers.setdefault(within, {})[field] = h5.child(path, group, name)
    return layers


def _old_field(layer: str, last: str) -> str:
    """`block1_conv1_W_1` as kernel; the one array without a name is that of ConvNeXt's scale."""
    if re.fullmatch(r"variable(_\d+)?", last):
        return "gamma"
    old = re.fullmatch(rf"{re.escape(layer)}_(\w+?)(?:_\d+)?", last)
    return OLD.get(old[1], old[1]) if old else last


def _layers(path: Path, root: h5py.Group, name_of: Callable[[str], str | None]) -> Layers:
    """Keras 3: groups named by class and number, each with its layer's name or known from the configuration."""
    layers: Layers = {}
    for place, group in h5.groups(path, root, frozenset({"optimizer"})):
        owner, _, last = place.rpartition("/")
        if last != "vars" or not len(group):
            continue
        owner, part = _projection(owner)
        name = h5.name(path, h5.child(path, root, f"{owner[1:]}/vars") if part else group) or name_of(owner)
        if not name:
            raise Unreadable(path, f"it does not say which layer {shown(owner)} is: early versions of Keras 3 left "
                             "the names out",
                             "save the whole model with that version, model.save('model.keras'), and import that")
        arrays = [h5.child(path, group, str(index)) for index in range(len(group))]
        if part:
            found = layers.setdefault(name, {})
            found |= zip((f"{part}_kernel", f"{part}_bias")[:len(arrays)], arrays, strict=True)
            layers[name] = {field: found[field] for field in OF_ATTENTION if field in found}
        else:
            fields = FIELDS.get((_kind(owner), len(arrays)), tuple(map(str, range(len(arrays)))))
            layers[name] = dict(zip(fields, arrays, strict=True))
    return layers


def _projection(place: str) -> tuple[str, str]:
    """The layer that arrays are of, and which of its projections where that is an attention: its own name, or ''."""
    layer, _, within = place.rpartition("/")
    attends = within in PROJECTIONS and _kind(layer) == "multi_head_attention"
    return (layer, PROJECTIONS[within]) if attends else (place, "")


def _kind(place: str) -> str:
    """The class of a layer, of its place: conv2d of /layers/conv2d_3."""
    return re.sub(r"_\d+$", "", place.rpartition("/")[2])


def _config_names(path: Path, outer: zipfile.ZipFile) -> dict[str, str]:
    """The layers' names by their places in the file of weights, from the model's configuration."""
    text = BytesIO()
    archives.extract(path, outer, CONFIG, MOST_CONFIG, text)
    try:
        config = json.loads(text.getvalue())["config"]["layers"]
        kinds = [(re.sub(r"(?<!^)(?=[A-Z][a-z0-9])", "_", layer["class_name"]).lower(), layer["config"]["name"])
                 for layer in config]
    except (KeyError, TypeError, ValueError, RecursionError):
        raise Unreadable(path, "its configuration is not that of a model of layers") from None
    seen: Counter[str] = Counter()
    names = {}
    for kind, name in kinds:
        names[f"/layers/{kind}_{seen[kind]}" if seen[kind] else f"/layers/{kind}"] = h5.text(path, name)
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
