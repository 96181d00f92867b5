"""What counts as an image among the files of a class, and that all else is counted."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from archspec.data.names import Names, readable
from archspec.data.source import Source
from archspec.data.sources import load_data
from archspec.data.sources.listing import CONVERT
from archspec.errors import InputError
from archspec.spec.data import Folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """train/ and val/, the classes cat and dog, two images each."""
    for half in ("train", "val"):
        for name in ("cat", "dog"):
            (tmp_path / half / name).mkdir(parents=True)
            for index in range(2):
                Image.new("RGB", (5, 4), (index, 2, 7)).save(tmp_path / half / name / f"{index}.png")
    return tmp_path


def loaded(root: Path) -> Source:
    return load_data(Folder(path=str(root)))


def cats(root: Path) -> list[str]:
    return [name.removeprefix("train/cat/") for name in loaded(root).train.keys if name.startswith("train/cat/")]


def test_nothing_left_out_is_nothing_said(root: Path) -> None:
    assert loaded(root).left_out == ""


@pytest.mark.parametrize("name", [".DS_Store", "._0.png", "Thumbs.db", "desktop.ini", "ehthumbs.db", "Icon\r", ".0.png.swp"])
def test_files_that_systems_leave(root: Path, name: str) -> None:
    shutil.copy(root / "train/cat/0.png", root / "train/cat" / name)
    assert cats(root) == ["0.png", "1.png"]
    assert loaded(root).left_out == f"1 hidden file or folder (train/cat/{readable(name)})"


@pytest.mark.parametrize("name", [".ipynb_checkpoints", "__MACOSX", "@eaDir", ".Trash", "$RECYCLE.BIN"])
@pytest.mark.parametrize("place", ["train", "train/cat"])
def test_folders_that_tools_leave(root: Path, place: str, name: str) -> None:
    shutil.copytree(root / "train/cat", root / place / name)
    assert cats(root) == ["0.png", "1.png"]
    assert loaded(root).left_out == f"1 hidden file or folder ({place}/{name})"
    assert loaded(root).classes == ("cat", "dog")


def test_by_content_and_not_by_suffix(root: Path) -> None:
    for name in ("photo", "photo.dat", "photo.PNG", "photo.jpg"):
        shutil.copy(root / "train/cat/0.png", root / "train/cat" / name)
    (root / "train/cat/labels.csv").write_text("P1,BM\n")
    (root / "train/cat/readme").write_text("BM and P6 1\n")
    Image.new("RGB", (5, 4)).save(root / "train/cat/raw.nef", "TIFF")
    assert cats(root) == ["0.png", "1.png", "photo", "photo.PNG", "photo.dat", "photo.jpg"]
    assert loaded(root).left_out == ("2 files that are no images (first: train/cat/labels.csv), 1 raw photograph, which is not "
                                     f"read (train/cat/raw.nef){CONVERT}")


@pytest.mark.parametrize(("name", "data", "said"), [
    ("a.HEIC", b"\0\0\0\x18ftypheic", "HEIC photograph"), ("a.heif", b"", "HEIC photograph"),
    ("IMG_1", b"\0\0\0\x18ftypmif1", "HEIC photograph"), ("a.CR2", b"II*\0\x10\0\0\0CR", "raw photograph"),
    ("a.dng", b"MM\0*", "raw photograph"), ("a", b"FUJIFILMCCD-RAW", "raw photograph"), ("a.psd", b"8BPS", "Photoshop file"),
    ("a.svg", b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- of a tool --><svg/>", "SVG drawing"), ("b", b"<svg/>", "SVG drawing"),
    ("a.jxl", b"\xff\x0a", "JPEG XL image"), ("a.dcm", b"\0" * 128 + b"DICM", "DICOM image"),
    ("a.exr", b"", "OpenEXR image")])
def test_photographs_of_a_kind_that_is_not_read_are_told_from_what_is_none(root: Path, name: str, data: bytes, said: str) -> None:
    (root / "train/cat" / name).write_bytes(data)
    assert loaded(root).left_out == f"1 {said}, which is not read (train/cat/{name}){CONVERT}"
    (root / "train/dog" / name).write_bytes(data)
    (root / "train/dog/x.mov").write_bytes(b"\0\0\0\x14ftypqt  ")
    assert loaded(root).left_out == (f"2 {said}s, which are not read (first: train/cat/{name}), "
                                     f"1 file that is no image (train/dog/x.mov){CONVERT}")


def test_a_class_of_such_photographs_alone_says_what_to_do(root: Path) -> None:
    for index in range(2):
        (root / f"train/cat/{index}.png").rename(root / f"train/cat/{index}.heic")
        (root / f"train/cat/{index}.heic").write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.raises(InputError) as error:
        loaded(root)
    assert str(error.value) == (f"{root}/train/cat: no images in it; left out: 2 HEIC photographs, which are not read "
                                f"(first: train/cat/0.heic){CONVERT}")


def test_links(root: Path) -> None:
    (root / "train/cat/file.png").symlink_to(root / "train/cat/0.png")
    (root / "train/cat/folder").symlink_to(root / "train/dog")
    (root / "train/cat/loop").symlink_to(root / "train/cat")
    (root / "train/cat/broken.png").symlink_to(root / "none.png")
    (root / "train/cat/circle.png").symlink_to(root / "train/cat/circle.png")
    assert cats(root) == ["0.png", "1.png", "file.png"]
    assert loaded(root).left_out == ("2 broken links (first: train/cat/broken.png), "
                                     "2 links to folders (first: train/cat/folder)")


def test_a_class_may_be_a_link_but_not_to_what_holds_it(root: Path) -> None:
    for half in ("train", "val"):
        (root / half / "emu").symlink_to(root / half / "cat")
        (root / half / "loop").symlink_to(root)
    assert loaded(root).classes == ("cat", "dog", "emu")
    assert loaded(root).left_out == "2 links to folders (first: train/loop)"


def test_a_pipe_does_not_hang(root: Path) -> None:
    os.mkfifo(root / "train/cat/pipe.png")
    assert loaded(root).left_out == "1 entry that is no file (train/cat/pipe.png)"


def test_files_beside_the_classes(root: Path) -> None:
    (root / "train/README.txt").write_text("x")
    (root / "train/gone").symlink_to(root / "nowhere")
    (root / "train/ring").symlink_to(root / "train/ring")
    assert loaded(root).left_out == "1 file in no class folder (train/README.txt), 2 broken links (first: train/gone)"


def test_folders_in_a_class(root: Path) -> None:
    shutil.copytree(root / "train/cat", root / "train/cat/more/deep")
    assert cats(root) == ["0.png", "1.png", "more/deep/0.png", "more/deep/1.png"]


def test_an_empty_class_says_what_is_in_it(root: Path) -> None:
    (root / "train/emu").mkdir()
    (root / "train/emu/list.txt").write_text("x")
    with pytest.raises(InputError) as error:
        loaded(root)
    assert str(error.value) == f"{root}/train/emu: no images in it; left out: 1 file that is no image (train/emu/list.txt)"


@pytest.mark.parametrize(("raw", "shown"), [
    (b"caf\xe9.png", "caf\\xe9.png"), ("日本 é.png".encode(), "日本 é.png"), (b"a\nb\t*[]?%{}.png", "a\\nb\\t*[]?%{}.png"),
    (b"-o.png", "-o.png"), (b"\x1b[31m.png", "\\x1b[31m.png")])
def test_names_in_any_encoding(root: Path, raw: bytes, shown: str) -> None:
    os.rename(root / "train/cat/0.png", os.fsencode(root) + b"/train/cat/" + raw)
    split = loaded(root).train
    index = next(index for index, name in enumerate(split.keys) if name == f"train/cat/{shown}")
    assert isinstance(split.item(index), bytes)
    print(split.path(index))


def test_class_names_in_any_encoding(root: Path) -> None:
    for half in (b"/train", b"/val"):
        os.rename(os.fsencode(root) + half + b"/cat", os.fsencode(root) + half + b"/chat\xe9")
    assert loaded(root).classes == ("chat\\xe9", "dog")


def test_names_are_a_sequence() -> None:
    names = Names.of([b"a", b"", b"\xff", "ü".encode()])
    assert list(names) == ["a", "", "\\xff", "ü"]
    assert list(names.all_raw()) == [b"a", b"", b"\xff", "ü".encode()]
    with pytest.raises(IndexError):
        names[4]
