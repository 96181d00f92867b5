"""What is odd about a data set, each by its code; and whether a training would stop for it."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from quietly import silent

from archspec.data.check import decode_both, refuse
from archspec.data.findings import Finding, findings
from archspec.data.looking import Looked, decode_all, look_into
from archspec.data.report import Report, not_loaded, report
from archspec.data.source import FROM_ONE, Item, Source
from archspec.data.sources import load_data
from archspec.errors import InputError
from archspec.preprocess.header import NoImage
from archspec.preprocess.rule import preprocess_of
from archspec.spec.data import Data, Digits, Folder, Npz, Tfrecord
from archspec.spec.preprocess import AsIs, PreprocessKeys
from archspec.spec.recipe import Recipe

RULE = preprocess_of(Recipe(), (8, 8, 3))


def paint(path: Path, seed: int, size: tuple[int, int] = (64, 48)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (*reversed(size), 3), np.uint8)).save(path, "PNG")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """train/ with three images each of cat and dog, val/ with one."""
    for half, count in (("train", 3), ("val", 1)):
        for name in ("cat", "dog"):
            for index in range(count):
                paint(tmp_path / "data" / half / name / f"{index}.png", len(name + half) * 10 + index + (name == "dog") * 100)
    return tmp_path / "data"


def save_deep(path: Path, pixels: np.ndarray) -> None:
    """Writes (h, w) or (h, w, 3) uint16 as a TIFF or a PNG."""
    if path.suffix == ".tiff":
        tifffile.imwrite(path, pixels, photometric="rgb" if pixels.ndim == 3 else "minisblack")
    else:
        import tensorflow as tf
        tf.io.write_file(str(path), tf.io.encode_png(pixels if pixels.ndim == 3 else pixels[..., None]))


def decode(item: Item) -> np.ndarray:
    """Stands for the decoder: bytes that end in 'broken' are."""
    if isinstance(item, bytes) and item.endswith(b"broken"):
        raise NoImage("its data are broken or end too early")
    with Image.open(io.BytesIO(item)) as image:
        return np.asarray(image)


def looked_at(source: Source) -> Looked:
    looked = look_into(source, silent)
    for split in (source.train, source.test):
        decode_all(looked, split, 3, lambda: decode, silent)
    return looked


def found(root: Path, section: Data | None = None, classes: int | None = None) -> list[Finding]:
    """The findings on a folder, with names relative to it."""
    section = section or Folder(path=str(root))
    looked = looked_at(load_data(section))
    return [replace(each, file=each.file.removeprefix(f"{root}/"), message=each.message.replace(f"{root}/", ""))
            for each in findings(looked, Recipe(data=section, augment=()), RULE, classes)]


def test_of_good_data_there_is_nothing_to_say(root: Path) -> None:
    assert found(root) == []


@pytest.mark.parametrize(("data", "code", "message"), [
    (b"", "empty", "the file is empty"), (b"<html>", "no-image", "an HTML page"), (b"\0" * 99, "no-image", "no kind of image that is known"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\5\0\0\0\5\x08\2\0\0\0", "truncated", "the PNG breaks off before its end"),
    (b"GIF89a", "damaged", "damaged, or of a kind that is not read"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\1\0\0\0\1\0\0\x08\2\0\0\0", "too-large", "65536x65536 pixels; at most 179 million are read")])
def test_files_that_are_no_images(root: Path, data: bytes, code: str, message: str) -> None:
    (root / "train/cat/9.png").write_bytes(data)
    assert found(root) == [Finding(code, "train/cat/9.png", message, stops=True)]


def test_what_is_broken_inside(root: Path) -> None:
    path = root / "val/cat/0.png"
    path.write_bytes(path.read_bytes() + b"broken")
    assert found(root) == [Finding("damaged", "val/cat/0.png", "its data are broken or end too early", stops=True)]


def test_what_is_skipped_stops_only_beyond_the_share(root: Path) -> None:
    (root / "train/cat/9.png").write_bytes(b"")
    broken = Finding("empty", "train/cat/9.png", "the file is empty", skips=True)
    assert found(root, Folder(path=str(root), on_error="skip", skip_at_most=0.2)) == [broken]
    first, second = found(root, Folder(path=str(root), on_error="skip"))
    assert (first, second.code, second.stops) == (broken, "skipped", True)
    assert second.message.startswith("1 of 9 images cannot be read (11.11%); train.data.skip_at_most allows 1.00%:\n")


def test_a_name_that_says_another_kind(root: Path) -> None:
    (root / "train/cat/0.png").rename(root / "train/cat/0.JPG")
    assert found(root) == [Finding("suffix", "train/cat/0.JPG", "a PNG, though called .jpg; it is read as what it is")]


@pytest.mark.parametrize(("kind", "channels"), [("f4", 1), ("f4", 3), ("f8", 1), ("u4", 1), ("i4", 3)])
@pytest.mark.parametrize("known", ["by its header", "decoded"])
def test_more_than_16_bits_without_white_are_known_by_their_header(root: Path, kind: str, channels: int, known: str) -> None:
    pixels = np.ones((48, 64, channels)[:2 + (channels > 1)], kind)
    tifffile.imwrite(root / "train/cat/0.tif", pixels, photometric="rgb" if channels > 1 else "minisblack")
    looked = [look_into(load_data(Folder(path=str(root), white=white)), silent) for white in (0.0, 1.0)]
    for each in looked * (known == "decoded"):
        decode_both(each, RULE, silent)
    with pytest.raises(InputError) as error:
        refuse(looked[0], 3)
    assert str(error.value) == (f"1 image cannot be read:\n  {root}/train/cat/0.tif: 32 bits a pixel; 8 or 16 are read, or "
                                "train.data.white says which value is white\n  hint: replace or remove them")
    refuse(looked[1], 3)


def test_16_bits_need_no_white(root: Path) -> None:
    tifffile.imwrite(root / "train/cat/0.tif", np.ones((48, 64, 3), np.uint16), photometric="rgb")
    (root / "train/cat/1.pgm").write_bytes(b"P5 2 1 65535\n\0\1\0\2")
    refuse(look_into(load_data(Folder(path=str(root))), silent), 3)


@pytest.mark.parametrize(("bits", "white", "said"), [
    (12, 0, "brighter than 4095 of 65535: they are nearly black\n  hint: --set train.data.white=4095, if 12 bits are what they hold"),
    (8, 0, "brighter than 255 of 65535: they are nearly black\n  hint: --set train.data.white=255, if 8 bits are what they hold"),
    (14, 0, "brighter than 16383 of 65535: they are nearly black\n  hint: --set train.data.white=16383, if 14 bits are what they hold"),
    (12, 65535, "brighter than 4001 of 65535: they are nearly black\n  hint: --set train.data.white=4095, if 12 bits are what they hold"),
    (12, 4095, ""), (16, 0, "")])
@pytest.mark.parametrize("kind", ["png", "tiff", "rgb.tiff", "rgb.png"])
def test_fewer_bits_in_files_of_16_are_dark(root: Path, kind: str, bits: int, white: float, said: str) -> None:
    for name in ("cat", "dog"):
        for number in range(3):
            (root / f"train/{name}/{number}.png").unlink()
            pixels = np.full((48, 64, 3) if "rgb" in kind else (48, 64), 4001 if bits == 12 else (1 << bits) - 1, np.uint16)
            pixels[0, 0] = number * 8 + (name == "cat")
            save_deep(root / f"train/{name}/{number}.{kind}", pixels)
    section = Folder(path=str(root), white=white)
    looked = look_into(load_data(section), silent)
    decode_both(looked, RULE, silent)
    dark = [each for each in findings(looked, Recipe(data=section, augment=()), RULE, None) if each.code == "dark"]
    assert [(each.message, each.stops) for each in dark] == (
        [(f"no pixel of 6 train images of 16 bits is {said}", False)] if said else [])


@pytest.mark.parametrize(("kind", "most", "white", "said"), [
    ("u2", 4000, 0, ["brighter than 4000 of 65535: they are nearly black\n  hint: --set train.data.white=4095, if 12 bits are "
                     "what they hold"]), ("u2", 4000, 4095, []), ("u1", 9, 0, []), ("f4", 0.1, 0, []), ("u2", 0, 0, [])])
def test_dark_arrays(tmp_path: Path, kind: str, most: float, white: float, said: list[str]) -> None:
    labels, images = np.array([0, 1]), np.full((2, 8, 8, 3), most, kind)
    np.savez(tmp_path / "a.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    section = Npz(path=str(tmp_path / "a.npz"), white=white)
    dark = [each.message for each in findings(looked_at(load_data(section)), Recipe(data=section, augment=()), RULE, None)
            if each.code == "dark"]
    assert dark == [f"no pixel of 2 {half} images of 16 bits is {each}" for half in ("train", "test") for each in said]


def test_labels_of_arrays_that_begin_at_1(tmp_path: Path) -> None:
    labels, images = np.array([1, 2]), np.zeros((2, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "a.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    section = Npz(path=str(tmp_path / "a.npz"))
    said = [each.message for each in findings(looked_at(load_data(section)), Recipe(data=section, augment=()), RULE, None)
            if each.code == "class-missing"]
    assert said == [f"class '0' has no {half} image; {FROM_ONE}" for half in ("train", "test")]


def test_sizes_that_are_odd(root: Path) -> None:
    for index, size in enumerate([(640, 480), (12, 11), (600, 40)]):
        paint(root / f"train/cat/x{index}.png", 50 + index, size)
    assert found(root) == [
        Finding("size", "train/cat/x0.png", "640x480 pixels: large beside the others, whose shorter side has 48 in the middle"),
        Finding("size", "train/cat/x1.png", "12x11 pixels: small beside the others, whose shorter side has 48 in the middle"),
        Finding("size", "train/cat/x2.png", "600x40 pixels: long and thin")]


def test_images_smaller_than_what_is_cut_out_stop_a_training(root: Path) -> None:
    rule = preprocess_of(Recipe(preprocess=PreprocessKeys(resize=AsIs())), (48, 48, 3))
    paint(root / "train/cat/x.png", 5, (40, 60))
    section = Folder(path=str(root))
    assert list(findings(looked_at(load_data(section)), Recipe(data=section, augment=()), rule, None)) == [
        Finding("too-small", f"{root}/train/cat/x.png", "40x60 pixels, and the input is 48x48", stops=True)]


def test_duplicates(root: Path) -> None:
    for name in ("train/cat/copy.png", "train/dog/copy.png", "val/cat/copy.png"):
        shutil.copy(root / "train/cat/1.png", root / name)
    shutil.copy(root / "val/dog/0.png", root / "val/dog/1.png")
    assert found(root) == [
        Finding("duplicate", "train/cat/copy.png", "the same bytes as train/cat/1.png"),
        Finding("duplicate-classes", "train/dog/copy.png", "the same bytes as train/cat/1.png, but that is 'cat' and this is 'dog'"),
        Finding("duplicate-splits", "val/cat/copy.png", "the same bytes as train/cat/1.png, which is trained on: the test knows its answer"),
        Finding("duplicate", "val/dog/1.png", "the same bytes as val/dog/0.png")]


def test_a_class_of_one_image(root: Path) -> None:
    paint(root / "train/emu/0.png", 70)
    paint(root / "val/emu/0.png", 71)
    assert found(root) == [Finding("class-tiny", "", "class 'emu' has 1 train image, others 3 in the middle")]


def without_the_first_class(source: Source) -> Source:
    """The same images of a source that has a class more, of which there are none."""
    return replace(source, classes=("none", *source.classes), train=replace(source.train, labels=source.train.labels + 1),
                   test=replace(source.test, labels=source.test.labels + 1))


def test_a_class_without_images(root: Path) -> None:
    source = without_the_first_class(load_data(Folder(path=str(root))))
    assert [each.message for each in findings(looked_at(source), Recipe(data=Folder(path=str(root)), augment=()), RULE, None)] == [
        "class 'none' has no train image", "class 'none' has no val image"]
    first, _ = findings(looked_at(source), Recipe(data=Tfrecord(path=str(root), first_label=0), augment=()), RULE, None)
    assert first == Finding("class-missing", "", "class 'none' has no train image; if labels begin at 1: "
                            "--set train.data.first_label=1")


def test_several_labels_an_image(root: Path) -> None:
    source = load_data(Folder(path=str(root)))
    labels = np.eye(2, dtype=np.uint8)[source.train.labels]
    labels[3] = 1
    source = replace(source, train=replace(source.train, labels=labels), test=replace(source.test, labels=labels[[0, 5]]))
    shutil.copy(root / "train/cat/0.png", root / "train/dog/0.png")
    finding, = findings(looked_at(source), Recipe(data=Folder(path=str(root)), augment=()), RULE, None)
    assert finding.message.endswith("train/cat/0.png, but that is 'cat' and this is 'cat, dog'")
    assert report(looked_at(source), Recipe(data=Folder(path=str(root)), augment=()), RULE, None).splits["train"] == {"cat": 4, "dog": 3}


def test_classes_that_are_not_the_networks(root: Path) -> None:
    finding, = found(root, classes=5)
    assert (finding.code, finding.stops) == ("classes", True)
    assert finding.message.startswith("data 'folder' has 2 classes (cat, dog), but the network tells 5 apart")


def test_what_is_left_out_is_told(root: Path) -> None:
    (root / "train/.hidden").write_bytes(b"")
    assert found(root) == [Finding("left-out", "", "left out: 1 hidden file or folder (train/.hidden)")]


def test_weights_of_a_class_that_is_not_there() -> None:
    recipe = Recipe(data=Digits(), class_weights={"ten": 2.0})
    finding, = findings(looked_at(load_data(Digits())), recipe, preprocess_of(recipe, (8, 8, 1)), 10)
    assert (finding.code, finding.stops) == ("class-weights", True)
    assert finding.message.startswith("train.class_weights: the data have no class 'ten'\n  hint: ")


def test_digits_have_nothing_odd() -> None:
    assert list(findings(looked_at(load_data(Digits())), Recipe(data=Digits()), preprocess_of(Recipe(), (8, 8, 1)), 10)) == []


def test_a_report(root: Path) -> None:
    paint(root / "val/cat/1.png", 5, (32, 64))
    section = Folder(path=str(root))
    made = report(looked_at(load_data(section)), Recipe(data=section, augment=()), RULE, None)
    assert made == Report("folder", {"train": {"cat": 3, "dog": 3}, "val": {"cat": 2, "dog": 1}}, {"train": 6, "val": 3},
                          {"PNG, RGB": 9}, {"width": [32, 32, 64, 64, 64], "height": [48, 48, 48, 64, 64],
                                            "aspect": [0.5, 0.5, 1.333, 1.333, 1.333]}, ())
    assert (made.ok, made.classes, made.skipped) == (True, {"cat": 5, "dog": 4}, 0)


def test_a_report_on_data_that_cannot_be_loaded() -> None:
    document = not_loaded("folder", InputError("no images in it")).to_json()
    assert document == {"ok": False, "source": "folder", "images": 0, "classes": {}, "splits": {}, "kinds": {}, "sizes": {},
                        "problems": [{"code": "source", "file": "", "message": "no images in it", "stops": True}]}
