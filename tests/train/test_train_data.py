"""What `archspec train` says of its data before the first step."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from runs import after_steps

from archspec.cli import run as archspec

SPEC = """\
input: 8x8x3
classes: 2
stem: [conv: 3x3 4]
head: [global_avg_pool, dense: $classes]
train: {data: {source: folder, path: data}, batch: 3, epochs: 1}
export: {formats: []}
"""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """data/train and data/val with two classes of three images; net.yaml beside it."""
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(SPEC)
    for half in ("train", "val"):
        for name in ("cat", "dog"):
            (tmp_path / "data" / half / name).mkdir(parents=True)
            for index in range(3):
                Image.new("RGB", (10, 9), (index, 9, 200)).save(tmp_path / "data" / half / name / f"{index}.jpg")
    return tmp_path / "data"


def test_a_dry_run_finds_files_that_are_no_images(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = (data / "val/dog/2.jpg").read_bytes()
    (data / "val/dog/2.jpg").write_bytes(whole[:-40])
    (data / "train/cat/x.jpg").write_text("<html>")
    assert archspec(["train", "net.yaml", "--dry-run"]) == 2
    said = capsys.readouterr().err
    assert "2 images cannot be read:\n  data/train/cat/x.jpg: an HTML page\n  data/val/dog/2.jpg: the JPEG breaks off before its end" in said
    assert said.endswith("hint: replace or remove them\n")


def test_a_jpeg_that_is_cut_short_ends_the_training_with_its_name(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = data / "train/dog/1.jpg"
    Image.effect_noise((90, 80), 50).save(file)
    file.write_bytes(file.read_bytes()[:2000] + b"\xff\xd9")
    assert archspec(["train", "net.yaml"]) == 2
    said = capsys.readouterr().err
    assert f"{file.relative_to(data.parent)}: cannot be read as an image (the JPEG's data end before its image does)" in said


@pytest.mark.parametrize("half", ["train", "val"])
def test_images_too_small_to_cut_the_input_out_are_told_before_the_first_step(half: str, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for index in range(2):
        Image.new("RGB", (20, 7)).save(data / half / f"dog/{index}.jpg")
    net = ["train", "net.yaml", "--set", "train.preprocess.resize=none"]
    assert archspec([*net, "--set", "train.augment=[flip]", "--set", "train.data.on_error=skip"]) == 2
    assert capsys.readouterr().err.endswith(f"2 of 6 {half} images are smaller than the input, 8x8, and are not scaled: first: data/"
                                            f"{half}/dog/0.jpg, 20x7\n  hint: another train.preprocess.resize, or remove them\n")
    assert not Path("runs/net/manifest.json").exists()
    assert archspec([*net, "--dry-run"]) == (0 if half == "train" else 2)  # a random part is scaled


def test_what_is_left_out_is_said(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "train/cat/._0.jpg").write_bytes(b"\0\5\26\7\0\2\0\0Mac OS X        ")
    assert archspec(["train", "net.yaml", "--dry-run", "--set", "train.batch=8"]) == 0
    shown = capsys.readouterr()
    assert "\nleft out: 1 hidden file or folder (train/cat/._0.jpg)\n" in shown.err
    assert "6 train images are fewer than the batch of 8: it holds each 1.33 times" in shown.err
    assert "of 12 image files the beginning and the end were read: damage between them is found when they are trained on\n" in shown.err
    assert "the first step works" in shown.out


def test_a_dry_run_keeps_no_decoded_image_and_knows_those_that_were_decoded(data: Path, monkeypatch: pytest.MonkeyPatch,
                                                                            capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ARCHSPEC_CACHE", str(data.parent / "kept"))
    assert archspec(["train", "net.yaml", "--dry-run", "--set", "train.data.cache=disk"]) == 0
    assert "damage between them" in capsys.readouterr().err
    assert not (data.parent / "kept/decoded").exists()
    for file in data.rglob("*.jpg"):
        os.utime(file, (0, 0))  # what was written only just now is looked into again
    assert archspec(["data", "check", "net.yaml"]) == 0
    assert archspec(["train", "net.yaml", "--dry-run"]) == 0
    assert "damage between them" not in capsys.readouterr().err


def test_a_class_that_is_new_is_told_before_the_network_that_it_would_need(data: Path, monkeypatch: pytest.MonkeyPatch,
                                                                           capsys: pytest.CaptureFixture[str]) -> None:
    after_steps(monkeypatch, 1, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert archspec(["train", "net.yaml"]) == 130
    for half in ("train", "val"):
        shutil.copytree(data / half / "dog", data / half / "owl")
    capsys.readouterr()
    for options in ([], ["--dry-run"]):
        assert archspec(["train", "net.yaml", *options]) == 2
        assert capsys.readouterr().err.endswith(
            "runs/net was trained on other data: classes that are new: owl\n  hint: put the data back as they were; or --fresh "
            "starts over (the old run is moved aside), --run DIR keeps both\n")
    assert archspec(["train", "net.yaml", "--fresh"]) == 2
    assert capsys.readouterr().err.endswith("data 'folder' has 3 classes (cat, dog, owl), but the network tells 2 apart\n"
                                            "  hint: --set classes=3\n")


def test_one_class_is_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for half in ("train", "val"):
        (data / half / "dog").rename(data / half / "cat" / "more")
    assert archspec(["train", "net.yaml", "--dry-run", "--set", "classes=2"]) == 2
    shown = capsys.readouterr().err
    assert "data 'folder' has one class (cat): there is nothing to tell apart\n" in shown
    assert "classes=1" not in shown


def test_a_finished_run_says_when_its_data_are_others_now(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archspec(["train", "net.yaml"]) == 0
    (data / "train/cat/0.jpg").rename(data / "train/cat/new.jpg")
    assert archspec(["train", "net.yaml"]) == 2
    assert ("runs/net was trained on other data: 1 train image removed: train/cat/0.jpg; 1 train image added: train/cat/new.jpg\n"
            in capsys.readouterr().err)
    data.rename(data.with_name("away"))
    assert archspec(["train", "net.yaml"]) == 0
    assert "runs/net is finished; --fresh starts over" in capsys.readouterr().err


def test_fresh_says_where_the_old_run_is(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archspec(["train", "net.yaml"]) == 0
    assert archspec(["train", "net.yaml", "--fresh"]) == 0
    assert f"the run that was there is now {Path.cwd()}/runs/net.old1\n" in capsys.readouterr().err


def test_missing_data_are_told_before_tensorflow_is_loaded(tmp_path: Path) -> None:
    """In a process of its own, which TensorFlow would have to be loaded into."""
    (tmp_path / "net.yaml").write_text(SPEC)
    program = ("import sys\nfrom archspec.cli import run\ncode = run(['train', 'net.yaml', '--dry-run'])\n"
               "print(code, 'tensorflow' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "2 False\n"
    assert done.stderr.startswith("train.data.path: no folder data (seen from ")


def test_of_several_labels_precision_recall_and_f1_are_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for half in ("train", "val"):
        rows = [f"data/{half}/{name}/{index}.jpg,{labels}" for name in ("cat", "dog") for index, labels in enumerate(("a", "b;a", ""))]
        Path(f"{half}.csv").write_text("\n".join(["path,label", *rows]))
    Path("net.yaml").write_text(SPEC.replace("source: folder, path: data", "source: csv, path: train.csv, test: val.csv, separator: ;"))
    assert archspec(["train", "net.yaml"]) == 0
    out, err = capsys.readouterr()
    result = json.loads(Path("runs/net/result.json").read_text())
    assert list(result) == ["spec", "fingerprint", "data", "split", "examples", "loss", "top1", "top5", "precision", "recall", "f1", "epochs",
                            "seconds", "images_per_second", "classes"]
    row = json.loads(Path("runs/net/metrics.jsonl").read_text())
    assert [result[name] for name in ("precision", "recall", "f1")] == [row[f"test_{name}"] for name in ("precision", "recall", "f1")]
    assert all(f" {name} " in out for name in ("top1", "precision", "recall", "f1"))
    assert f"  test F1 {row['test_f1']:6.2%}  learning rate" in err
