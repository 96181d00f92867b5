"""`archspec explain-image`: pictures and numbers of a run and of its file; what it refuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fileless import fileless
from networks import network, rule
from PIL import Image

from archspec.artifact.folder import read, write
from archspec.cli import run as command
from archspec.export.exportable import Exportable
from archspec.export.exporters import export
from archspec.export.reference import reference
from archspec.export.sample import made
from archspec.preprocess.pixels import fit
from archspec.spec.preprocess import Shorter
from archspec.train.reporting.picture.sheet import scaled

Run = Callable[..., tuple[int, str, str]]
TEXT = """\
blocks: {unit: {parameters: {width: required, stride: 1}, body: [residual: {body: [conv: 3x3 $width /$stride, conv: 3x3 $width linear], shortcut: projection}]}}
stem: [conv: 3x3 6]
stages: {block: unit, repeats: 2, widths: [6, 8], strides: [1, 2]}
head: [global_avg_pool, dense: $classes]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with its exports, and photographs."""
    folder = tmp_path_factory.mktemp("explained")
    artifact = network(TEXT, rule(8, Shorter(pixels=9)))
    write(artifact, folder / "run")
    with fileless():
        export(Exportable(artifact), ["savedmodel", "tflite"], folder / "run", made(artifact.preprocess))
    draw = np.random.default_rng(0)
    (folder / "photos").mkdir()
    for name, size in (("wide.png", (60, 40)), ("tall.jpg", (30, 70))):
        Image.fromarray(draw.integers(0, 256, (*size[::-1], 3), np.uint8)).save(folder / "photos" / name)
    (folder / "broken.png").write_bytes(b"no image")
    return folder


@pytest.fixture
def explain(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command in that folder: exit code, standard output, standard error."""
    monkeypatch.chdir(place)

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = command(["explain-image", *arguments])
        return code, *capsys.readouterr()
    return call


def document(explain: Run, *arguments: str) -> list[dict[str, Any]]:
    code, out, err = explain(*arguments, "--json")
    assert code == 0, err
    found = json.loads(out)["explain_image"]
    assert isinstance(found, list)
    return found


def test_a_picture_and_a_table_say_which_block_has_which_part(explain: Run, place: Path) -> None:
    code, out, _ = explain("run", "photos/wide.png", "--class", "owl", "--class", "cat", "-o", "why.png")
    assert code == 0
    with Image.open(place / "why.png") as picture:
        assert picture.size[0] > 500
    assert [line.split()[0] for line in out.splitlines()].count("stage1_block2") >= 2
    assert "Grad-CAM at stage2_block2_add_act, 4x4: highest at x=" in out
    assert out.splitlines()[-1] == "why.png"


def test_numbers_are_those_of_the_network_and_of_what_it_sees(explain: Run, place: Path) -> None:
    (found,) = document(explain, "run", "photos/wide.png", "-o", "why.png")
    artifact = read(place / "run")
    with Image.open(place / "photos/wide.png") as photo:
        pixels = fit(np.asarray(photo), artifact.preprocess)
    said = reference(artifact)(pixels[None].astype(np.float32))[0]
    (asked,) = found["classes"]
    assert asked["index"] == int(said.argmax())
    assert asked["class"] == artifact.classes[asked["index"]]
    assert asked["probability"] == pytest.approx(float(said.max()), rel=1e-5)
    assert found["size"] == [40, 60]
    assert found["seen"] == pytest.approx({"left": 13.333, "top": 0, "width": 35.556, "height": 35.556}, abs=2.5)
    assert np.shape(asked["gradcam"]["map"]) == (4, 4)
    assert [each["block"] for each in asked["blocks"]] == ["stem", "stage1_block1", "stage1_block2", "stage2_block1", "stage2_block2"]
    (_, *blocks), (_, stage1, _) = asked["blocks"], asked["stages"]
    assert stage1["stage"] == "stage1"
    assert stage1["adds"] == pytest.approx(blocks[0]["adds"] + blocks[1]["adds"], rel=1e-4)
    assert stage1["carries"] == blocks[1]["carries"]
    assert sum(abs(each["share"]) for each in asked["blocks"]) == pytest.approx(1, abs=1e-4)
    assert asked["occlusion"]["colour"] == [127.5]
    assert np.shape(asked["occlusion"]["map"]) == (len(asked["occlusion"]["rows"]), len(asked["occlusion"]["columns"]))
    for each in ("gradcam", "occlusion"):
        peak = asked[each]["peak"]
        assert found["seen"]["left"] <= peak["x"] <= found["seen"]["left"] + found["seen"]["width"]


def test_a_run_and_its_file_say_the_same(explain: Run) -> None:
    first, second = (document(explain, model, "photos", "--at", "stage1", "-o", "both") for model in ("run", "run/model.keras"))
    assert first == second
    assert [Path(each["picture"]).name for each in first] == ["tall-explained.png", "wide-explained.png"]
    assert first[0]["classes"][0]["gradcam"]["at"] == "stage1_block2_add_act"


def test_either_method_alone(explain: Run) -> None:
    (found,) = document(explain, "run", "photos/tall.jpg", "--method", "occlusion", "--patch", "4", "--stride", "4", "-o", "one.png")
    assert set(found["classes"][0]) == {"class", "index", "probability", "occlusion"}
    assert found["classes"][0]["occlusion"]["rows"] == [0, 4]
    (found,) = document(explain, "run", "photos/tall.jpg", "--method", "gradcam", "-o", "one.png")
    assert set(found["classes"][0]) == {"class", "index", "probability", "logit", "gradcam", "stages", "blocks"}


def test_what_cannot_be_read_is_told_and_the_others_are_explained(explain: Run, place: Path) -> None:
    code, out, err = explain("run", "broken.png", "photos/wide.png", "photos/wide.png", "-o", "some", "--method", "gradcam", "--json")
    assert code == 2
    assert "broken.png: cannot be read as an image" in err
    found = json.loads(out)
    assert [each["image"] for each in found["refused"]] == ["broken.png"]
    assert [Path(each["picture"]).name for each in found["explain_image"]] == ["wide-explained.png", "wide-2-explained.png"]
    assert (place / "some/wide-2-explained.png").is_file()


@pytest.mark.parametrize(("arguments", "said"), [
    (["http://localhost:8501/v1/models/small", "a.png"], "what a server has inside cannot be looked into"),
    (["run/model.tflite", "photos"], "an exported file holds no blocks, and gives no gradients\n  hint: name the run"),
    (["run/saved_model", "photos"], "a SavedModel holds no blocks"),
    (["rum", "photos"], "did you mean 'run'?"),
    (["run", "photos", "--class", "oul"], "knows no such class\n  hint: did you mean 'owl'?"),
    (["run", "photos", "--at", "stage9"], "no layer, block or stage of that name"),
    (["run", "photos", "--at", "stage1", "--method", "occlusion"], "--at is of --method gradcam"),
    (["run", "photos", "--patch", "2", "--method", "gradcam"], "--patch is of --method occlusion"),
    (["run", "photos", "--patch", "9"], "the input is 8x8 pixels"),
    (["run", "photos", "--method", "cam"], "gradcam or occlusion is expected"),
    (["run", "photos", "-o", "why.png"], "is one file, and there are several images"),
    (["run", "photos/wide.png", "-o", "why.svg"], "pictures are written as PNG"),
    (["run", "photos/wide.png", "-o", "photos/wide.png"], "would be written over\n  hint: -o names another file"),
    (["run", "photos/wide.png", "-o", "broken.png"], "broken.png is there already, and no picture that explain-image drew"),
    (["run", "photos/wide.png", "--at", "\x1b[31mX"], r"--at \x1b[31mX: "),
    (["run", "nowhere"], "cannot be read as an image"),
])
def test_what_cannot_be_done_is_said(arguments: list[str], said: str, explain: Run) -> None:
    code, _, err = explain(*arguments)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_images_of_all_shapes_and_kinds_are_drawn(explain: Run, place: Path) -> None:
    (place / "odd").mkdir()
    sizes = {"L": (1, 900), "RGBA": (700, 2), "I;16": (40, 30), "RGB": (8, 8)}
    for mode, size in sizes.items():
        Image.new(mode, size).save(place / "odd" / f"{mode}.png")
    found = {Path(each["image"]).stem: each for each in document(explain, "run", "odd", "--method", "gradcam", "-o", "odd-why")}
    assert {mode: tuple(each["size"][::-1]) for mode, each in found.items()} == sizes
    for each in found.values():
        with Image.open(place / each["picture"]) as picture:
            assert picture.size[0] >= 560


def test_nothing_is_written_over_but_what_it_drew(explain: Run, place: Path) -> None:
    """The second image is called as the picture of the first would be; the third leaves no room for more behind its name."""
    folder = place / "names"
    folder.mkdir()
    for name in ("a.png", "a-explained.png", f"{'x' * 244}.png", "new\nline.png"):
        shutil.copy(place / "photos/wide.png", folder / name)
    before = (folder / "a-explained.png").read_bytes()
    code, out, err = explain("run", "names", "--method", "gradcam", "-o", "names")
    assert (code, out) == (2, "")
    assert "names/a-explained.png is there already, and no picture that explain-image drew" in err
    assert (folder / "a-explained.png").read_bytes() == before
    (folder / "a-explained.png").unlink()
    for left_out in ("", "left out: names/a-explained.png, "):
        code, out, err = explain("run", "names", "--method", "gradcam", "-o", "names")
        assert (code, err.startswith(left_out)) == (0, True)
        assert r"new\nline-explained.png" in out
        assert len(list(folder.iterdir())) == 6
    assert explain("run", "names/a-explained.png")[2].startswith("names/a-explained.png is a picture that explain-image drew\n  hint: ")


def test_an_image_that_is_far_larger_than_its_picture_is_thinned(explain: Run, place: Path) -> None:
    pixels = np.zeros((6000, 9000, 3), np.uint8)
    pixels[:, 4500:] = 255
    shown = np.asarray(scaled(pixels, (288, 192)))
    assert (shown[:, :140] == 0).all() and (shown[:, 148:] == 255).all()


@pytest.mark.slow
def test_a_process_of_its_own_says_nothing_else(place: Path) -> None:
    """Neither what TensorFlow says when it is loaded, nor when it looks for devices."""
    ended = subprocess.run([sys.executable, "-m", "archspec", "explain-image", "run", "nowhere.png"], cwd=place, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "nowhere.png: cannot be read as an image (No such file or directory)\n"
