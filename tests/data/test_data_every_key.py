"""Every key of every data source changes something that a user sees. The declarations are walked: a new key needs a row here."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import augmented
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from quietly import silent
from test_data_source_tfds import prepare

from archspec.data.cache import caches
from archspec.data.check import checked
from archspec.data.pipeline import Pipeline
from archspec.data.source import without
from archspec.data.sources import load_data
from archspec.errors import InputError
from archspec.preprocess.rule import preprocess_of
from archspec.schema.kinds import Choice
from archspec.spec.data import SOURCES, Csv, Data, Encoded, Folder, Keras, Npz, Synthetic, Tfds, Tfrecord
from archspec.spec.recipe import Recipe


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data for every source, each in two ways."""
    found = tmp_path_factory.mktemp("data")
    augmented.write(found)
    shutil.copytree(found / "folder", found / "broken")
    (found / "broken/train/class0/00.jpg").write_bytes(b"no image")
    for half in ("train", "val"):
        for name in "ab":
            (found / "deep" / half / name).mkdir(parents=True)
            Image.fromarray(np.full((20, 20), 1000 + ord(name), np.uint16)).save(found / "deep" / half / name / "0.png")
    tables(found)
    records(found)
    for folder, name in (("sets", "pets"), ("sets", "dogs"), ("more", "pets")):
        prepare(found / folder / name / "1.0.0", name, {"train": 2, "validation": 2 if folder == "more" else 1})
    for name, scale in (("one", 1), ("two", 0.5)):
        images = np.linspace(0, scale, 4 * 64).reshape(4, 8, 8, 1)
        np.savez(found / f"{name}.npz", x_train=images, y_train=[0, 1, 0, 1], x_test=images, y_test=[1, 0, 1, 0])
    return found


def tables(root: Path) -> None:
    """Of the folder's images: `elsewhere` has others of the same names."""
    paths = sorted((root / "folder").glob("*/*/*.jpg"))
    for path, other in zip(paths, reversed(paths), strict=True):
        place = root / "elsewhere" / path.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(other, place)
    lines = [f"{path.relative_to(root)},{other.relative_to(root)},{path.relative_to(root).with_suffix('')},{'ab'[index % 2]},"
             f"{['c d', 'c'][index // 2 % 2]}" for index, (path, other) in enumerate(zip(paths, reversed(paths), strict=True))]
    for name, chosen in (("all", lines), ("few", lines[:6]), ("last", lines[-4:])):
        (root / f"{name}.csv").write_text("\n".join(["path,other,bare,label,more", *chosen]) + "\n")


def records(root: Path) -> None:
    for folder, pattern, numbers in (("keyed", "train-0", range(6)), ("keyed", "validation-0", range(3)), ("keyed", "test-0", range(3, 6)),
                                     ("other", "train-0", range(3)), ("other", "validation-0", range(3))):
        (root / folder).mkdir(exist_ok=True)
        with tf.io.TFRecordWriter(str(root / folder / pattern)) as writer:
            for number in numbers:
                features = {"image/encoded": augmented.photograph(number), "second": augmented.photograph(number + 1),
                            "image/class/label": 1 + number % 3, "coarse": 1 + number % 2}
                writer.write(tf.train.Example(features=tf.train.Features(feature={
                    name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value])) if isinstance(value, bytes) else
                    tf.train.Feature(int64_list=tf.train.Int64List(value=[value])) for name, value in features.items()})).SerializeToString())
    (root / "names.txt").write_text("ant\nbee\ncat\n")


BASES: dict[type, Any] = {
    Folder: lambda root: Folder(path=f"{root}/folder"), Csv: lambda root: Csv(path=f"{root}/all.csv", holdout=0.25),
    Tfrecord: lambda root: Tfrecord(path=f"{root}/keyed"), Tfds: lambda root: Tfds(name="pets", path=f"{root}/sets"),
    Npz: lambda root: Npz(path=f"{root}/one.npz"), Keras: lambda root: Keras(name="cifar10"),
    Synthetic: lambda root: Synthetic(classes=2, train=4, test=4, height=9, width=9)}
OTHERS: dict[tuple[type, str], tuple[dict[str, Any], dict[str, Any]]] = {
    (Encoded, "on_error"): ({"path": "{root}/broken", "skip_at_most": 0.5, "on_error": "skip"}, {"skip_at_most": 0.01, "on_error": "stop"}),
    (Encoded, "skip_at_most"): ({"path": "{root}/broken", "on_error": "skip"}, {"skip_at_most": 0.5}),
    (Encoded, "cache"): ({}, {"cache": "ram"}), (Encoded, "white"): ({"path": "{root}/deep"}, {"white": 4095.0}),
    (Folder, "path"): ({}, {"path": "{root}/deep"}), (Folder, "holdout"): ({"path": "{root}/folder/train", "holdout": 0.2}, {"holdout": 0.5}),
    (Csv, "path"): ({}, {"path": "{root}/few.csv"}), (Csv, "test"): ({"holdout": 0.0, "test": "{root}/few.csv"}, {"test": "{root}/last.csv"}),
    (Csv, "holdout"): ({}, {"holdout": 0.5}), (Csv, "root"): ({}, {"root": "{root}/elsewhere"}), (Csv, "image"): ({}, {"image": "other"}),
    (Csv, "suffix"): ({"image": "bare"}, {"suffix": ".jpg"}), (Csv, "label"): ({}, {"label": "more"}),
    (Csv, "separator"): ({"label": "more"}, {"separator": " "}),
    (Tfrecord, "path"): ({}, {"path": "{root}/other"}), (Tfrecord, "train"): ({}, {"train": "test*"}), (Tfrecord, "test"): ({}, {"test": "test*"}),
    (Tfrecord, "image"): ({}, {"image": "second"}), (Tfrecord, "label"): ({}, {"label": "coarse"}),
    (Tfrecord, "first_label"): ({}, {"first_label": 0}), (Tfrecord, "classes"): ({}, {"classes": "{root}/names.txt"}), (Tfrecord, "several"): ({}, {"several": True}),
    (Tfds, "name"): ({}, {"name": "dogs"}), (Tfds, "path"): ({}, {"path": "{root}/more"}), (Tfds, "train"): ({}, {"train": "validation"}),
    (Tfds, "test"): ({}, {"test": "train"}), (Npz, "path"): ({}, {"path": "{root}/two.npz"}), (Npz, "white"): ({}, {"white": 2.0}),
    (Keras, "name"): ({}, {"name": "mnist"}), (Synthetic, "classes"): ({}, {"classes": 3}), (Synthetic, "train"): ({}, {"train": 5}),
    (Synthetic, "test"): ({}, {"test": 5}), (Synthetic, "height"): ({}, {"height": 12}), (Synthetic, "width"): ({}, {"width": 12}),
    (Synthetic, "channels"): ({}, {"channels": 1}),
}
"""What a key needs beside it, and another value of it."""
KEYS = [(section, name) for section in SOURCES.sections for name, key in section.declared.items()
        if not (isinstance(key.kind, Choice) and len(key.kind.words) == 1)]


def declaring(section: type, name: str) -> type:
    return Encoded if name in Encoded.declared and issubclass(section, Encoded) else section


def seen(data: Data) -> object:
    """What a training has of them, or why it does not begin."""
    rule = preprocess_of(Recipe(data=data), (8, 8, 3))
    try:
        source = load_data(data)
        found = checked(source, data, rule, silent)
        kept = caches(data, rule, [(without(source.train, found.train), found.train_sizes)], found.stamp)
        images = [Pipeline(without(split, numbers), rule, Recipe(data=data)).sample(4, 0)[0].tobytes()
                  for split, numbers in ((source.train, found.train), (source.test, found.test))]
    except InputError as error:
        return str(error)
    splits = [(split.labels.tolist(), [split.keys[index] for index in range(split.size)], split.item(0)) for split in (source.train, source.test)]
    return source.classes, repr(splits), found.reasons, images, [each.note for each in kept if each]


def test_every_key_has_a_row() -> None:
    assert {(declaring(section, name), name) for section, name in KEYS} == OTHERS.keys()


@pytest.mark.parametrize(("section", "name"), OTHERS, ids=lambda each: each if isinstance(each, str) else each.__name__)
def test_a_key_acts(section: type, name: str, root: Path) -> None:
    beside, other = ({key: value.format(root=root) if isinstance(value, str) else value for key, value in each.items()}
                     for each in OTHERS[section, name])
    base = replace(BASES[Folder if section is Encoded else section](root), **beside)
    before, after = seen(base), seen(replace(base, **other))
    assert before != after
    assert before == seen(base)
    assert name in other
    assert not isinstance(before, str) or not isinstance(after, str) or section is Keras, (before, after)
