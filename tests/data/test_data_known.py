"""What is known of images is kept for as long as their files stay the same: counted by how often they are looked into."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from quietly import silent
from settled import LONG_AGO, settle

from archspec.data import known, store
from archspec.data.known import Texts, shelves
from archspec.data.looking import KEEP, Looked, decode_all, look_into
from archspec.data.source import Item, Source, Split
from archspec.data.sources import load_data
from archspec.preprocess.check import Look
from archspec.preprocess.header import NoImage
from archspec.spec.data import Digits, Folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """train/ and val/ with three images each of cat and dog, written long ago."""
    for half in ("train", "val"):
        for value, name in enumerate(("cat", "dog")):
            (tmp_path / "data" / half / name).mkdir(parents=True)
            for index in range(3):
                Image.new("RGB", (5, 4), (value, index, 7)).save(tmp_path / "data" / half / name / f"{index}.png")
    settle(tmp_path)
    return tmp_path / "data"


def counting(source: Source) -> tuple[Source, list[str]]:
    """The same source, and the names of the images that are looked into."""
    seen: list[str] = []

    def watched(split: Split) -> Split:
        def head(index: int) -> Look:
            seen.append(split.keys[index])
            return split.head(index)
        return replace(split, head=head)
    return replace(source, train=watched(source.train), test=watched(source.test)), seen


def looked_into(root: Path, **keys: object) -> list[str]:
    """Which images a start looks into."""
    source, seen = counting(load_data(Folder(path=str(root), **keys)))  # type: ignore[arg-type]
    look_into(source, silent)
    return sorted(seen)


def test_a_second_start_looks_into_nothing(root: Path) -> None:
    assert len(looked_into(root)) == 12
    assert looked_into(root) == []


def test_both_starts_know_the_same(root: Path) -> None:
    (root / "val/dog/2.png").write_bytes(b"<html>")
    settle(root)
    first, second = (look_into(load_data(Folder(path=str(root))), silent) for _ in range(2))
    for split, again in ((first.source.train, second.source.train), (first.source.test, second.source.test)):
        assert first.rows(split).tolist() == second.rows(again).tolist()
    assert second.reason(second.source.test, 5) == "an HTML page"


@pytest.mark.parametrize("change", [
    lambda path: os.utime(path, (LONG_AGO, LONG_AGO + 1)),
    lambda path: (path.write_bytes(path.read_bytes() + b"x"), os.utime(path, (LONG_AGO, LONG_AGO)))])
def test_another_size_or_time_makes_one_look_again(root: Path, change: Callable[[Path], object]) -> None:
    looked_into(root)
    change(root / "val/cat/1.png")
    assert looked_into(root) == ["val/cat/1.png"]


def test_a_file_that_changed_only_just_now_is_not_trusted(root: Path) -> None:
    (root / "train/cat/0.png").touch()
    looked_into(root)
    assert looked_into(root) == ["train/cat/0.png"]


def test_of_added_and_removed_files_only_the_new_are_looked_into(root: Path) -> None:
    looked_into(root)
    (root / "train/cat/0.png").unlink()
    Image.new("RGB", (5, 4)).save(root / "train/cat/00.png")
    settle(root)
    assert looked_into(root) == ["train/cat/00.png"]
    assert looked_into(root) == []


def test_what_goes_from_one_split_to_the_other_is_known(root: Path) -> None:
    assert len(looked_into(root / "train", holdout=0.2)) == 6
    assert looked_into(root / "train", holdout=0.6) == []


def test_data_elsewhere_are_looked_into(root: Path) -> None:
    looked_into(root)
    root.rename(root.parent / "moved")
    assert len(looked_into(root.parent / "moved")) == 12


def directory(data: bytes, place: int, value: int) -> bytes:
    """Of the first file in a zip archive another version that is needed (6), another flag (8) or compression (10)."""
    begin = data.index(b"PK\1\2") + place
    return data[:begin] + bytes([value]) + data[begin + 1:]


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-200], lambda data: data.replace(b"val/dog/2", b"val/dog/9"),
                                    lambda data: b"no archive", lambda data: directory(data, 6, 0xFF), lambda data: directory(data, 8, 1),
                                    lambda data: directory(data, 10, 99)])
def test_what_is_kept_and_damaged_is_not_used(root: Path, cache: Path, damage: Callable[[bytes], bytes]) -> None:
    looked_into(root)
    path, = cache.rglob("*.npz")
    path.write_bytes(damage(path.read_bytes()))
    assert len(looked_into(root)) == 12
    assert looked_into(root) == []


@pytest.mark.parametrize("change", [{"names": np.zeros(3, np.uint8)}, {"rows": np.zeros(12, "<i4")}, {"offsets": np.arange(5)},
                                    {"rows": np.full(12, 99, known.ROW)}])
def test_what_is_kept_and_makes_no_sense_is_not_used(root: Path, cache: Path, change: dict[str, np.ndarray]) -> None:
    looked_into(root)
    path, = cache.rglob("*.npz")
    store.write(path, {**store.read(path), **change})
    assert len(looked_into(root)) == 12


def test_what_another_version_found_out_is_not_used(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_into(root)
    store.made_by.cache_clear()
    monkeypatch.setattr(store, "FORMAT", store.FORMAT + 1)
    assert len(looked_into(root)) == 12
    store.made_by.cache_clear()


def test_without_a_place_to_keep_it_all_is_looked_into(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("ARCHSPEC_CACHE", str(tmp_path / "file"))
    assert len(looked_into(root)) == 12
    assert len(looked_into(root)) == 12


def test_what_the_system_refused_to_read_is_asked_for_again(root: Path) -> None:
    source = load_data(Folder(path=str(root)))

    def refused(index: int) -> Look:
        return Look(0, b"", "Permission denied") if not index else source.train.head(index)
    looked = look_into(replace(source, train=replace(source.train, head=refused)), silent)
    assert looked.reason(looked.source.train, 0) == "Permission denied"
    assert looked_into(root) == ["train/cat/0.png"]


def test_of_images_in_memory_nothing_is_kept(cache: Path) -> None:
    look_into(load_data(Digits()), silent)
    assert not list(cache.iterdir())


def decoding(root: Path, channels: int = 3, broken: str = "") -> tuple[list[int], Looked]:
    """The sizes of the files that a start decodes, of the split to train on."""
    looked, seen = look_into(load_data(Folder(path=str(root))), silent), list[int]()

    def decode(item: Item) -> np.ndarray:
        seen.append(len(item))
        if broken:
            raise NoImage(broken)
        return np.zeros((7, 9, 3), np.uint8)
    decode_all(looked, looked.source.train, channels, lambda: decode, silent)
    return seen, looked


def test_images_are_decoded_once(root: Path) -> None:
    assert len(decoding(root)[0]) == 6
    seen, looked = decoding(root)
    assert seen == []
    assert looked.rows(looked.source.train)[["height", "width"]].tolist() == [(7, 9)] * 6


def test_for_other_channels_they_are_decoded_again(root: Path) -> None:
    decoding(root)
    assert len(decoding(root, channels=1)[0]) == 6


def test_damage_is_kept_too_and_only_for_these_channels(root: Path) -> None:
    decoding(root, broken="its data are broken")
    seen, looked = decoding(root)
    train = looked.source.train
    assert seen == []
    assert looked.unreadable(train, 3).tolist() == [*range(6)]
    assert looked.unreadable(train, 1).tolist() == []
    assert next(looked.reasons(train, np.array([2]))) == f"{root}/train/cat/2.png: its data are broken"


def test_what_could_not_be_read_is_decoded_again(root: Path) -> None:
    looked = look_into(load_data(Folder(path=str(root))), silent)
    (root / "train/cat/0.png").rename(root / "away")
    decode_all(looked, looked.source.train, 3, lambda: lambda item: np.zeros((4, 5, 3)), silent)
    assert list(looked.reasons(looked.source.train, looked.unreadable(looked.source.train, 3))) == [
        f"{root}/train/cat/0.png: No such file or directory"]
    (root / "away").rename(root / "train/cat/0.png")
    assert len(decoding(root)[0]) == 1


def test_what_is_decoded_before_an_interrupt_is_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archspec.data.looking.DECODED", 1)
    looked = look_into(load_data(Folder(path=str(root))), silent)

    def interrupt(what: str, done: int, of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        decode_all(looked, looked.source.train, 3, lambda: lambda item: np.zeros((4, 5, 3)), interrupt)
    assert len(decoding(root)[0]) <= 4
    assert KEEP < 100_000


def test_progress_is_told(root: Path) -> None:
    told: list[tuple[str, int, int]] = []
    look_into(load_data(Folder(path=str(root))), lambda *facts: told.append(facts))
    assert told == [("looking into train images", 6, 6), ("looking into val images", 6, 6)]


def test_a_text_has_one_number() -> None:
    texts = Texts()
    assert [texts.number(text) for text in ("", "a", "b", "a")] == [0, 1, 2, 1]
    assert texts[2] == "b"


def test_two_splits_of_one_place_share_a_shelf(root: Path) -> None:
    source = load_data(Folder(path=str(root)))
    assert [len(shelf.splits) for shelf in shelves(source)] == [2]
    assert [len(shelf.splits) for shelf in shelves(replace(source, test=replace(source.test, place="/elsewhere")))] == [1, 1]


def test_a_second_start_asks_the_system_once_a_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_into(root)
    source, asked, stat = load_data(Folder(path=str(root))), list[bytes](), os.stat
    monkeypatch.setattr(known.os, "stat", lambda path: (asked.append(path), stat(path))[1])
    shelves(source)
    assert len(asked) == 12
    asked.clear()
    one = replace(source.train, file=lambda index: os.fsencode(root / "train/cat/0.png"))  # as of records in one file
    shelves(replace(source, train=one))
    assert len(asked) == 7


def test_a_time_that_was_set_far_in_the_future_is_trusted(root: Path) -> None:
    path = next(root.rglob("*.png"))
    os.utime(path, (4e9, 4e9))
    assert len(looked_into(root)) == 12
    assert looked_into(root) == []
