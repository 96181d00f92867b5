"""Images in folders: what is found, how it is cut to size, and what is said when something is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from archspec.data.pipeline import Pipeline
from archspec.data.sources import load_data
from archspec.errors import InputError
from archspec.preprocess.rule import preprocess_of
from archspec.spec.data import Folder
from archspec.spec.recipe import Recipe

SHAPE = (8, 8, 3)


def save(path: Path, height: int = 12, width: int = 20, value: int = 128) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = tf.fill((height, width, 3), tf.constant(value, tf.uint8))
    encode = tf.io.encode_jpeg if path.suffix == ".jpg" else tf.io.encode_png
    path.write_bytes(encode(image).numpy())


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    """Two classes, five images each, no train folder."""
    for name, value in (("cat", 10), ("dog", 200)):
        for index in range(5):
            save(tmp_path / name / f"{index}.{'jpg' if index % 2 else 'png'}", value=value)
    return tmp_path


@pytest.fixture
def halves(tmp_path: Path) -> Path:
    """train/ and val/, two classes."""
    for half, count in (("train", 3), ("val", 1)):
        for name in ("cat", "dog"):
            for index in range(count):
                save(tmp_path / half / name / f"{index}.png")
    return tmp_path


def message(path: Path, **keys: float) -> str:
    with pytest.raises(InputError) as error:
        load_data(Folder(path=str(path), **keys))
    return str(error.value).replace(str(path), "PATH")


def test_halves_are_found_by_their_names(halves: Path) -> None:
    data = load_data(Folder(path=str(halves)))
    assert (data.train.size, data.test.size, data.test.name, data.classes) == (6, 2, "val", ("cat", "dog"))


def pixels(path: Path, half: str, **keys: float) -> tuple[np.ndarray, np.ndarray]:
    """All images of a half, as evaluation sees them, and their labels."""
    section = Folder(path=str(path), **keys)
    recipe = Recipe(data=section)
    split = getattr(load_data(section), half)
    return Pipeline(split, preprocess_of(recipe, SHAPE), recipe).sample(split.size, 0)


def test_holdout_gives_every_image_to_one_half_the_same_every_time(classes: Path) -> None:
    first, second = (load_data(Folder(path=str(classes), holdout=0.4)) for _ in range(2))
    assert set(first.test.labels.tolist()) == set(first.train.labels.tolist()) == {0, 1}
    assert list(first.test.keys) == list(second.test.keys)
    assert len({*first.train.keys, *first.test.keys}) == len(first.train.keys) + len(first.test.keys) == 10


def test_an_added_file_moves_no_other(tmp_path: Path) -> None:
    for index in range(200):
        (tmp_path / "cat").mkdir(exist_ok=True)
        (tmp_path / "cat" / f"{index}.jpg").touch()
    before = load_data(Folder(path=str(tmp_path), holdout=0.2))
    (tmp_path / "cat" / "0000.jpg").touch()
    (tmp_path / "cat" / "zz.jpg").touch()
    after = load_data(Folder(path=str(tmp_path), holdout=0.2))
    assert set(before.test.keys) <= set(after.test.keys)
    assert set(before.train.keys) <= set(after.train.keys)
    assert 25 < before.test.size < 55


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_of_each_class_some_are_held_and_some_are_not(tmp_path: Path, share: float) -> None:
    for name in map(str, range(30)):
        (tmp_path / name).mkdir()
        for index in range(2):
            (tmp_path / name / f"{index}.jpg").touch()
    data = load_data(Folder(path=str(tmp_path), holdout=share))
    assert np.bincount(data.train.labels).tolist() == np.bincount(data.test.labels).tolist() == [1] * 30


def test_labels_belong_to_their_images(classes: Path) -> None:
    images, labels = pixels(classes, "train", holdout=0.2)
    assert np.allclose(images.mean(axis=(1, 2, 3)), np.where(labels == 0, 10, 200), atol=3)


def test_an_unreadable_image_is_named(halves: Path) -> None:
    section = Folder(path=str(halves))
    data, recipe = load_data(section), Recipe(data=section, batch=6)
    (halves / "train" / "dog" / "1.png").write_bytes(b"no image")
    pipeline = Pipeline(data.train, preprocess_of(recipe, SHAPE), recipe)
    with pytest.raises(InputError) as error:
        pipeline.next(iter(pipeline.evaluation()), 0, training=False)
    assert str(error.value) == (f"{halves}/train/dog/1.png: cannot be read as an image (a text)\n"
                                "  hint: replace the file, or begin a new run without it")


def test_a_missing_folder(tmp_path: Path) -> None:
    assert message(tmp_path / "none").startswith("train.data.path: no folder PATH (seen from ")


def test_no_train_folder_and_no_holdout(classes: Path) -> None:
    assert message(classes) == ("PATH has no folder 'train'\n  hint: if it holds one folder a class, "
                                "train.data.holdout=0.2 keeps a fifth of each for testing")


def test_nothing_to_test_on(tmp_path: Path) -> None:
    save(tmp_path / "train" / "cat" / "0.png")
    assert message(tmp_path) == ("PATH has a folder 'train', but none of validation, val, valid, test, testing to test on\n"
                                 "  hint: train.data.holdout=0.2 keeps a fifth of each class in 'train' for testing")


def test_holdout_beside_a_test_folder(halves: Path) -> None:
    assert message(halves, holdout=0.2) == ("train.data.holdout is 0.2, but PATH has a folder 'val' to test on\n"
                                            "  hint: leave holdout out")


def test_an_empty_class(halves: Path) -> None:
    (halves / "train" / "emu").mkdir()
    assert message(halves) == "PATH/train/emu: no images in it"


def test_no_class_folders(tmp_path: Path) -> None:
    assert message(tmp_path, holdout=0.5) == "PATH: expected one folder a class, found none"


def test_a_class_in_one_half_only(halves: Path) -> None:
    save(halves / "train" / "emu" / "0.png")
    assert message(halves) == "class folders differ between training and testing: only 'train' has emu"


def test_a_class_in_the_other_half_only(halves: Path) -> None:
    save(halves / "val" / "owl" / "0.png")
    save(halves / "train" / "emu" / "0.png")
    assert message(halves) == ("class folders differ between training and testing: only 'train' has emu; only 'val' has owl")


def test_one_class_is_nothing_to_tell_apart(tmp_path: Path) -> None:
    save(tmp_path / "photos" / "0.png")
    save(tmp_path / "photos" / "1.png")
    with pytest.raises(InputError) as error:
        load_data(Folder(path=str(tmp_path), holdout=0.5)).check(1)
    assert str(error.value) == ("data 'folder' has one class (photos): there is nothing to tell apart\n  hint: the data's path "
                                "is the folder above the class folders, or above train and validation")


@pytest.mark.parametrize(("names", "said"), [
    ((b" ", b"dog"), "a class called ' '"), ((b"caf\xe9", rb"caf\xe9"), r"two classes called 'caf\xe9'")])
def test_each_class_has_a_name_of_its_own(names: tuple[bytes, ...], said: str, tmp_path: Path) -> None:
    for name in names:
        for index in range(2):
            save(tmp_path / os.fsdecode(name) / f"{index}.png")
    with pytest.raises(InputError) as error:
        load_data(Folder(path=str(tmp_path), holdout=0.5)).check(2)
    assert str(error.value) == (f"data 'folder' has {said}: labels.txt could not tell which is which\n"
                                "  hint: rename the folder")


def test_too_few_images_to_hold_some_back(tmp_path: Path) -> None:
    save(tmp_path / "cat" / "0.png")
    assert message(tmp_path, holdout=0.5) == ("class 'cat' has 1 image(s): too few to hold 0.5 of them back\n"
                                                "  hint: more images of it, or leave the class out")
