"""What a run does about images that cannot be read: it stops, or leaves them out and says so."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from quietly import silent
from settled import settle

from archspec.data import check
from archspec.data.check import Checked, checked, counts
from archspec.data.index import Index, difference
from archspec.data.sources import load_data
from archspec.errors import InputError
from archspec.preprocess.rule import preprocess_of
from archspec.spec.data import Digits, Folder
from archspec.spec.recipe import Recipe

RULE = preprocess_of(Recipe(), (8, 8, 3))


def photo(seed: int) -> bytes:
    """A JPEG of noise, (48, 64, 3)."""
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (48, 64, 3), np.uint8)).save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """train/ with four images of cat and of dog, val/ with two."""
    for half, count in (("train", 4), ("val", 2)):
        for name in ("cat", "dog"):
            (tmp_path / "data" / half / name).mkdir(parents=True)
            for index in range(count):
                (tmp_path / "data" / half / name / f"{index}.jpg").write_bytes(photo(index + len(name + half) * 10))
    settle(tmp_path)
    return tmp_path / "data"


def run(root: Path, on_error: str = "skip", skip_at_most: float = 0.2) -> Checked:
    section = Folder(path=str(root), on_error=on_error, skip_at_most=skip_at_most)
    return checked(load_data(section), section, RULE, silent)


def cut(path: Path) -> None:
    """Takes the last third of a JPEG away but for its end mark: its beginning and its end are as they should be."""
    data = path.read_bytes()
    path.write_bytes(data[:len(data) * 2 // 3] + b"\xff\xd9")


def test_it_is_known_where_all_are_jpegs_as_most_are(root: Path) -> None:
    assert run(root).plain == (True, True)
    Image.new("CMYK", (64, 48)).save(root / "train" / "cat" / "0.jpg")
    assert run(root).plain == (False, True)
    Image.new("RGB", (64, 48)).save(root / "val" / "dog" / "1.png")
    assert run(root).plain == (False, False)
    (root / "train" / "cat" / "0.jpg").write_bytes(b"no image")
    assert run(root).plain == (True, False)  # of those that are left


def test_of_good_images_none_is_skipped(root: Path) -> None:
    found = run(root)
    assert (found.train.tolist(), found.test.tolist(), found.reasons, found.said) == ([], [], (), "")
    assert found.index.digest == run(root, "stop").index.digest


def test_what_cannot_be_read_is_skipped_by_number_and_named(root: Path) -> None:
    (root / "val/cat/1.jpg").write_bytes(b"<html>")
    cut(root / "train/dog/2.jpg")
    found = run(root)
    assert (found.train.tolist(), found.test.tolist()) == ([6], [1])
    assert found.reasons == (f"{root}/train/dog/2.jpg: the JPEG's data end before its image does",
                             f"{root}/val/cat/1.jpg: an HTML page")
    assert found.said == f"skipped: 2 images that cannot be read (first: {found.reasons[0]})"


def test_one_image_is_named_without_a_first(root: Path) -> None:
    (root / "val/cat/1.jpg").write_bytes(b"")
    assert run(root).said == f"skipped: 1 image that cannot be read ({root}/val/cat/1.jpg: the file is empty)"


def test_damage_inside_stops_a_run_once_it_is_known(root: Path) -> None:
    cut(root / "train/dog/2.jpg")
    settle(root)
    run(root, "stop")
    run(root)
    with pytest.raises(InputError) as error:
        run(root, "stop")
    assert str(error.value) == (f"1 image cannot be read:\n  {root}/train/dog/2.jpg: the JPEG's data end before its image does\n"
                                "  hint: replace or remove them")


def test_more_than_the_stated_share_stop_the_run(root: Path) -> None:
    (root / "val/cat/1.jpg").write_bytes(b"")
    assert run(root, skip_at_most=1 / 12).test.tolist() == [1]
    with pytest.raises(InputError) as error:
        run(root, skip_at_most=0.08)
    assert str(error.value) == ("1 of 12 images cannot be read (8.33%); train.data.skip_at_most allows 8.00%:\n"
                                f"  {root}/val/cat/1.jpg: the file is empty\n"
                                "  hint: replace or remove them, or raise train.data.skip_at_most")


def test_a_class_of_which_nothing_is_left_stops_the_run(root: Path) -> None:
    for index in range(2):
        (root / f"val/dog/{index}.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=r"^of the class 'dog' no val image can be read\n  hint: replace them, or leave"):
        run(root)


def test_a_second_start_decodes_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut(root / "train/dog/2.jpg")
    settle(root)
    first = run(root)
    monkeypatch.setattr(check, "decoder", lambda *_: pytest.fail("decoded again"))
    second = run(root)
    assert (second.train.tolist(), second.reasons, second.index.digest) == ([6], first.reasons, first.index.digest)


def test_images_in_memory_are_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "decode_both", None)
    assert checked(load_data(Digits()), Digits(), RULE, silent).said == ""


def test_an_index_with_skipped_images(root: Path) -> None:
    before = run(root).index
    (root / "val/cat/1.jpg").write_bytes(b"")
    now = run(root).index
    again = Index.from_json(json.loads(json.dumps(now.to_json())))
    assert (again.digest, again.test.skipped.tolist()) == (now.digest, [1])
    assert difference(before, now) == ["1 val image exchanged for another: val/cat/1.jpg",
                                       "1 val image newly skipped: val/cat/1.jpg"]
    assert difference(now, before)[-1] == "1 val image no longer skipped: val/cat/1.jpg"


def test_the_same_files_with_others_skipped_are_other_data(root: Path) -> None:
    cut(root / "train/dog/2.jpg")
    assert difference(run(root, "stop").index, run(root).index) == ["1 train image newly skipped: train/dog/2.jpg"]


def test_counts_of_one_label_and_of_several() -> None:
    assert counts(np.array([2, 0, 2], np.int32), 4).tolist() == [1, 0, 2, 0]
    assert counts(np.array([[1, 0, 1], [0, 0, 1]], np.uint8), 3).tolist() == [1, 0, 2]
