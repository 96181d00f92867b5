"""`archspec data pack`: what it prints, its exit codes, and that what it prints trains."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archspec.cli import run
from archspec.data.pack.place import section_keys
from archspec.data.sources import load_data
from archspec.data.sources.listing import CONVERT
from archspec.network import load

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def archspec(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `archspec data pack`: exit code, standard output, standard error."""
    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(["data", "pack", *arguments])
        return code, *capsys.readouterr()
    return call


@pytest.fixture
def flowers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """train/ with three images each of daisy and rose, validation/ with one; named `flowers` from here."""
    for half, count in (("train", 3), ("validation", 1)):
        for value, name in enumerate(("daisy", "rose")):
            (tmp_path / "flowers" / half / name).mkdir(parents=True)
            for index in range(count):
                Image.new("RGB", (64, 48), (value, index, 7)).save(tmp_path / "flowers" / half / name / f"{index}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "flowers"


def spec(folder: Path, train: str, name: str = "net") -> str:
    path = folder / f"{name}.yaml"
    path.write_text(f"input: 8x8x3\nclasses: 2\nstem: [conv: 3x3 8]\nhead: [global_avg_pool, dense: $classes]\n{train}")
    return str(path)


def test_a_folder(archspec: Run, flowers: Path) -> None:
    code, out, error = archspec("flowers", "packed")
    assert (code, error) == (0, "")
    assert out == ("packed: 6 images of train in 1 file, 0.0 MB; 2 images of validation in 1 file, 0.0 MB; 2 classes\n"
                   "to train on it:\ntrain:\n  data:\n    source: tfrecord\n    path: packed\n")
    assert archspec("flowers", "packed") == (code, out, error)


def test_what_is_printed_reads_what_was_packed(archspec: Run, flowers: Path, tmp_path: Path) -> None:
    out = archspec("flowers", "packed")[1]
    section = load(spec(tmp_path, out.partition("to train on it:\n")[2])).train.data
    assert load_data(section).train.labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_of_arrays_it_says_what_held_for_them(archspec: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("a.npz", x_train=np.ones((4, 8, 9), np.uint16), y_train=[0, 1, 0, 1], x_test=np.ones((2, 8, 9), np.uint16), y_test=[0, 1])
    code, out, _ = archspec(spec(tmp_path, "train: {data: {source: npz, path: a.npz}}\n"), "packed")
    assert (code, out.partition("to train on it:\n")[2]) == (
        0, "train:\n  data:\n    source: tfrecord\n    path: packed\n    white: 65535\n  preprocess:\n    resize: squash\n  augment: []\n")
    recipes = [load(spec(tmp_path, text, name)).train for text, name in (
        ("train: {data: {source: npz, path: a.npz}}\n", "before"), (out.partition("to train on it:\n")[2], "after"))]
    assert recipes[0].augmentation == recipes[1].augmentation == ()


def test_the_json(archspec: Run, flowers: Path, tmp_path: Path) -> None:
    (flowers / "train/rose/9.jpg").write_bytes(b"")
    net = spec(tmp_path, "train: {data: {source: folder, path: flowers, on_error: skip, skip_at_most: 0.2}}\n")
    code, out, error = archspec(net, "packed", "--json")
    document = json.loads(out)
    assert (code, error, list(document)) == (0, "", ["splits", "classes", "skipped", "left_out", "train"])
    assert document["skipped"] == ["flowers/train/rose/9.jpg: the file is empty"]
    assert document["splits"]["train"] == {"images": 6, "files": 1, "bytes": (tmp_path / "packed/train-00000-of-00001").stat().st_size}
    assert document["train"] == {"data": {"source": "tfrecord", "path": "packed"}}
    assert "left out, for they cannot be read:\n  flowers/train/rose/9.jpg: the file is empty\n" in archspec(net, "packed")[1]


def test_what_lies_among_the_images_is_told(archspec: Run, flowers: Path) -> None:
    (flowers / "train/rose/9.heic").write_bytes(b"\0\0\0\x18ftypheic")
    said = f"1 HEIC photograph, which is not read (train/rose/9.heic){CONVERT}"
    assert archspec("flowers", "packed")[1].splitlines()[1:4] == [*f"left out: {said}".splitlines(), "to train on it:"]
    assert json.loads(archspec("flowers", "packed", "--json")[1])["left_out"] == said


@pytest.mark.parametrize("place", [20, 200])
def test_a_packed_file_that_was_damaged_since(archspec: Run, flowers: Path, tmp_path: Path, place: int) -> None:
    archspec("flowers", "packed")
    path = tmp_path / "packed/train-00000-of-00001"
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert archspec("flowers", "packed") == (2, "", (
        "packed/train-00000-of-00001: what is read back is not what was written: the data at byte 12 do not have their checksum\n"
        "  hint: remove the file and pack again; where it comes again, look at the disk\n"))


def test_a_packed_file_that_breaks_off(archspec: Run, flowers: Path, tmp_path: Path) -> None:
    archspec("flowers", "packed")
    path = tmp_path / "packed/train-00000-of-00001"
    path.write_bytes(path.read_bytes()[:-3])
    error = archspec("flowers", "packed")[2].splitlines()[0]
    assert re.fullmatch("packed/train-00000-of-00001: what is read back is not what was written: the record at byte [0-9]+ "
                        "breaks off", error)


def test_class_folders_alone(archspec: Run, flowers: Path) -> None:
    code, out, error = archspec("flowers/train", "packed")
    assert (code, out) == (2, "")
    assert error == ("flowers/train has no folder 'train'\n"
                     "  hint: if it holds one folder a class, --holdout 0.2 keeps a fifth of each for testing\n")
    assert archspec("flowers/train", "packed", "--holdout", "0.3")[0] == 0


def test_smaller_images(archspec: Run, flowers: Path, tmp_path: Path) -> None:
    assert archspec("flowers", "packed", "--shorter", "24", "--quality", "80")[0] == 0
    assert json.loads((tmp_path / "packed/pack.json").read_text())["quality"] == 80


@pytest.mark.parametrize(("arguments", "message"), [
    (["flowers", "flowers"], "flowers: something else is in this folder: train, validation\n  hint: name one that is new or empty\n"),
    (["flowers", "packed", "--quality", "80"], "--quality is that of images which are scaled\n  hint: add --shorter, or leave --quality out\n"),
    (["flowers", "packed", "--holdout", "0.3"], "--holdout is 0.3, but flowers has a folder 'validation' to test on\n  hint: leave holdout out\n"),
    (["flowers", "gs://x"], "OUT gs://x: an address; only folders of this machine can be written to\n"),
    (["resnet20_digits", "packed", "--holdout", "0.1"], "--holdout is of a folder of images\n  hint: of a spec, --set "),
    (["flowers", "packed", "--size", "0"], "Invalid value for '--size'")])
def test_mistakes_in_arguments(archspec: Run, flowers: Path, arguments: list[str], message: str) -> None:
    code, out, error = archspec(*arguments)
    assert (code, out) == (2, "")
    assert message in error


def test_an_image_that_cannot_be_read(archspec: Run, flowers: Path, tmp_path: Path) -> None:
    (flowers / "train/rose/9.jpg").write_bytes(b"")
    code, out, error = archspec("flowers", "packed")
    assert (code, out) == (2, "")
    assert error.startswith("1 image cannot be read:\n  flowers/train/rose/9.jpg: the file is empty\n")
    assert not (tmp_path / "packed").exists()


def test_a_check_of_what_was_packed_reads_it_as_it_is(archspec: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (9, 8)).save(tmp_path / "0.png")
    (tmp_path / "a.csv").write_text("path,label\n0.png,a;b\n")
    data = {"csv": "{source: csv, path: %s, test: %s, separator: ;}" % ((tmp_path / "a.csv",) * 2), "digits": "{source: digits}"}
    for name, section in data.items():
        assert archspec(spec(tmp_path, f"train: {{data: {section}}}\n"), str(tmp_path / name))[0] == 0
        assert run(["data", "check", str(tmp_path / name), "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["ok"] is True
    assert document["images"] == 1797


@pytest.mark.parametrize("text", ["", "[]", '{"white": "x", "several": 1}', '{"white": -1, "several": true}', '{"white": 1e999, "several": true}'])
def test_a_note_that_is_none_says_nothing(tmp_path: Path, text: str) -> None:
    assert section_keys(tmp_path) == {}
    (tmp_path / "pack.json").write_text(text)
    assert section_keys(tmp_path) == {}
