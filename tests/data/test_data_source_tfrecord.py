"""TFRecord files as TensorFlow writes them, read by random access."""

from __future__ import annotations

import os
import resource
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from archspec.data.source import Source
from archspec.data.sources import load_data, records, refuse_missing, shards
from archspec.errors import InputError
from archspec.spec.data import Tfrecord

SEVERAL = "\n  hint: --set train.data.several=true, if an image may have several, or none"


def picture(number: int) -> bytes:
    draw = np.random.default_rng(number)
    return bytes(tf.io.encode_png(draw.integers(0, 256, (5 + number, 8 + 40 * number, 3), dtype=np.uint8)).numpy())


def feature(value: object) -> tf.train.Feature:
    values = value if isinstance(value, list) else [value]
    if not values:
        return tf.train.Feature(int64_list=tf.train.Int64List())
    if isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def example(**values: object) -> bytes:
    found = {name.replace("__", "/"): feature(value) for name, value in values.items() if value is not None}
    return bytes(tf.train.Example(features=tf.train.Features(feature=found)).SerializeToString())


def imagenet(number: int, label: object, **more: object) -> bytes:
    return example(image__encoded=picture(number), image__class__label=label, image__filename=b"n%d.png" % number,
                   image__height=5 + number, image__colorspace=b"RGB", image__object__bbox__xmin=[0.5, 0.25], **more)


def write(path: Path, examples: Sequence[bytes]) -> None:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for each in examples:
            writer.write(each)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two files to train on, one to test on: labels 1 to 3, as of TF-slim."""
    for shard in range(2):
        write(tmp_path / f"train-{shard:05}-of-00002", [imagenet(4 * shard + index, 1 + index % 3) for index in range(4)])
    write(tmp_path / "validation-00000-of-00001", [imagenet(9, 2), imagenet(10, 1)])
    return tmp_path


def load(root: Path, **keys: object) -> Source:
    return load_data(Tfrecord(path=str(root), **keys))


def message(root: Path, **keys: object) -> str:
    with pytest.raises(InputError) as error:
        load(root, **keys)
    return str(error.value).replace(str(root), "ROOT")


def test_every_record_as_tensorflow_reads_it(root: Path) -> None:
    source = load(root)
    assert source.train.labels.tolist() == [0, 1, 2, 0] * 2
    assert source.test.labels.tolist() == [1, 0]
    assert [source.train.item(index) for index in range(8)] == [picture(index) for index in range(8)]
    assert (source.classes, source.train.encoded, source.train.eight_bits) == (("1", "2", "3"), True, True)


def test_names_and_heads(root: Path) -> None:
    train = load(root).train
    assert (train.keys[5], train.path(5)) == ("train-00001-of-00002:1", f"{root}/train-00001-of-00002:1")
    assert train.file is not None
    assert train.file(5) == os.fsencode(root / "train-00001-of-00002")
    head = train.head(5)
    assert (head.size, head.first, head.problem) == (len(picture(5)), picture(5)[:4096], "")
    assert (head.height, head.width) == (10, 208)


def test_from_many_threads_and_with_few_files_open(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (4, 4))  # one stays open
    train = load(root).train
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(train.item, list(range(8)) * 20)) == [picture(index) for index in range(8)] * 20
    assert len(train.item.__self__.opened) == 1


def test_of_a_record_the_image_is_not_read_to_index_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = bytes(300_000)
    write(root / "train-00000-of-00002", [example(a=1, image__encoded=large, z=b"x", image__class__label=1)] * 3)
    read, pread = list[int](), os.pread

    def counted(descriptor: int, count: int, offset: int) -> bytes:
        data = pread(descriptor, count, offset)
        read.append(len(data))
        return data
    monkeypatch.setattr(os, "pread", counted)
    assert load(root).train.size == 7
    assert sum(read) < 100_000


def test_what_is_found_is_kept_as_long_as_the_files_stay(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in root.iterdir():
        os.utime(path, (1e9, 1e9))
    first = load(root)
    monkeypatch.setattr(shards, "records_of", None)
    again = load(root)
    assert [again.train.item(index) for index in range(8)] == [first.train.item(index) for index in range(8)]
    assert again.test.labels.tolist() == first.test.labels.tolist()
    monkeypatch.setattr(shards, "records_of", records.records_of)
    write(root / "validation-00000-of-00001", [imagenet(9, 3)])
    assert load(root).test.labels.tolist() == [2]


def test_another_layout_by_its_keys(tmp_path: Path) -> None:
    write(tmp_path / "a.tfrecord", [example(jpg=picture(1), y=b"dog"), example(jpg=picture(2), y=b"cat")])
    write(tmp_path / "b.tfrecord", [example(jpg=picture(3), y=b"dog")])
    keys = {"train": "a.*", "test": "b.*", "image": "jpg", "label": "y"}
    source = load(tmp_path, **keys)
    assert (source.classes, source.train.labels.tolist(), source.test.labels.tolist()) == (("cat", "dog"), [1, 0], [1])
    (tmp_path / "order.txt").write_text("dog\ncat\n")
    assert load(tmp_path, **keys, classes=str(tmp_path / "order.txt")).train.labels.tolist() == [0, 1]


def test_texts_have_one_number_over_all_files(tmp_path: Path) -> None:
    for name, labels in (("train1", [b"b"]), ("train2", [b"c", b"a"]), ("train3", []), ("validation", [b"a"])):
        write(tmp_path / name, [example(image__encoded=picture(0), image__class__label=label) for label in labels])
    assert load(tmp_path).train.labels.tolist() == [1, 2, 0]


@pytest.mark.parametrize(("first", "text", "classes"), [
    (1, "cat\ndog\nemu\n", ("cat", "dog", "emu")), (1, "0:background\n1:cat\n2: dog\n3:emu\n", ("cat", "dog", "emu")),
    (0, "none\ncat\ndog\nemu", ("none", "cat", "dog", "emu"))])
def test_names_of_classes(root: Path, first: int, text: str, classes: tuple[str, ...]) -> None:
    (root / "labels.txt").write_text(text)
    source = load(root, first_label=first)
    assert source.classes == classes
    assert [source.classes[label] for label in source.test.labels] == ["dog", "cat"]


def test_no_name_for_a_class(root: Path) -> None:
    (root / "labels.txt").write_text("cat\ndog\n")
    assert message(root) == ("ROOT/train-00000-of-00002: record 2: the label is 3, but the last class is 2\n"
                             "  hint: a file with a name for each class, or another train.data.first_label")
    (root / "labels.txt").write_text("1:cat\n3:dog\n")
    assert message(root) == "ROOT/labels.txt: no name for class 2"


def test_labels_below_the_first(root: Path) -> None:
    write(root / "train-00001-of-00002", [imagenet(0, 1), imagenet(0, 0)])
    assert message(root) == ("ROOT/train-00001-of-00002: record 1: the label is 0, but the first class is 1\n"
                             "  hint: --set train.data.first_label=0")
    write(root / "train-00001-of-00002", [imagenet(0, -1)])
    assert message(root, first_label=0) == ("ROOT/train-00001-of-00002: record 0: the label is -1: the image has none\n"
                                            "  hint: another split, whose images have labels")


def test_a_class_more_than_the_network_has_and_without_images(root: Path) -> None:
    (root / "labels.txt").write_text("none\ncat\ndog\nemu\n")
    with pytest.raises(InputError) as error:
        load(root, first_label=0).check(3)
    assert str(error.value) == (
        "data 'tfrecord' has 4 classes (none, cat, dog, emu), but the network tells 3 apart\n"
        "  hint: no image has the first label; if labels begin at the next: --set train.data.first_label=NUMBER")


def test_missing_files_of_a_row(root: Path) -> None:
    (root / "train-00000-of-00002").rename(root / "x")
    assert message(root) == "1 of 2 files are missing: ROOT/train-00000-of-00002"


def test_patterns_that_fit_nothing_or_the_same(root: Path) -> None:
    assert message(root, train="tr?in") == (
        "train.data.train: no file in ROOT is called 'tr?in'; in it: train-00000-of-00002, train-00001-of-00002, "
        "validation-00000-of-00001\n  hint: --set 'train.data.train=train-*'")
    assert message(root, test="/etc/*") == "train.data.test: '/etc/*' is no pattern of names in ROOT"
    assert message(root, test="train*0?-of*") == (
        "ROOT/train-00000-of-00002 is meant by train.data.train ('train*') and by train.data.test ('train*0?-of*')\n"
        "  hint: patterns of different names")


@pytest.mark.parametrize(("values", "said"), [
    ({"image": picture(0), "image__class__label": 1}, "it has no key 'image/encoded'; its keys are image, image/class/label\n"
     "  hint: --set train.data.image=KEY, the one of these that holds the image"),
    ({"image__encoded": picture(0), "label": 1}, "it has no key 'image/class/label'; its keys are image/encoded, label\n"
     "  hint: --set train.data.label=KEY, the one of these that holds the label"),
    ({"image__encoded": 7, "image__class__label": 1}, "its image is no bytes"),
    ({"image__encoded": [b"a", b"b"], "image__class__label": 1}, "it has 2 images"),
    ({"image__encoded": b"a", "image__class__label": 1.0}, "its label is a float"),
    ({"image__encoded": b"a", "image__class__label": [1, 2]}, "it has 2 labels; one is expected" + SEVERAL),
    ({"image__encoded": b"a", "image__class__label": []}, "it has 0 labels; one is expected" + SEVERAL)])
def test_records_of_another_kind(root: Path, values: dict[str, object], said: str) -> None:
    write(root / "train-00001-of-00002", [imagenet(0, 1), example(**values)])
    assert message(root) == f"ROOT/train-00001-of-00002: record 1: {said}"


def test_damaged_files(root: Path) -> None:
    path = root / "train-00001-of-00002"
    whole = path.read_bytes()
    for data, said in ((whole[:-3], "the file breaks off in record 3"), (b"\x89PNG" + whole, "this is no TFRecord file"),
                       (b"x", "this is no TFRecord file"), (whole + b"x", "record 4: its length is damaged"),
                       (b"\x1f\x8b" + whole, "it is compressed, and what is compressed is read from its beginning only; "
                        "gunzip it first")):
        path.write_bytes(data)
        assert message(root) == f"ROOT/train-00001-of-00002: {said}"
    write(path, [b"\x0a\xff\xff\xff\xff\xff\x0fx"])
    assert message(root) == "ROOT/train-00001-of-00002: record 0: its data are no tf.train.Example"


def test_labels_of_two_kinds(root: Path) -> None:
    write(root / "train-00001-of-00002", [imagenet(0, 1), imagenet(1, b"cat")])
    assert message(root) == "ROOT/train-00001-of-00002: some labels are numbers and some are texts"
    write(root / "train-00001-of-00002", [imagenet(1, b"cat")])
    assert message(root) == "ROOT/train-00000-of-00002: its labels are numbers, and those of others are texts"
    write(root / "train-00000-of-00002", [imagenet(1, b"cat")])
    assert message(root) == ("ROOT/train-00000-of-00002 and ROOT/validation-00000-of-00001 have labels of different kinds: "
                             "numbers and texts")
    write(root / "validation-00000-of-00001", [imagenet(1, b"emu")])
    assert message(root) == "ROOT/validation-00000-of-00001: record 0: the class 'emu' is none of cat"
    write(root / "validation-00000-of-00001", [])
    assert message(root) == "ROOT/validation-00000-of-00001: there are no records in it"


@pytest.mark.parametrize(("keys", "said"), [({"path": "none"}, "train.data.path: no folder none"),
                                            ({"classes": "none"}, "train.data.classes: no file none")])
def test_what_is_not_there(root: Path, keys: dict[str, str], said: str) -> None:
    with pytest.raises(InputError) as error:
        refuse_missing(Tfrecord(**{"path": str(root), **keys}))
    assert str(error.value).startswith(said)


def test_a_record_with_a_damaged_image_has_a_problem_of_its_own(root: Path) -> None:
    write(root / "train-00001-of-00002", [example(image__encoded=b"text", image__class__label=1),
                                          example(image__encoded=picture(3)[:100], image__class__label=2)])
    train = load(root).train
    assert [train.head(index).problem for index in (3, 4, 5)] == ["", "a text", "the PNG breaks off before its end"]


def test_several_labels_an_image(root: Path) -> None:
    (root / "train-00000-of-00002").unlink()
    (root / "train-00001-of-00002").rename(root / "train-00001")
    write(root / "train-00001", [example(image__encoded=picture(0), image__class__label=each) for each in ([1, 3], [], [2])])
    source = load(root, several=True)
    assert source.train.labels.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert source.test.labels.tolist() == [[0, 1, 0], [1, 0, 0]]
    write(root / "train-00001", [example(image__encoded=picture(0), image__class__label=each) for each in ([1], [], [3, 2, 0])])
    assert message(root, several=True) == ("ROOT/train-00001: record 2: the label is 0, but the first class is 1\n"
                                           "  hint: --set train.data.first_label=0")


def test_several_texts_an_image(root: Path) -> None:
    for name in ("train-00000-of-00002", "train-00001-of-00002"):
        (root / name).unlink()
    write(root / "train", [example(image__encoded=picture(0), image__class__label=each) for each in ([b"sea", b"sun"], [], [b"ice"])])
    write(root / "validation-00000-of-00001", [example(image__encoded=picture(0), image__class__label=[])])
    source = load(root, several=True)
    assert (source.classes, source.train.labels.tolist()) == (("ice", "sea", "sun"), [[0, 1, 1], [0, 0, 0], [1, 0, 0]])
    assert source.test.labels.tolist() == [[0, 0, 0]]


def test_of_a_record_so_many_fields_are_looked_at(root: Path) -> None:
    path, said = root / "train-00001-of-00002", "ROOT/train-00001-of-00002: record 0: it has more than 100000 fields"
    write(path, [example(image__encoded=b"a", image__class__label=[1] * 100_000)])
    assert message(root) == said == message(root, several=True)
    many = b"\x0a\xac\x02" + b"\x12\0" * 150
    write(path, [b"\x0a" + b"\x98\xbf\x12" + many * 1000])
    assert message(root) == said


def test_a_number_has_64_bits(root: Path) -> None:
    whole = example(image__encoded=b"a", image__class__label=-1)
    write(root / "train-00001-of-00002", [whole.replace(b"\xff" * 9 + b"\1", b"\xff" * 9 + b"\x7f")])
    assert message(root).startswith("ROOT/train-00001-of-00002: record 0: the label is -1")
