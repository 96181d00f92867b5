"""Data sets that tensorflow-datasets has prepared.

What it prepares are TFRecord files and two JSON files that describe them; these are read here. So the package need not be
there, no code of a data set is run, nothing is downloaded, and images are read by random access, which its reader of such
files does not offer.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archspec.data.source import Source
from archspec.data.sources.recorded import Half, source_of
from archspec.data.sources.records import Wanted
from archspec.data.sources.shards import MOST_FILES, records_in
from archspec.data.sources.tfrecord import names_in
from archspec.errors import InputError, some, visible
from archspec.io.places import expanded
from archspec.spec.data import MOST_CLASSES, Tfds

INFO, FEATURES = "dataset_info.json", "features.json"
FORMAT = "tfrecord"
TEMPLATE = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"
"""How its files are called where dataset_info.json does not say."""
MOST_BYTES = 1 << 26
LONGEST = 255
"""Characters of a name, or of what names are made of."""
_VERSION = re.compile(r"\d{1,6}\.\d{1,6}\.\d{1,6}")


@dataclass(frozen=True)
class _Prepared:
    """A folder with the files of a data set, and what its two documents say."""

    folder: Path
    info: dict[str, Any]
    features: dict[str, Any]


def tfds(section: Tfds) -> Source:
    """Two splits of a data set that lies on the disk."""
    folder = place(section)
    try:
        prepared = _Prepared(folder, _document(folder / INFO), _features(_document(folder / FEATURES)))
        image, label = _key(prepared, "Image"), _key(prepared, "ClassLabel")
        names = _names(prepared, label)
        paths = {key: _files(prepared, section, key) for key in ("train", "test")}
        wanted = Wanted(image.encode(), label.encode())
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError, OverflowError) as error:
        raise InputError(f"{visible(str(folder))}: {INFO} and {FEATURES} do not describe a data set of tensorflow-datasets "
                         f"({visible(str(error))})\n  hint: prepare it anew, with a newer tensorflow-datasets") from None
    halves = [Half(getattr(section, key), paths[key], records_in(paths[key], wanted)) for key in ("train", "test")]
    return source_of(section.source, (halves[0], halves[1]), folder, 0, names, section.white)


def place(section: Tfds) -> Path:
    """The folder of the newest version, or of that which the name says. Raises InputError where it is not on the disk."""
    root = expanded(section.path or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")
    name, _, version = section.name.partition(":")
    if any(part in ("", ".", "..") for part in name.split("/")):
        raise InputError(f"train.data.name: '{visible(section.name)}' is no name of a data set\n"
                         "  hint: NAME, NAME/CONFIG or NAME/CONFIG:1.0.0")
    folders = [root / name, *_folders(root / name)]  # of a name alone the configuration that is there
    found = {folder: versions for folder in folders if (versions := _versions(folder, version))}
    if not found:
        raise InputError(_missing(root, section.name, name))
    if len(found) > 1:
        raise InputError(f"train.data.name: {visible(name)} is there in several configurations: "
                         f"{some(visible(str(folder.relative_to(root))) for folder in found)}\n  hint: write one of them")
    return next(iter(found.values()))[-1]


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _versions(folder: Path, version: str) -> list[Path]:
    """Folders of versions that are prepared, the newest last."""
    found = [path for path in _folders(folder) if _VERSION.fullmatch(path.name) and (path / INFO).is_file()]
    wanted = (path for path in found if version in ("", path.name))
    return sorted(wanted, key=lambda path: tuple(map(int, path.name.split("."))))


def _missing(root: Path, wanted: str, name: str) -> str:
    there = some(visible(path.name) for path in _folders(root) if path.name != "downloads") or "none"
    manual = (f"; first put ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar into {root / 'downloads' / 'manual'}"
              if name == "imagenet2012" else "")
    return (f"train.data.name: no data set {visible(wanted)} is prepared in {root} (prepared there: {there})\n"
            f"  hint: pip install tensorflow-datasets, and: tfds build {visible(wanted)} --data_dir={root}{manual}; "
            "train.data.path says another folder")


def _document(path: Path) -> dict[str, Any]:
    if not path.is_file() or path.stat().st_size > MOST_BYTES:
        raise ValueError(f"no {path.name}")
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} holds no object")
    return found


def _features(document: dict[str, Any]) -> dict[str, Any]:
    """The features by key; before version 4.6 they were written in another form."""
    found = document["featuresDict"]["features"] if "featuresDict" in document else document["content"]
    return dict(found)


def _kind(feature: dict[str, Any]) -> str:
    return str(feature.get("pythonClassName") or feature.get("type")).rpartition(".")[2]


def _key(prepared: _Prepared, kind: str) -> str:
    """The key of the only feature of a kind, or of that which the data set has for learning."""
    found = [key for key, feature in prepared.features.items() if _kind(feature) == kind]
    if len(found) > 1:
        pair = prepared.info.get("supervisedKeys", {}).get("tuple", {}).get("items", [])
        found = [item["featureKey"] for item in pair if item.get("featureKey") in found]
    if len(found) != 1:
        what = {"Image": "an image", "ClassLabel": "the number of a class"}[kind]
        features = some(visible(f"{key} ({_kind(feature)})") for key, feature in prepared.features.items())
        raise InputError(f"{visible(str(prepared.folder))}: one feature has to be {what}; its features are {features}\n"
                         "  hint: its files can be read with source: tfrecord, which names the keys")
    return found[0]


def _names(prepared: _Prepared, label: str) -> tuple[str, ...]:
    path = prepared.folder / f"{label}.labels.txt"
    if path.is_file():
        return names_in(path, 0)
    feature = prepared.features[label]
    count = int((feature.get("classLabel") or feature.get("content"))["numClasses"])
    if count > MOST_CLASSES:
        raise ValueError(f"{count} classes")
    return tuple(map(str, range(count)))


def _files(prepared: _Prepared, section: Tfds, key: str) -> tuple[Path, ...]:
    """The files of a split."""
    wanted = getattr(section, key)
    splits = {split["name"]: split for split in prepared.info["splits"]}
    if wanted not in splits:
        raise InputError(f"train.data.{key}: {visible(str(prepared.info['name']))} has no split '{visible(wanted)}'; it has "
                         f"{some(map(visible, splits))}\n  hint: --set train.data.{key}=NAME; a part of one is not read")
    if prepared.info.get("fileFormat", FORMAT) != FORMAT:
        raise InputError(f"{visible(str(prepared.folder))}: prepared as {visible(str(prepared.info['fileFormat']))}; {FORMAT} "
                         f"is read\n  hint: tfds build {visible(section.name)} --file_format={FORMAT}")
    count = len(splits[wanted]["shardLengths"])
    if not 0 < count <= MOST_FILES:
        raise ValueError(f"{count} files of the split {wanted}")
    name = splits[wanted].get("filepathTemplate", TEMPLATE)
    if max(map(len, (name, prepared.info["name"]))) > LONGEST:
        raise ValueError("a name of files without end")
    for what, text in (("DATASET", prepared.info["name"]), ("SPLIT", wanted), ("FILEFORMAT", FORMAT)):
        name = name.replace("{" + what + "}", text)
    names = [name.replace("{SHARD_X_OF_Y}", f"{number:05}-of-{count:05}") for number in range(count)]
    paths = [prepared.folder / Path(each).name for each in names]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise InputError(f"{len(missing)} of {count} files of the split '{visible(wanted)}' are missing: "
                         f"{some(visible(str(path)) for path in missing)}\n  hint: prepare the data set anew")
    return tuple(paths)
