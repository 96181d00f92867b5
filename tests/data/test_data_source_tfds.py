"""Data sets as tensorflow-datasets prepares them: two documents and TFRecord files."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from archspec.data.source import Source
from archspec.data.sources import load_data, refuse_missing
from archspec.errors import InputError
from archspec.spec.data import Tfds

FEATURES = {"featuresDict": {"features": {
    "image": {"pythonClassName": "tensorflow_datasets.core.features.image_feature.Image", "image": {}},
    "label": {"pythonClassName": "tensorflow_datasets.core.features.class_label_feature.ClassLabel",
              "classLabel": {"numClasses": "3"}}}}}
OLD = {"type": "tensorflow_datasets.core.features.features_dict.FeaturesDict", "content": {
    "image": {"type": "tensorflow_datasets.core.features.image_feature.Image", "content": {}},
    "label": {"type": "tensorflow_datasets.core.features.class_label_feature.ClassLabel", "content": {"numClasses": 3}}}}


def picture(number: int) -> bytes:
    return bytes(tf.io.encode_png(np.full((3, 4 + number, 3), number, np.uint8)).numpy())


def prepare(folder: Path, name: str, shards: dict[str, int], features: object = None, **info: Any) -> Path:
    """As tensorflow-datasets 4.9 writes it, of each split so many files of two records."""
    folder.mkdir(parents=True)
    splits = [{"name": split, "shardLengths": ["2"] * count, "numBytes": "1",
               "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"} for split, count in shards.items()]
    (folder / "dataset_info.json").write_text(json.dumps({"fileFormat": "tfrecord", "name": name, "splits": splits, **info}))
    (folder / "features.json").write_text(json.dumps(features or FEATURES))
    for split, count in shards.items():
        for shard in range(count):
            with tf.io.TFRecordWriter(str(folder / f"{name}-{split}.tfrecord-{shard:05}-of-{count:05}")) as writer:
                for index in range(2):
                    feature = {"image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[picture(shard + index)])),
                               "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[shard + index]))}
                    example = tf.train.Example(features=tf.train.Features(feature=feature))
                    writer.write(example.SerializeToString())
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = prepare(tmp_path / "pets" / "1.0.0", "pets", {"train": 2, "validation": 1})
    (folder / "label.labels.txt").write_text("cat\ndog\nemu\n")
    return tmp_path


def load(root: Path, name: str = "pets", **keys: str) -> Source:
    return load_data(Tfds(name=name, path=str(root), **keys))


def message(root: Path, name: str = "pets", **keys: str) -> str:
    with pytest.raises(InputError) as error:
        load(root, name, **keys)
    return str(error.value).replace(str(root), "ROOT")


def test_two_splits_of_it(root: Path) -> None:
    source = load(root)
    assert (source.classes, source.train.labels.tolist(), source.test.labels.tolist()) == (("cat", "dog", "emu"), [0, 1, 1, 2], [0, 1])
    assert [source.train.item(index) for index in range(4)] == [picture(0), picture(1), picture(1), picture(2)]
    assert (source.test.name, source.test.keys[1]) == ("validation", "pets-validation.tfrecord-00000-of-00001:1")
    assert load(root, test="train", train="validation").test.size == 4


@pytest.mark.parametrize("features", [FEATURES, OLD])
def test_classes_without_names_and_older_documents(root: Path, features: object) -> None:
    prepare(root / "pets" / "1.10.0", "pets", {"train": 1, "validation": 1}, features)
    source = load(root)  # the newest version
    assert (source.classes, source.train.size) == (("0", "1", "2"), 2)
    assert load(root, "pets:1.0.0").train.size == 4


def test_a_configuration(root: Path) -> None:
    prepare(root / "birds" / "small" / "1.0.0", "birds", {"train": 1, "validation": 1})
    assert load(root, "birds").train.size == load(root, "birds/small").train.size == load(root, "birds/small:1.0.0").train.size == 2
    prepare(root / "birds" / "large" / "1.0.0", "birds", {"train": 2, "validation": 1})
    assert load(root, "birds/large").train.size == 4
    assert message(root, "birds") == ("train.data.name: birds is there in several configurations: birds/large, birds/small\n"
                                      "  hint: write one of them")


def test_what_is_not_prepared_says_what_to_prepare_where(root: Path) -> None:
    with pytest.raises(InputError) as error:
        refuse_missing(Tfds(name="imagenet2012", path=str(root)))
    assert str(error.value).replace(str(root), "ROOT") == (
        "train.data.name: no data set imagenet2012 is prepared in ROOT (prepared there: pets)\n"
        "  hint: pip install tensorflow-datasets, and: tfds build imagenet2012 --data_dir=ROOT; first put "
        "ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar into ROOT/downloads/manual; train.data.path says another folder")
    assert message(root, "pets:2.0.0").startswith("train.data.name: no data set pets:2.0.0 is prepared in ROOT")
    assert message(root, "../x") == "train.data.name: '../x' is no name of a data set\n  hint: NAME, NAME/CONFIG or NAME/CONFIG:1.0.0"


def test_the_usual_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(root))
    assert load_data(Tfds(name="pets")).train.size == 4
    monkeypatch.delenv("TFDS_DATA_DIR")
    monkeypatch.setenv("HOME", str(root / "home"))
    with pytest.raises(InputError, match=rf"prepared in {root}/home/tensorflow_datasets \(prepared there: none\)"):
        load_data(Tfds(name="pets"))


def test_mistakes(root: Path) -> None:
    assert message(root, test="test") == ("train.data.test: pets has no split 'test'; it has train, validation\n"
                                          "  hint: --set train.data.test=NAME; a part of one is not read")
    folder = root / "pets" / "1.0.0"
    (folder / "pets-train.tfrecord-00001-of-00002").unlink()
    assert message(root) == ("1 of 2 files of the split 'train' are missing: ROOT/pets/1.0.0/pets-train.tfrecord-00001-of-00002\n"
                             "  hint: prepare the data set anew")
    (folder / "features.json").unlink()
    assert message(root) == ("ROOT/pets/1.0.0: dataset_info.json and features.json do not describe a data set of "
                             "tensorflow-datasets (no features.json)\n"
                             "  hint: prepare it anew, with a newer tensorflow-datasets")
    (folder / "dataset_info.json").write_text("[" * 100_000)
    assert "do not describe a data set" in message(root)


def test_another_format(root: Path) -> None:
    prepare(root / "birds" / "1.0.0", "birds", {"train": 1, "validation": 1}, fileFormat="array_record")
    assert message(root, "birds") == ("ROOT/birds/1.0.0: prepared as array_record; tfrecord is read\n"
                                      "  hint: tfds build birds --file_format=tfrecord")


def test_features_of_another_kind(root: Path) -> None:
    prepare(root / "birds" / "1.0.0", "birds", {"train": 1, "validation": 1},
            {"content": {"image": {"type": "x.Image"}, "text": {"type": "x.Text"}}})
    assert message(root, "birds") == ("ROOT/birds/1.0.0: one feature has to be the number of a class; its features are "
                                      "image (Image), text (Text)\n  hint: its files can be read with source: tfrecord, "
                                      "which names the keys")


def test_of_several_images_that_which_is_for_learning(root: Path) -> None:
    features = {"featuresDict": {"features": {**FEATURES["featuresDict"]["features"], "mask": {"pythonClassName": "x.Image"}}}}
    pair = {"tuple": {"items": [{"featureKey": "image"}, {"featureKey": "label"}]}}
    prepare(root / "birds" / "1.0.0", "birds", {"train": 1, "validation": 1}, features, supervisedKeys=pair)
    assert load(root, "birds").train.item(0) == picture(0)


@pytest.mark.slow
def test_what_the_library_itself_prepares(tmp_path: Path) -> None:
    """Where it is installed: what it writes is read as it reads it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library = pytest.importorskip("tensorflow_datasets")
        builder = _builder(library)(data_dir=str(tmp_path))
        builder.download_and_prepare()
        expected = [(row["image"], int(row["label"])) for row in library.as_numpy(builder.as_dataset(split="train"))]
    train = load(tmp_path, "own_set").train
    found = [(tf.io.decode_png(train.item(index)).numpy(), int(train.labels[index])) for index in range(train.size)]
    assert len(found) == 20
    assert sorted((label, image.tobytes()) for image, label in found) == sorted((label, image.tobytes()) for image, label in expected)
    assert load(tmp_path, "own_set").classes == ("cat", "dog", "emu")


def _builder(library: Any) -> Any:
    class OwnSet(library.core.GeneratorBasedBuilder):  # type: ignore[misc, name-defined]
        VERSION = library.core.Version("1.0.0")
        pkg_dir_path = None

        def _info(self) -> Any:
            features = {"image": library.features.Image(shape=(None, None, 3)),
                        "label": library.features.ClassLabel(names=["cat", "dog", "emu"])}
            return library.core.DatasetInfo(builder=self, features=library.features.FeaturesDict(features))

        def _split_generators(self, _: Any) -> Any:
            return {"train": self._generate_examples(20), "validation": self._generate_examples(5)}

        def _generate_examples(self, count: int) -> Any:
            for index in range(count):
                yield index, {"image": np.full((9, 10 + index, 3), index, np.uint8), "label": index % 3}
    return OwnSet


@pytest.mark.parametrize(("features", "info", "said"), [
    (json.dumps(FEATURES).replace('"3"', "100000000"), {}, "100000000 classes"),
    (json.dumps(FEATURES).replace('"3"', "Infinity"), {}, "cannot convert float infinity to integer"),
    (json.dumps(FEATURES).replace('"image": {"p', '"\\ud800": {"p'), {}, "'utf-8' codec can't encode character '\\ud800' in "
     "position 0: surrogates not allowed"),
    (json.dumps(FEATURES), {"name": "x" * 300}, "a name of files without end")])
def test_documents_that_lie(root: Path, features: str, info: dict[str, Any], said: str) -> None:
    folder = root / "pets" / "1.0.0"
    (folder / "label.labels.txt").unlink()
    (folder / "features.json").write_text(features)
    document = json.loads((folder / "dataset_info.json").read_text())
    (folder / "dataset_info.json").write_text(json.dumps({**document, **info}))
    assert message(root).splitlines()[0].endswith(f"do not describe a data set of tensorflow-datasets ({said})")
