"""The index of the data: what belongs to it and what does not, and the sentences for what changed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from quietly import silent

from archspec.data.check import checked
from archspec.data.index import Index, Listing, difference
from archspec.data.names import Names
from archspec.data.source import Source
from archspec.data.sources import load_data
from archspec.errors import InputError
from archspec.preprocess.rule import preprocess_of
from archspec.spec.data import Digits, Folder
from archspec.spec.recipe import Recipe


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """train/ and val/ with the classes cat and dog."""
    for half, count in (("train", 3), ("val", 2)):
        for value, name in enumerate(("cat", "dog")):
            (tmp_path / "data" / half / name).mkdir(parents=True)
            for index in range(count):
                Image.new("RGB", (5, 4), (value, index, 7)).save(tmp_path / "data" / half / name / f"{index}.png")
    return tmp_path / "data"


RULE = preprocess_of(Recipe(), (4, 5, 3))


def index_of(source: Source) -> Index:
    return checked(source, Folder(path="unread"), RULE, silent).index


def indexed(root: Path) -> Index:
    return index_of(load_data(Folder(path=str(root))))


def test_what_it_holds(root: Path) -> None:
    index = indexed(root)
    assert (index.source, index.classes, index.train.name, index.test.name) == ("folder", ("cat", "dog"), "train", "val")
    assert list(index.test.keys) == ["val/cat/0.png", "val/cat/1.png", "val/dog/0.png", "val/dog/1.png"]
    assert index.test.labels.tolist() == [0, 0, 1, 1]
    assert index.test.sizes.tolist() == [(root / name).stat().st_size for name in index.test.keys]


def test_the_json_form_gives_the_same_again(root: Path) -> None:
    os.rename(root / "train/cat/0.png", os.fsencode(root) + b"/train/cat/caf\xe9\n.png")
    index = indexed(root)
    again = Index.from_json(json.loads(json.dumps(index.to_json())))
    assert (again.digest, again.classes) == (index.digest, index.classes)
    assert again.train.keys.raw(2) == b"train/cat/caf\xe9\n.png"
    assert difference(index, again) == []


@pytest.mark.parametrize("broken", [{}, {"classes": ["dog", "cat"]}, {"train": None}, {"digest": "0"}, {"source": 3}])
def test_a_damaged_one_is_refused(root: Path, broken: dict[str, object]) -> None:
    document = {**indexed(root).to_json(), **broken} if broken else {}
    with pytest.raises(InputError, match="this is no index of data, or it is damaged"):
        Index.from_json(document)


@pytest.mark.parametrize("key", ["labels", "sizes", "heads"])
def test_numbers_that_no_machine_holds_are_damage(root: Path, key: str) -> None:
    document = indexed(root).to_json()
    with pytest.raises(InputError, match="this is no index of data, or it is damaged"):
        Index.from_json({**document, "train": {**document["train"], key: "99999999999999999999"}})


@pytest.mark.parametrize("label", [2, -1])
def test_a_label_that_is_no_class_is_damage_whatever_the_digest(root: Path, label: int) -> None:
    index = indexed(root)
    document = replace(index, train=replace(index.train, labels=np.full(6, label, np.int32))).to_json()
    with pytest.raises(InputError, match="this is no index of data, or it is damaged"):
        Index.from_json(document)


def test_data_that_moved_are_the_same(root: Path) -> None:
    before = indexed(root)
    shutil.copytree(root, root.parent / "elsewhere")
    assert indexed(root.parent / "elsewhere").digest == before.digest


def rename_class(root: Path) -> None:
    for half in ("train", "val"):
        (root / half / "cat").rename(root / half / "zebra")


def swap_classes(root: Path) -> None:
    (root / "train/cat").rename(root / "x")
    (root / "train/dog").rename(root / "train/cat")
    (root / "x").rename(root / "train/dog")


def exchange(root: Path) -> None:
    data = bytearray((root / "val/dog/1.png").read_bytes())
    data[-20] ^= 1
    (root / "val/dog/1.png").write_bytes(data)


CHANGES: list[tuple[Callable[[Path], object], list[str]]] = [
    (lambda root: (root / "train/cat/1.png").unlink(), ["1 train image removed: train/cat/1.png"]),
    (lambda root: shutil.copy(root / "train/cat/1.png", root / "val/dog/9.png"), ["1 val image added: val/dog/9.png"]),
    (rename_class, ["classes that are gone: cat", "classes that are new: zebra"]),
    (swap_classes, ["6 train images exchanged for another: train/cat/0.png, train/cat/1.png, train/cat/2.png, "
                    "train/dog/0.png, train/dog/1.png, …"]),
    (lambda root: (root / "val").rename(root / "test"), [
        "the images of 'val' were used where those of 'test' are now",
        "4 test images removed: val/cat/0.png, val/cat/1.png, val/dog/0.png, val/dog/1.png",
        "4 test images added: test/cat/0.png, test/cat/1.png, test/dog/0.png, test/dog/1.png"]),
]


@pytest.mark.parametrize(("change", "said"), CHANGES)
def test_what_changed_is_said(root: Path, change: Callable[[Path], object], said: list[str]) -> None:
    before = indexed(root)
    change(root)
    assert difference(before, indexed(root)) == said


def test_an_exchanged_image_of_the_same_size_is_seen(root: Path) -> None:
    before = load_data(Folder(path=str(root))).test
    old = [before.head(index).first for index in range(before.size)]
    exchange(root)
    assert [before.head(index).first == head for index, head in enumerate(old)] == [True, True, True, False]


def test_several_labels_an_image(root: Path) -> None:
    source = load_data(Folder(path=str(root)))

    def labelled(labels: list[list[int]]) -> Index:
        return index_of(replace(source, test=replace(source.test, labels=np.array(labels, np.uint8))))
    before = labelled([[1, 0], [1, 1], [0, 0], [0, 1]])
    document = json.loads(json.dumps(before.to_json()))
    again = Index.from_json(document)
    assert (document["test"]["labels"], document["train"]["labels"]) == ("0 0,1 - 1", "0 0 0 1 1 1")
    assert (again.digest, again.test.labels.dtype, again.test.labels.tolist()) == (before.digest, np.uint8, before.test.labels.tolist())
    assert difference(before, labelled([[1, 0], [1, 0], [0, 0], [0, 1]])) == ["1 val image given another class: val/cat/1.png"]
    with pytest.raises(InputError, match="this is no index of data, or it is damaged"):
        Index.from_json({**document, "test": {**document["test"], "labels": "0 0,2 - 1"}})


def test_another_source_is_all_that_is_said(root: Path) -> None:
    assert difference(indexed(root), index_of(load_data(Digits()))) == ["the source of the data was folder, is digits"]


def test_images_may_change_their_class_and_keep_their_name() -> None:
    def index(labels: list[int]) -> Index:
        keys = Names.of([b"a.jpg", b"b.jpg"])
        listing = Listing("train", keys, np.array(labels, np.int32), np.zeros(2, np.int64), np.zeros(2, np.uint32))
        return Index("csv", ("cat", "dog"), listing, listing)
    assert difference(index([0, 1]), index([0, 0]))[0] == "1 train image given another class: b.jpg"


def test_files_that_are_no_images_are_named_at_once(root: Path) -> None:
    (root / "train/cat/bad.jpg").write_bytes(b"<html>not found</html>")
    (root / "val/dog/0.png").write_bytes(b"")
    with pytest.raises(InputError) as error:
        index_of(load_data(Folder(path=str(root))))
    assert str(error.value) == (f"2 images cannot be read:\n  {root}/train/cat/bad.jpg: an HTML page\n"
                                f"  {root}/val/dog/0.png: the file is empty\n  hint: replace or remove them")


def test_what_is_of_a_kind_that_is_not_read_can_be_converted(root: Path) -> None:
    (root / "train/cat/phone.jpg").write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.raises(InputError) as error:
        index_of(load_data(Folder(path=str(root))))
    assert str(error.value) == (f"1 image cannot be read:\n  {root}/train/cat/phone.jpg: a HEIC photograph, which is not read\n"
                                "  hint: convert, to JPEG say, replace or remove them")


def test_a_file_that_goes_away_meanwhile_is_named(root: Path) -> None:
    source = load_data(Folder(path=str(root)))
    (root / "val/dog/1.png").unlink()
    with pytest.raises(InputError, match=r"  .*/val/dog/1.png: No such file or directory\n"):
        index_of(source)


def test_digits_have_an_index_too() -> None:
    index = index_of(load_data(Digits()))
    assert (index.classes, len(index.train.keys), index.test.sizes.tolist()[:2]) == (tuple("0123456789"), 1437, [256, 256])
