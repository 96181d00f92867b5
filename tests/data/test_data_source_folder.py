"""How people lay out folders: the names of splits, leftovers of archives, test images without labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archspec.data.source import Source
from archspec.data.sources import load_data, refuse_missing
from archspec.errors import InputError
from archspec.preprocess.decoding import decode
from archspec.preprocess.rule import preprocess_of
from archspec.spec.data import Folder
from archspec.spec.recipe import Recipe


def save(root: Path, *places: str) -> None:
    for place in places:
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 3)).save(root / place)


def classes(root: Path, *halves: str, count: int = 2) -> Path:
    save(root, *(f"{half}/{name}/{index}.png" for half in halves for name in ("cat", "dog") for index in range(count)))
    return root


def load(root: Path, **keys: float) -> Source:
    return load_data(Folder(path=str(root), **keys))


def message(root: Path, **keys: float) -> str:
    with pytest.raises(InputError) as error:
        load(root, **keys)
    return str(error.value).replace(str(root), "ROOT")


@pytest.mark.parametrize("train", ["train", "Train", "TRAINING"])
@pytest.mark.parametrize("test", ["validation", "val", "valid", "test", "Testing", "VALID"])
def test_splits_as_people_call_them(tmp_path: Path, train: str, test: str) -> None:
    source = load(classes(tmp_path, train, test))
    assert (source.train.size, source.test.name, source.left_out) == (4, test, "")
    assert source.train.keys[0] == f"{train}/cat/0.png"


def test_of_two_that_might_be_tested_on_the_other_is_told(tmp_path: Path) -> None:
    source = load(classes(tmp_path, "train", "test", "val"))
    assert (source.test.name, source.left_out) == ("val", "1 entry beside the folders of the splits (test)")


def test_a_holdout_of_the_folder_train(tmp_path: Path) -> None:
    save(classes(tmp_path, "train", count=9), "test/1.png", "sample_submission.csv.png")
    source = load(tmp_path, holdout=0.3)
    assert (source.test.name, source.train.size + source.test.size) == ("holdout", 18)
    assert source.left_out == "2 entries beside the folders of the splits (first: sample_submission.csv.png)"


def test_test_images_without_labels(tmp_path: Path) -> None:
    save(classes(tmp_path, "train"), "test/1.png")
    assert message(tmp_path) == ("ROOT has a folder 'train'; 'test' holds no folders of classes, so its images have no labels\n"
                                 "  hint: train.data.holdout=0.2 keeps a fifth of each class in 'train' for testing")


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    save(tmp_path, *(f"{name}/{index}.png" for name in ("bus", "train", "test") for index in range(3)))
    assert load(tmp_path, holdout=0.3).classes == ("bus", "test", "train")


def test_an_archive_that_holds_a_folder_of_its_own_name(tmp_path: Path) -> None:
    classes(tmp_path, "flowers/train", "flowers/val")
    (tmp_path / "__MACOSX").mkdir()
    assert message(tmp_path) == ("ROOT has one folder, flowers, in which the data seem to be\n"
                                 "  hint: --set train.data.path=ROOT/flowers")


def test_data_further_in(tmp_path: Path) -> None:
    classes(tmp_path, "archive/flowers")
    (tmp_path / "archive/flowers/more").mkdir()
    assert message(tmp_path, holdout=0.2) == ("ROOT has one folder, archive/flowers, in which the data seem to be\n"
                                              "  hint: --set train.data.path=ROOT/archive/flowers")


def test_a_folder_that_leads_to_itself_is_followed_so_far(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one/again").symlink_to(tmp_path / "one")
    assert message(tmp_path, holdout=0.2).startswith("ROOT/one: no images in it")


def test_splits_without_classes_are_no_classes(tmp_path: Path) -> None:
    save(tmp_path, *(f"{name}/{index}.png" for name in ("train", "test") for index in range(3)))
    assert message(tmp_path, holdout=0.2) == ("ROOT has a folder 'train', but no folders of classes are in it\n"
                                              "  hint: one folder a class is expected; of a table with paths and labels write "
                                              "train.data: {source: csv, path: FILE}")


def test_images_of_all_classes_in_one_folder(tmp_path: Path) -> None:
    save(tmp_path, "train/1.png", "test/2.png")
    assert message(tmp_path) == ("ROOT has a folder 'train', but no folders of classes are in it\n"
                                 "  hint: one folder a class is expected; of a table with paths and labels write "
                                 "train.data: {source: csv, path: FILE}")


def test_an_archive_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "data.zip").touch()
    with pytest.raises(InputError) as error:
        refuse_missing(Folder(path=str(tmp_path / "data.zip")))
    assert str(error.value) == (f"train.data.path: {tmp_path}/data.zip is a file; the images are read from a folder\n"
                                "  hint: unpack an archive first; of a table write train.data: {source: csv, path: FILE}")


@pytest.mark.parametrize(("white", "eight_bits"), [(0.0, True), (4095.0, False)])
def test_white_says_whether_all_bits_count(tmp_path: Path, white: float, eight_bits: bool) -> None:
    split = load(classes(tmp_path, "train", "val"), white=white).train
    assert (split.encoded, split.eight_bits, split.white, split.channels) == (True, eight_bits, white, 0)


def test_levels_of_files_with_more_bits_and_with_eight(tmp_path: Path) -> None:
    classes(tmp_path, "train", "val")
    grey = np.array([[0, 1000], [2048, 4095]], np.uint16)
    Image.fromarray(grey).save(tmp_path / "train/cat/0.png")
    Image.fromarray(np.array([[0, 255]], np.uint8)).save(tmp_path / "train/cat/1.png")
    rule = preprocess_of(Recipe(), (8, 8, 1))
    deep, flat = load(tmp_path, white=4095.0).train, load(tmp_path).train
    found = [deep.levels(decode(deep.item(index), rule, deep=True)) for index in range(2)]
    assert found[0].dtype == found[1].dtype == np.float32
    assert np.allclose(found[0][..., 0], grey / 4095 * 255)
    assert found[1].ravel().tolist() == [0.0, 255.0]
    upper = flat.levels(decode(flat.item(0), rule))
    assert (upper.dtype, upper.ravel().tolist()) == (np.uint8, [0, 3, 8, 15])
