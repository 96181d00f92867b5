"""Lists of images to leave out, and re-assessed labels: what they mean, and what is said of those that are wrong."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from archspec.data.names import Names
from archspec.data.source import Split, in_memory, only, without
from archspec.errors import InputError
from archspec.evaluate import lists
from archspec.evaluate.lists import leave_out, read_list, read_real, real, real_places

SYNSETS = [f"n{number:08}" for number in range(1000)]


def split(*names: str) -> Split:
    keys = Names.of(name.encode() for name in names)
    return in_memory("test", np.arange(len(names), dtype=np.int32), keys, np.zeros((len(names), 2, 2, 1), np.uint8), 255.0)


ILSVRC = split("n01/ILSVRC2012_val_00000003.JPEG", "n01/ILSVRC2012_val_00000010.JPEG", "n02/ILSVRC2012_val_00000001.JPEG")
OTHERS = split("a/x.jpg", "a/y.jpg", "b/x.jpg", "7")


@pytest.mark.parametrize(("text", "numbers"), [
    ("1\n3\n", [0, 2]), ("10", [1]), ("ILSVRC2012_val_00000010.JPEG\n", [1]), ("n02/ILSVRC2012_val_00000001.JPEG\r\n\r\n3\r\n", [0, 2]),
    ("\ufeff3\n3\n\n", [0])])
def test_images_are_left_out_by_ilsvrcs_numbers_and_by_names(text: str, numbers: list[int], tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(text)
    found = leave_out(read_list(tmp_path / "list.txt"), ILSVRC)
    assert found.numbers.tolist() == numbers
    assert found.listed.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert without(ILSVRC, found.numbers).labels.tolist() == [each for each in range(3) if each not in numbers]


def test_a_name_is_meant_before_a_number(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("7\ny.jpg\nb/x.jpg")
    assert leave_out(read_list(tmp_path / "list.txt"), OTHERS).numbers.tolist() == [1, 2, 3]


def test_an_image_that_is_there_twice_is_left_out_twice(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("x.jpg")
    assert leave_out(read_list(tmp_path / "list.txt"), split("a/x.jpg", "a/x.jpg", "a/y.jpg")).numbers.tolist() == [0, 1]


def test_a_name_comes_with_as_many_of_its_folders_as_one_likes(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("b/x.jpg\na/a/x.jpg\nz.jpg")
    images = split("test/a/a/x.jpg", "test/aa/x.jpg", "test/b/x.jpg", "test/b/z.jpg")
    assert leave_out(read_list(tmp_path / "list.txt"), images).numbers.tolist() == [0, 2, 3]


@pytest.mark.parametrize(("text", "images", "message"), [
    ("1\n2\n", ILSVRC, ":2: there is no image of the number 2\n  hint: these are called as n01/ILSVRC2012_val_00000003.JPEG; numbers count from 1"),
    ("0", ILSVRC, ":1: there is no image of the number 0"),
    ("9" * 5000, ILSVRC, ":1: there is no image of the number 9999"),
    ("3\n\nnone.JPEG", ILSVRC, ":3: no image is called none.JPEG\n  hint: these are called as n01/ILSVRC2012_val_00000003.JPEG; the name is expected"),
    ("a/x.jpg\n4", OTHERS, ":2: 4 is no name of an image, and not all images are called by ILSVRC's numbers\n  hint: these are called as a/x.jpg; write names"),
    ("x.jpg", OTHERS, ":1: 2 images are called x.jpg: a/x.jpg, b/x.jpg\n  hint: write the folder before the name"),
    ("\n\n", OTHERS, ": names no image"), ("", OTHERS, ": names no image"),
    ("\x1b[2J", OTHERS, r":1: no image is called \x1b[2J")])
def test_a_list_that_does_not_fit_is_refused_with_its_line(text: str, images: Split, message: str, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(InputError) as error:
        leave_out(read_list(tmp_path / "list.txt"), images)
    assert str(error.value).startswith(f"{tmp_path}/list.txt{message}")


def test_files_that_are_none_or_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"--leave-out .*none.txt: No such file"):
        leave_out(read_list(tmp_path / "none.txt"), OTHERS)
    with pytest.raises(InputError, match=r"--real .*: Is a directory"):
        real(read_real(tmp_path), OTHERS)
    monkeypatch.setattr(lists, "MOST_BYTES", 3)
    (tmp_path / "list.txt").write_text("7\n7\n")
    with pytest.raises(InputError, match="is larger than"):
        leave_out(read_list(tmp_path / "list.txt"), OTHERS)


def test_re_assessed_labels_are_of_the_images_by_their_numbers(tmp_path: Path) -> None:
    entries = [[number] for number in range(10)]
    entries[2], entries[0] = [], [5, 999]
    (tmp_path / "real.json").write_text(json.dumps(entries))
    found = real(read_real(tmp_path / "real.json"), ILSVRC)
    assert found.labels == ((), (9,), (5, 999))
    assert found.labelled.tolist() == [False, True, True]
    places = real_places(["background", *SYNSETS[::-1]], "net")  # outputs in another order, with one more
    assert (places[0], places[999]) == (1000, 1)
    rows = found.rows(1, 3, places, 1001)
    assert [np.flatnonzero(row).tolist() for row in rows] == [[991], [1, 995]]


@pytest.mark.parametrize(("text", "message"), [
    ("[[1],", ":1:6: is no JSON"), ("[" * 100000, ": is no JSON"), ("{}", ": is no list, or an empty one"), ("[]", ": is no list, or an empty one"),
    ("[[1], [1000]]", ": entry 2, of ILSVRC2012_val_00000002.JPEG, is no list of class numbers from 0 to 999"),
    ("[[1], 3]", ": entry 2, of ILSVRC"), ("[[true]]", ": entry 1, of"), ("[[-1]]", ": entry 1, of"), ("[[0.5]]", ": entry 1, of"),
    ("[[" + "9" * 5000 + "]]", ": is no JSON"), ("\xff", ": is no JSON")])
def test_what_are_no_labels_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "real.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError) as error:
        real(read_real(tmp_path / "real.json"), ILSVRC)
    assert str(error.value).startswith(f"{tmp_path}/real.json{message}")


@pytest.mark.parametrize(("images", "message"), [
    (ILSVRC, "the image n01/ILSVRC2012_val_00000010.JPEG is none of the 3 that are labelled"),
    (OTHERS, "the image a/x.jpg is not called as ILSVRC calls it")])
def test_labels_of_other_images_are_refused(images: Split, message: str, tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("[[1], [2], [3]]")
    with pytest.raises(InputError, match=message):
        real(read_real(tmp_path / "real.json"), images)


@pytest.mark.parametrize(("classes", "count"), [(SYNSETS[1:], "999 of its 999"), (["cat", "dog"], "0 of its 2")])
def test_a_model_that_does_not_know_the_synsets_is_refused(classes: list[str], count: str) -> None:
    with pytest.raises(InputError, match=f"net calls {count} classes by one: .*\n  hint: it is for a network that tells all of them apart; --labels FILE"):
        real_places(classes, "net")


def test_only_some_images_in_their_order() -> None:
    found = only(OTHERS, np.array([2, 0]))
    assert (found.labels.tolist(), found.keys[0], found.keys[1], found.size) == ([2, 0], "b/x.jpg", "a/x.jpg", 2)
