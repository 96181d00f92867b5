"""`archspec data show`: a picture of what a training is trained on; exit codes, and the JSON that scripts rely on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archspec.cli import run

Run = Callable[..., tuple[int, str, str]]
SPEC = """\
input: 8x12x3
classes: 2
stem: [conv: 3x3 4]
head: [global_avg_pool, dense: $classes]
train: {data: {source: folder, path: pets}, batch: 4, epochs: 3, augment: [flip, mixup: {alpha: 5, draw: pair}]}
"""


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `archspec data show` where net.yaml lies and pets/ with three images of a class in each half."""
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(SPEC)
    random = np.random.default_rng(0)
    for half in ("train", "val"):
        for name in ("cat", "dog"):
            folder = Path("pets", half, name)
            folder.mkdir(parents=True)
            for index in range(3):
                Image.fromarray(random.integers(0, 255, (9, 13, 3), np.uint8)).save(folder / f"{index}.png")

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(["data", "show", *arguments])
        return code, *capsys.readouterr()
    return call


def test_a_picture(show: Run) -> None:
    said = "net-augmented.png  6 images of epoch 1, steps 1 to 2 of 2, each beside what evaluation sees of it\n"
    assert show("net.yaml", "--count", "6") == (0, said, "")
    with Image.open("net-augmented.png") as image:
        assert (image.format, image.mode) == ("PNG", "RGB")


def test_the_json(show: Run) -> None:
    code, out, error = show("net.yaml", "-o", "a.png", "--step", "4", "--count", "2", "--json")
    document = json.loads(out)
    assert (code, error, list(document)) == (0, "", ["file", "epoch", "step", "images"])
    assert (document["file"], document["epoch"], document["step"]) == ("a.png", 2, 2)
    for image in document["images"]:
        assert image["labels"] == {image["file"].split("/")[1]: 1.0}
        assert sum(image["mixed"].values()) == pytest.approx(1)


def test_what_is_shown(show: Run) -> None:
    """The same again each time; another epoch, step or recipe, other images."""
    def picture(*arguments: str) -> bytes:
        assert show("net.yaml", "-o", "a.png", *arguments)[0] == 0
        return Path("a.png").read_bytes()
    first = picture()
    assert picture("--epoch", "1") == picture("--step", "1") == first
    others = {picture("--epoch", "2"), picture("--step", "2"), picture("--set", "train.seed=1"), picture("--set", "train.augment=[]")}
    assert len(others - {first}) == 4


def test_a_cache_is_not_filled_for_it(show: Run, cache: Path) -> None:
    assert show("net.yaml", "--set", "train.data.cache=disk")[0] == 0
    assert not (cache / "decoded").exists()


def test_images_that_a_training_skips_are_not_shown(show: Run) -> None:
    Path("pets/train/cat/0.png").write_bytes(b"")
    code, _, error = show("net.yaml", "--count", "8")
    assert (code, error) == (2, "pets/train/cat/0.png: cannot be read as an image (the file is empty)\n"
                                "  hint: replace the file, or begin a new run without it\n")
    code, out, _ = show("net.yaml", "--count", "8", "--json", "--set", "train.data.on_error=skip", "--set", "train.data.skip_at_most=0.5")
    assert code == 0
    assert {image["file"] for image in json.loads(out)["images"]} == {f"train/{name}.png" for name in ("cat/1", "cat/2", "dog/0", "dog/1", "dog/2")}


@pytest.mark.parametrize(("arguments", "message"), [
    (["--step", "7"], "--step 7: the training has 3 epochs of 2 steps, 6 in all\n"),
    (["--epoch", "4"], "--epoch 4: the training has 3 epochs of 2 steps, 6 in all\n"),
    (["--epoch", "1", "--step", "1"], "Error: --epoch and --step both say where to begin\n"),
    (["-o", "a.jpg"], "a.jpg: the picture is written as a PNG\n  hint: -o a.png\n"), (["-o", "x.png"], "x.png is a folder; -o names a file\n"),
    (["--set", "input=?x?x3"], "training needs images of one size, but the input is ?x?x3\n  hint: --set input=224x224x3\n"),
    (["--set", "train.data.path=nowhere"], "train.data.path: no folder nowhere")])
def test_mistakes(show: Run, arguments: list[str], message: str) -> None:
    Path("x.png").mkdir()
    code, out, error = show("net.yaml", *arguments)
    assert (code, out) == (2, "")
    assert message in error
