"""The index beside TFRecord files: with it none is looked through; one that does not fit them is not believed."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from archspec.data.sources import listed as module
from archspec.data.sources import load_data, shards
from archspec.data.sources.listed import INDEX, Entry, listed, write_index
from archspec.data.sources.records import Wanted, records_of
from archspec.spec.data import Tfrecord

WANTED = Wanted(b"image", b"label")


def write(path: Path, labels: list[list[int]]) -> None:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for number, each in enumerate(labels):
            features = {"image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"image %d" % number * 9])),
                        "label": tf.train.Feature(int64_list=tf.train.Int64List(value=each))}
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())


def index(root: Path, wanted: Wanted = WANTED) -> None:
    write_index(root / INDEX, [Entry(path.name, path.stat().st_size, "", records_of(path, wanted)) for path in sorted(root.glob("*-*"))],
                wanted)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two files with an index, which the tests damage."""
    write(tmp_path / "train-0", [[1 + number % 3] for number in range(40)])
    write(tmp_path / "validation-0", [[2], [1]])
    index(tmp_path)
    return tmp_path


def read(root: Path, wanted: Wanted = WANTED) -> Any:
    return listed(root / INDEX, [root / "train-0", root / "validation-0"], wanted)


def test_it_says_what_looking_through_says(root: Path) -> None:
    for found, path in zip(read(root), ("train-0", "validation-0"), strict=True):
        looked = records_of(root / path, WANTED)
        assert all(np.array_equal(getattr(found, name), getattr(looked, name)) for name in ("starts", "offsets", "sizes", "counts", "labels"))


def test_files_that_fit_it_are_not_looked_through(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "records_of", None)
    source = load_data(Tfrecord(path=str(root), image="image", label="label"))
    assert source.train.labels.tolist() == [number % 3 for number in range(40)]
    assert source.train.item(7) == b"image 7" * 9


def test_several_labels(tmp_path: Path) -> None:
    wanted = WANTED._replace(several=True)
    write(tmp_path / "train-0", [[1, 2], [], [3]])
    write(tmp_path / "validation-0", [[]])
    index(tmp_path, wanted)
    train, test = read(tmp_path, wanted)
    assert (train.counts.tolist(), train.labels.tolist(), test.counts.tolist()) == ([2, 0, 1], [1, 2, 3], [0])
    assert read(tmp_path) is None


@pytest.mark.parametrize("wanted", [Wanted(b"image", b"other"), Wanted(b"other", b"label"), Wanted(b"image", b"label", several=True)])
def test_of_other_keys(root: Path, wanted: Wanted) -> None:
    assert read(root, wanted) is None


def changed(key: str, change: Callable[[Any], Any]) -> Callable[[Any], None]:
    def run(document: Any) -> None:
        document["files"][0][key] = change(document["files"][0][key])
    return run


def swapped(text: str) -> str:
    first, second, *more = text.split()
    return " ".join([second, first, *more])


@pytest.mark.parametrize("change", [
    changed("bytes", lambda size: size + 1), changed("name", lambda name: "other"), changed("starts", swapped),
    changed("sizes", lambda text: "1" + text[1:]),
    changed("labels", swapped), changed("offsets", swapped), changed("labels", lambda text: text[2:]), changed("starts", lambda text: "1" + text[1:]),
    changed("offsets", lambda text: text.replace(text.split()[-1], "99999999999")), changed("sizes", lambda text: text.replace(text.split()[-1], "-1")),
    changed("sizes", lambda text: "9" * 5000), changed("labels", lambda text: text[:-1] + "1,2"), changed("starts", lambda text: None),
    changed("starts", lambda text: text.replace(text.split()[-1], "9223372036854775807")),
    lambda document: document.update(version=2), lambda document: document.update(files=7), lambda document: document.pop("format")])
def test_what_does_not_fit_is_not_believed(root: Path, change: Callable[[Any], None]) -> None:
    document = json.loads((root / INDEX).read_text())
    change(document)
    (root / INDEX).write_text(json.dumps(document))
    assert read(root) is None
    assert load_data(Tfrecord(path=str(root), image="image", label="label")).train.labels.tolist() == [number % 3 for number in range(40)]


@pytest.mark.parametrize("text", ["", "[" * 100_000, "{}", "[]", "7", "\xff"])
def test_what_is_no_index(root: Path, text: str) -> None:
    (root / INDEX).write_text(text, encoding="latin-1")
    assert read(root) is None


def test_files_that_were_changed(root: Path) -> None:
    write(root / "train-0", [[1 + number % 2] for number in range(40)])
    assert read(root) is None


def test_a_large_index_of_small_files_is_not_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST", 1000)
    (root / INDEX).write_text((root / INDEX).read_text() + " " * 6000)
    monkeypatch.setattr(module, "read_json", lambda path: pytest.fail("read"))
    assert read(root) is None


def test_one_long_number_takes_no_room_for_all(root: Path) -> None:
    document = json.loads((root / INDEX).read_text())
    document["files"][0]["starts"] = "0 " * 100_000 + "1" * 4000
    (root / INDEX).write_text(json.dumps(document))
    tracemalloc.start()
    assert read(root) is None
    assert tracemalloc.get_traced_memory()[1] < 1 << 26
    tracemalloc.stop()


@pytest.mark.parametrize(("key", "value"), [("offsets", 99_999_999), ("offsets", 0), ("offsets", -(1 << 63)), ("sizes", -5), ("sizes", 500),
                                            ("sizes", (1 << 63) - 1), ("starts", 0), ("starts", (1 << 63) - 1), ("starts", -(1 << 63))])
def test_places_of_records_that_are_not_compared_lie_within_them(root: Path, key: str, value: int) -> None:
    document = json.loads((root / INDEX).read_text())
    first, _, *more = document["files"][0][key].split()
    document["files"][0][key] = " ".join([first, str(value), *more])
    (root / INDEX).write_text(json.dumps(document))
    assert read(root) is None
