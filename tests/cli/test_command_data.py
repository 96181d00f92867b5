"""`archspec data check`: exit codes, the JSON that scripts rely on, and what a person reads."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from archspec.cli import bars, run
from archspec.cli.bars import ticking
from archspec.data import check

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def archspec(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `archspec data check`: exit code, standard output, standard error."""
    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(["data", "check", *arguments])
        return code, *capsys.readouterr()
    return call


@pytest.fixture
def flowers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """train/ with three images each of daisy and rose, validation/ with one; named `flowers` from here."""
    random = np.random.default_rng(0)
    for half, count in (("train", 3), ("validation", 1)):
        for name in ("daisy", "rose"):
            (tmp_path / "flowers" / half / name).mkdir(parents=True)
            for index in range(count):
                pixels = random.integers(0, 255, (48, 64, 3), np.uint8)
                Image.fromarray(pixels).save(tmp_path / "flowers" / half / name / f"{index}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "flowers"


def test_good_data(archspec: Run, flowers: Path) -> None:
    code, out, error = archspec("flowers")
    lines = out.splitlines()
    assert (code, error) == (0, "")
    assert lines[0] == "flowers: folder, 8 images, 2 classes"
    assert [line.split() for line in lines[2:4]] == [["train", "6", "2", "3", "(daisy)", "3", "(rose)"],
                                                     ["validation", "2", "2", "1", "(daisy)", "1", "(rose)"]]
    assert lines[-2:] == ["8 PNG, RGB", "a training would read all of it"]


@pytest.mark.parametrize(("names", "train", "test"), [
    (("flowers10-train-00000-of-00001", "flowers10-test-00000-of-00001"), "flowers10-train-*", "flowers10-test-*"),
    (("my_train_0.tfrecords", "my_train_1.tfrecords", "val.TFRecord"), "my_train_*", "val*"),
    (("part-0.tfrec",), "PATTERN*", "PATTERN*")])
def test_records_with_other_names_say_what_to_write(archspec: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                    names: tuple[str, ...], train: str, test: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rec").mkdir()
    for name in (*names, "readme.txt", f"._{names[0]}"):
        (tmp_path / "rec" / name).write_bytes(b"")
    code, out, error = archspec("rec")
    assert (code, out) == (2, "")
    assert error == (
        f"rec holds TFRecord files, but none that is called train*-of-* or train*.tfrecord*: {', '.join(sorted(names))}\n"
        "  hint: name a spec instead of the folder, whose train.data says which files are to train on, and which to test on: "
        f"{{source: tfrecord, path: rec, train: '{train}', test: '{test}'}}\n")


def test_one_record_file_among_folders_of_images_changes_nothing(archspec: Run, flowers: Path) -> None:
    (flowers / "more-00000-of-00001").write_bytes(b"")
    assert archspec("flowers")[0] == 0


def test_the_json(archspec: Run, flowers: Path) -> None:
    (flowers / "train/rose/9.jpg").write_bytes(b"")
    code, out, error = archspec("flowers", "--json")
    document = json.loads(out)
    assert (code, error) == (1, "")
    assert document["problems"] == [{"code": "empty", "file": "flowers/train/rose/9.jpg", "message": "the file is empty", "stops": True}]
    assert {key: document[key] for key in ("ok", "images", "classes")} == {"ok": False, "images": 9, "classes": {"daisy": 4, "rose": 5}}
    assert list(document) == ["ok", "source", "images", "classes", "splits", "kinds", "sizes", "problems"]


def test_what_would_stop_a_training(archspec: Run, flowers: Path) -> None:
    for index in range(10, 17):
        (flowers / f"train/rose/{index}.jpg").write_bytes(b"")
    code, out, _ = archspec("flowers")
    assert code == 1
    assert out.endswith("empty: 7\n" + "".join(f"  flowers/train/rose/{index}.jpg: the file is empty\n" for index in range(10, 15)) +
                        "  …\na training would stop\n")


def test_where_a_folder_was_named_no_key_of_a_spec_is_to_be_set(archspec: Run, flowers: Path, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    flowers.rename(tmp_path / "archive/flowers")
    assert archspec("archive")[1].splitlines()[1:3] == [
        "  archive has one folder, flowers, in which the data seem to be", "    hint: name the folder archive/flowers"]


def test_of_a_folder_of_records_a_spec_says_their_keys(archspec: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rec").mkdir()
    example = tf.train.Example(features=tf.train.Features(feature={"jpg": tf.train.Feature()}))
    for half in ("train", "validation"):
        with tf.io.TFRecordWriter(f"rec/{half}-00000-of-00001") as writer:
            writer.write(example.SerializeToString())
    assert archspec("rec")[1].splitlines()[1:3] == [
        "  rec/train-00000-of-00001: record 0: it has no key 'image/encoded'; its keys are jpg",
        "    hint: name a spec instead of the folder, with --set train.data.image=KEY, the one of these that holds the image"]


def test_class_folders_alone(archspec: Run, flowers: Path) -> None:
    code, out, _ = archspec("flowers/train")
    assert (code, out.splitlines()[0]) == (0, "flowers/train: folder, 6 images, 2 classes")


def test_data_that_cannot_be_loaded_would_stop_a_training(archspec: Run, flowers: Path) -> None:
    (flowers / "validation/rose").rename(flowers / "validation/tulip")
    code, out, error = archspec("flowers")
    assert (code, error) == (1, "")
    assert out == ("source: 1\n  class folders differ between training and testing: only 'train' has rose; only 'validation' has tulip\n"
                   "a training would stop\n")


def spec(folder: Path, data: str) -> str:
    path = folder / "net.yaml"
    path.write_text(f"input: 8x8x3\nclasses: 2\nstem: [conv: 3x3 8]\nhead: [global_avg_pool, dense: $classes]\ntrain:\n  data: {data}\n")
    return str(path)


def test_the_data_of_a_spec(archspec: Run, flowers: Path, tmp_path: Path) -> None:
    path = spec(tmp_path, "{source: folder, path: flowers}")
    assert archspec(path)[0] == 0
    code, out, _ = archspec(path, "--set", "classes=3")
    assert code == 1
    assert "classes: 1\n  data 'folder' has 2 classes (daisy, rose), but the network tells 3 apart\n    hint: " in out


def test_what_a_training_would_skip(archspec: Run, flowers: Path, tmp_path: Path) -> None:
    path = spec(tmp_path, "{source: folder, path: flowers, on_error: skip, skip_at_most: 0.2}")
    (flowers / "train/rose/9.jpg").write_bytes(b"")
    code, out, _ = archspec(path)
    assert (code, out.splitlines()[-1]) == (0, "a training would skip 1 image")


@pytest.mark.parametrize(("arguments", "message"), [
    (["none"], "none:1:1: there is no such file, and no shipped spec of that name"),
    (["flowers", "--set", "classes=3"], "--set changes a spec, and flowers is a folder\n"), ([], "Missing argument 'SPEC_OR_FOLDER'")])
def test_mistakes_in_arguments(archspec: Run, flowers: Path, arguments: list[str], message: str) -> None:
    code, out, error = archspec(*arguments)
    assert (code, out) == (2, "")
    assert message in error


def test_a_folder_that_is_not_there(archspec: Run, tmp_path: Path) -> None:
    code, out, error = archspec(spec(tmp_path, "{source: folder, path: nowhere}"))
    assert (code, out) == (2, "")
    assert error.startswith("train.data.path: no folder nowhere")


def test_a_second_check_decodes_nothing(archspec: Run, flowers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from settled import settle
    settle(flowers)
    first = archspec("flowers", "--json")
    monkeypatch.setattr(check, "decoder", lambda *_: pytest.fail("decoded again"))
    assert archspec("flowers", "--json") == first


def test_without_a_terminal_progress_is_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(record=True, force_terminal=False, width=80)
    monkeypatch.setattr(bars, "LINE_SECONDS", 0.0)
    with ticking(console) as tick:
        tick("decoding train images", 16, 20_000)
        tick("decoding train images", 1024, 20_000)
        tick("decoding test images", 16, 20_000)
    assert console.export_text() == "decoding train images: 1,024 of 20,000\n"
    monkeypatch.setattr(bars, "LINE_SECONDS", 1e9)
    with ticking(console) as tick:
        tick("decoding train images", 16, 20_000)
        tick("decoding train images", 2048, 20_000)
    assert console.export_text() == ""


def test_a_bar_leaves_nothing_on_a_terminal() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80, legacy_windows=False)
    with ticking(console) as tick:
        tick("decoding train images", 20_000, 20_000)
    assert "decoding train images" in console.file.getvalue()
    assert console.file.getvalue().endswith("\x1b[2K")
