"""A data set as TFRecord files: read by random access, its images and labels are those that were packed."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from quietly import silent
from settled import settle

from archspec.data.pack import job, shard
from archspec.data.pack.images import Scaled
from archspec.data.pack.job import Packed, Wish, names_text, pack
from archspec.data.pack.layout import divided
from archspec.data.pipeline import Pipeline
from archspec.data.source import Source
from archspec.data.sources import load_data
from archspec.errors import InputError
from archspec.preprocess.decoding import decode
from archspec.preprocess.rule import Preprocess, preprocess_of
from archspec.spec.data import Csv, Data, Digits, Folder, Npz, Synthetic, Tfrecord
from archspec.spec.recipe import Recipe

RULE = preprocess_of(Recipe(data=Folder(path="")), (32, 32, 3))


def photo(seed: int, height: int = 48, width: int = 64) -> bytes:
    """A JPEG of noise."""
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)).save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """train/ with ten images each of cat and dog, 4 to 5 KB; val/ with two."""
    for half, count in (("train", 10), ("val", 2)):
        for name in ("cat", "dog"):
            (tmp_path / "data" / half / name).mkdir(parents=True)
            for index in range(count):
                (tmp_path / "data" / half / name / f"{index}.jpg").write_bytes(photo(index + len(name + half) * 10))
    settle(tmp_path)
    return tmp_path / "data"


def packed(section: Data, out: Path, size: int = 1 << 14, scaled: Scaled | None = None, rule: Preprocess = RULE) -> Packed:
    return pack(load_data(section), section, rule, out, Wish(size, scaled), silent)


def read(found: Packed, **more: object) -> Source:
    return load_data(Tfrecord(**{key: value for key, value in found.section.items() if key != "source"}, **more))


def refusal(section: Data, out: Path, **more: object) -> str:
    with pytest.raises(InputError) as error:
        packed(section, out, **more)
    return str(error.value).replace(str(out.parent), "ROOT")


def test_order_labels_names_and_bytes_stay(root: Path, tmp_path: Path) -> None:
    before = load_data(Folder(path=str(root)))
    found = packed(Folder(path=str(root)), tmp_path / "out")
    after = read(found)
    assert after.classes == ("cat", "dog")
    for old, new in ((before.train, after.train), (before.test, after.test)):
        assert new.labels.tolist() == old.labels.tolist()
        assert [new.item(index) for index in range(new.size)] == [old.item(index) for index in range(old.size)]
    assert found.splits["train"] == {"images": 20, "files": 5, "bytes": sum(path.stat().st_size for path in tmp_path.glob("out/train*"))}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "index.json", "labels.txt", "pack.json", *(f"train-0000{number}-of-00005" for number in range(5)), "validation-00000-of-00001"]


def batches(section: Data, recipe: Recipe, rule: Preprocess) -> list[np.ndarray]:
    train = Pipeline(load_data(section).train, rule, recipe)
    test = Pipeline(load_data(section).test, rule, recipe)
    return [array.numpy() for step in (*train.training(), *test.evaluation()) for array in (step.images, step.labels, step.weights)]


def same_batches(before: Data, after: Data, shape: tuple[int, int, int], **keys: object) -> None:
    recipes = [Recipe(data=section, batch=8, epochs=2, seed=3, **keys) for section in (before, after)]
    rule = preprocess_of(recipes[0], shape)
    pair = [batches(recipe.data, recipe, rule) for recipe in recipes]
    assert len(pair[0]) > 6
    assert all(np.array_equal(*each) for each in zip(*pair, strict=True))


def test_a_run_sees_the_very_batches_that_it_sees_of_the_folder(root: Path, tmp_path: Path) -> None:
    found = packed(Folder(path=str(root)), tmp_path / "out")
    same_batches(Folder(path=str(root)), Tfrecord(path=found.section["path"]), (32, 32, 3))


def arrays(path: Path, images: np.ndarray, **more: object) -> Npz:
    labels = np.arange(len(images)) % 3
    np.savez(path, x_train=images, y_train=labels, x_test=images[:3], y_test=labels[:3])
    return Npz(path=str(path), **more)


@pytest.mark.parametrize(("kind", "channels", "white", "packed_as"), [
    (np.uint8, 3, 0, "PNG"), (np.uint8, 1, 0, "PNG"), (np.uint8, 4, 0, "PNG"), (np.uint8, 5, 0, "TIFF"), (np.uint8, 2, 0, "TIFF"),
    (np.uint8, 1, 100, "TIFF"), (np.uint16, 1, 0, "TIFF"), (np.uint16, 3, 4095, "TIFF"), (np.uint16, 12, 0, "TIFF"),
    (np.float32, 2, 0, "TIFF"), (np.float64, 3, 0, "TIFF"), (np.float16, 1, 0, "TIFF"), (bool, 1, 0, "TIFF"), (np.int32, 4, 99, "TIFF")])
def test_arrays_come_back_bit_for_bit(tmp_path: Path, kind: type, channels: int, white: float, packed_as: str) -> None:
    draw = np.random.default_rng(1).random((9, 6, 7, channels))
    most = white or {"u": np.iinfo(kind).max if np.dtype(kind).kind == "u" else 0}.get(np.dtype(kind).kind, 1)
    section = arrays(tmp_path / "a.npz", (draw * most).round(0 if most > 1 or kind is bool else 9).astype(kind), white=white)
    found = packed(section, tmp_path / "out")
    after = Tfrecord(**{key: value for key, value in found.section.items() if key != "source"})
    assert load_data(after).train.head(0).kind == packed_as
    same_batches(section, after, (6, 7, channels), augment=())


def test_digits_and_made_images(tmp_path: Path) -> None:
    found = packed(Digits(), tmp_path / "digits", 1 << 20)
    assert found.section == {"source": "tfrecord", "path": str(tmp_path / "digits"), "white": 16}
    assert (read(found).classes, read(found).train.size) == (tuple("0123456789"), 1437)
    made = Synthetic(classes=3, train=8, test=8, height=5, width=6)
    same_batches(made, Tfrecord(path=packed(made, tmp_path / "made").section["path"]), (5, 6, 3), augment=())


def test_records_that_were_packed_are_packed_again(root: Path, tmp_path: Path) -> None:
    first = packed(Folder(path=str(root)), tmp_path / "one")
    again = packed(Tfrecord(path=first.section["path"]), tmp_path / "two", 1 << 20)
    assert again.splits["train"]["files"] == 1
    assert read(again).train.item(13) == read(first).train.item(13)


def test_several_labels_an_image(root: Path, tmp_path: Path) -> None:
    for name, rows in (("train", ["cat/0.jpg,a;c", "cat/1.jpg,", "dog/0.jpg,b", "dog/1.jpg,c;b;a"]), ("val", ["cat/0.jpg,b;c"])):
        (root / f"{name}.csv").write_text("path,label\n" + "".join(f"{name}/{row}\n" for row in rows))
    section = Csv(path=str(root / "train.csv"), test=str(root / "val.csv"), separator=";")
    found = packed(section, tmp_path / "out")
    assert found.section["several"] is True
    after = read(found)
    assert after.classes == ("a", "b", "c")
    assert after.train.labels.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 1]]
    assert after.test.labels.tolist() == [[0, 1, 1]]
    same_batches(section, Tfrecord(path=found.section["path"], several=True), (32, 32, 3))


def test_smaller_images(root: Path, tmp_path: Path) -> None:
    for name, data in (("train/cat/0.jpg", photo(1, 30, 90)), ("train/cat/1.jpg", photo(1, 24, 20)), ("train/cat/2.jpg", photo(1, 101, 50))):
        (root / name).write_bytes(data)
    found = packed(Folder(path=str(root)), tmp_path / "out", scaled=Scaled(24, 80))
    train = read(found).train
    sizes = [decode(train.item(index), RULE).shape[:2] for index in range(4)]
    assert sizes == [(24, 72), (24, 20), (48, 24), (24, 32)]
    assert train.item(1) == photo(1, 24, 20)
    large = Image.open(io.BytesIO(train.item(2))).quantization
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", quality=80)
    assert large == Image.open(file).quantization
    assert train.labels.tolist() == [0] * 10 + [1] * 10


def test_what_a_record_holds(root: Path, tmp_path: Path) -> None:
    packed(Folder(path=str(root)), tmp_path / "out")
    example = tf.train.Example.FromString(next(iter(tf.data.TFRecordDataset(str(tmp_path / "out/validation-00000-of-00001")))).numpy())
    held = {key: (feature.bytes_list.value or feature.int64_list.value)[0] for key, feature in example.features.feature.items()}
    assert held == {"image/encoded": photo(60), "image/class/label": 1, "image/class/text": b"cat", "image/format": b"JPEG",
                    "image/filename": b"val/cat/0.jpg", "image/height": 48, "image/width": 64}


def test_what_cannot_be_read_is_left_out_and_listed(root: Path, tmp_path: Path) -> None:
    (root / "train/cat/3.jpg").write_bytes(b"<html>")
    section = Folder(path=str(root), on_error="skip", skip_at_most=0.2)
    found = packed(section, tmp_path / "out")
    assert found.skipped == (f"{root}/train/cat/3.jpg: an HTML page",)
    assert (tmp_path / "out/skipped.txt").read_text() == f"{root}/train/cat/3.jpg: an HTML page\n"
    after = read(found)
    assert after.train.labels.tolist() == [0] * 9 + [1] * 10
    assert after.train.item(3) == (root / "train/cat/4.jpg").read_bytes()
    assert refusal(Folder(path=str(root)), tmp_path / "other").startswith("1 image cannot be read:\n  ROOT/data/train/cat/3.jpg: an HTML page")
    assert not (tmp_path / "other").exists()


def test_what_cannot_be_made_smaller_is_named(root: Path, tmp_path: Path) -> None:
    data = (root / "train/cat/3.jpg").read_bytes()
    (root / "train/cat/3.jpg").write_bytes(data[:len(data) * 2 // 3] + b"\xff\xd9")
    assert refusal(Folder(path=str(root)), tmp_path / "out", scaled=Scaled(24, 80)) == (
        "ROOT/data/train/cat/3.jpg: cannot be packed: the JPEG's data end before its image does\n  hint: replace it, or leave it out")


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir()}


def test_the_same_pack_again_writes_nothing(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = packed(Folder(path=str(root)), tmp_path / "out")
    before = contents(tmp_path / "out")
    monkeypatch.setattr(job, "write_shard", None)
    assert packed(Folder(path=str(root)), tmp_path / "out") == first
    assert contents(tmp_path / "out") == before


def test_a_stopped_pack_goes_on(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed(Folder(path=str(root)), tmp_path / "whole")

    def stop(what: str, done: int, of: int) -> None:
        if (what, done) == ("packing train images", 8):
            raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        pack(load_data(Folder(path=str(root))), Folder(path=str(root)), RULE, tmp_path / "out", Wish(1 << 14, None), stop)
    assert sorted(contents(tmp_path / "out")) == ["labels.txt", "pack.json", "train-00000-of-00005"]
    with pytest.raises(InputError, match="4 of 5 files are missing"):
        load_data(Tfrecord(path=str(tmp_path / "out")))
    packed(Folder(path=str(root)), tmp_path / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_damaged_file_is_seen_when_a_pack_goes_on(root: Path, tmp_path: Path) -> None:
    packed(Folder(path=str(root)), tmp_path / "out")
    path = tmp_path / "out/train-00003-of-00005"
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)
    assert refusal(Folder(path=str(root)), tmp_path / "out").startswith("ROOT/out/train-00003-of-00005: what is read back is not what was written: ")
    path.unlink()
    packed(Folder(path=str(root)), tmp_path / "out")
    assert path.read_bytes() != bytes(data)


def test_what_is_written_is_compared(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard, "_digest", lambda data, seen=[]: seen.append(1) or len(seen))
    assert refusal(Folder(path=str(root)), tmp_path / "out") == (
        "ROOT/out/train-00000-of-00005: what is read back is not what was written: the image of record 0\n"
        "  hint: the same command goes on with this file; where it comes again, look at the disk")
    assert not list((tmp_path / "out").glob("*train*"))


def test_another_pack_in_the_folder(root: Path, tmp_path: Path) -> None:
    out, section = tmp_path / "out", Folder(path=str(root))
    packed(section, out)
    end = "\n  hint: another folder, or remove this one"
    said = "ROOT/out: a pack of other images, or one that is made otherwise, is in this folder; what differs: "
    assert refusal(section, out, size=1 << 20) == said + "--size" + end
    assert refusal(section, out, scaled=Scaled(24, 80)) == (
        said + "--shorter, --quality, the channels of the network's input, train.preprocess.decoder" + end)
    (root / "train/cat/0.jpg").write_bytes(photo(77))
    assert refusal(section, out) == said + "the images" + end
    for text in ("{", '{"files": {"train": [Infinity], "validation": [1]}}'):
        (out / "pack.json").write_text(text)
        assert refusal(section, out) == "ROOT/out/pack.json: damaged" + end


def test_something_else_in_the_folder(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert refusal(Folder(path=str(root)), tmp_path / "file") == "ROOT/file is a file; the packed images go into a folder"
    assert refusal(Folder(path=str(root)), root) == ("ROOT/data: something else is in this folder: train, val\n"
                                                     "  hint: name one that is new or empty")
    packed(Folder(path=str(root)), tmp_path / "out")
    (tmp_path / "out/train-extra").write_text("")
    assert refusal(Folder(path=str(root)), tmp_path / "out") == "ROOT/out: something else is in this folder: train-extra\n  hint: remove it"


def test_a_pack_goes_on_with_the_decoder_with_which_it_began(root: Path, tmp_path: Path) -> None:
    section, fast = Folder(path=str(root)), replace(RULE, decoder="fast")
    packed(section, tmp_path / "a", scaled=Scaled(24, 80))
    assert "what differs: train.preprocess.decoder\n" in refusal(section, tmp_path / "a", scaled=Scaled(24, 80), rule=fast)
    packed(section, tmp_path / "b")
    packed(section, tmp_path / "b", rule=fast)  # bytes stay as they are, however they are decoded


def test_what_cannot_be_packed(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = arrays(tmp_path / "a.npz", np.ones((4, 5, 6, 3), np.uint16))
    assert refusal(deep, tmp_path / "out", scaled=Scaled(24, 80)) == (
        "--shorter: images of more than 8 bits are packed as they are\n  hint: leave --shorter out")
    many = arrays(tmp_path / "b.npz", np.ones((4, 5, 6, 5), np.uint8))
    assert refusal(many, tmp_path / "out", scaled=Scaled(24, 80)) == (
        "--shorter: images with 5 channels are packed as they are\n  hint: leave --shorter out")
    np.savez(tmp_path / "c.npz", x_train=np.ones((2, 5, 6), np.uint16), y_train=[0, 1], x_test=np.ones((2, 5, 6), np.uint8), y_test=[0, 1])
    assert refusal(Npz(path=str(tmp_path / "c.npz")), tmp_path / "out").startswith("white is 65535 in train images and 255 in test ones")
    monkeypatch.setattr(job.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10}))
    assert refusal(Folder(path=str(root)), tmp_path / "out").startswith("ROOT/out: the packed images take about 0.1 MB, and 0.0 MB are free")


def test_names_of_classes_come_back() -> None:
    assert names_text(("cat", "dog")) == "cat\ndog\n"
    assert names_text(("1:a", "2:b")) == "1:1:a\n2:2:b\n"
    with pytest.raises(InputError, match=r"^a class is called 'dog ': labels.txt cannot hold this name as it is\n"):
        names_text(("cat", "dog "))


def test_sizes_of_files() -> None:
    draw = np.random.default_rng(0).lognormal(11, 0.6, 5000)
    counts = divided(draw, 1 << 24)
    sums = [part.sum() for part in np.split(draw, np.cumsum(counts)[:-1])]
    assert sum(counts) == 5000
    assert 0.9 < min(sums) / (1 << 24) <= max(sums) / (1 << 24) < 1.1
    assert divided(np.array([1.0, 1e9, 1.0]), 10) == [1, 2]
    assert divided(np.ones(3), 1000) == [3]


def test_files_that_are_scaled_have_about_the_size_that_was_asked_for(tmp_path: Path) -> None:
    made = Synthetic(classes=2, train=300, test=20, height=40, width=60)
    found = packed(made, tmp_path / "out", 1 << 15, Scaled(20, 90))
    sizes = [path.stat().st_size for path in (tmp_path / "out").glob("train*")]
    assert found.splits["train"]["files"] == len(sizes) > 5
    assert 0.5 < min(sizes) / (1 << 15) <= max(sizes) / (1 << 15) < 1.5
