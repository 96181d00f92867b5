"""report.md: a run on one page."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from artifacts import artifact, evaluated_on
from PIL import Image

from archspec.data.pipeline import Pipeline
from archspec.export import account, confusion
from archspec.export.account import write_report
from archspec.export.confusion import caption
from archspec.export.page import Told, page
from archspec.export.run import summarize
from archspec.train.reporting.metrics import read_lines
from archspec.train.run import RunFolder

PIXELS = np.random.default_rng(3).uniform(0, 255, (6, 8, 8, 4)).astype(np.float32)
MACHINE = {"devices": "8 GPUs, mirrored", "GPUs": "8 x A", "system": "x_y"}
HOSTILE = ("<img src=x>|`a`", "[x](http://e) # y", "owl")


def written(folder: Path, images: Pipeline | None, classes: tuple[str, ...] = ("cat", "dög", "owl")) -> str:
    run = RunFolder(folder)
    write_report(run, replace(artifact(), classes=classes), summarize(run), images)
    return (folder / "report.md").read_text()


def test_it_tells_result_protocol_recipe_and_what_is_wrong(trained: Path) -> None:
    (trained / "skipped.txt").write_text("a.jpg: empty\n")
    text = written(trained, evaluated_on(PIXELS))
    assert text.startswith("# small on folder\n\n| of | top-1 error | top-5 error | loss |\n| --- | --- | --- | --- |\n"
                           "| 4 test images | 25.00% |  | 0.5000 |\n")
    for line in ("- weights after epoch 3 of 3; float32; a class is hit among k if fewer than k others score at least as high",
                 "- 1 images left out, for they cannot be read (skipped.txt)", "epochs: 3",
                 "3 epochs in 30 s, 102 images a second. The lowest test error after an epoch was 25.00%, after epoch 1.",
                 "| the worst classes | images | precision | recall | F1 |", "| image | true | said | loss |"):
        assert line in text.splitlines(), line
    assert "null" not in text


def test_it_tells_what_recipe_it_stands_on_and_what_that_came_to(trained: Path) -> None:
    run = RunFolder(trained)
    for name, told in (("", "## Recipe\n\n```yaml\n"), ("of_old", "## Recipe\n\nof\\_old, and what was written beside it.\n"),
                       ("rsb_a2", "rsb\\_a2, and what was written beside it; published: ResNet-50 20.2 ")):
        manifest = replace(account.manifests.read(run.manifest), recipe=name)
        assert told in page(Told(artifact(), manifest, read_lines(run.metrics), summarize(run), 0, frozenset()))


@pytest.mark.parametrize(("result", "recipe", "told"), [
    ({}, {"precision": "mixed_bfloat16"}, "weights after epoch 3 of 3; mixed_bfloat16"),
    ({}, {"precision": "mixed_bfloat16", "ema": {"decay": 0.9}}, "weights after epoch 3 of 3; mixed_bfloat16"),
    ({"weights": "ema"}, {"precision": "mixed_bfloat16", "ema": {"decay": 0.9}}, "moving average of the weights after epoch 3 of 3; float32"),
    ({"weights": "best", "epoch": 2}, {}, "weights after epoch 2 of 3, the best by test_top1; float32"),
    ({"weights": "best", "epoch": 2}, {"ema": {"decay": 0.9}}, "moving average of the weights after epoch 2 of 3, the best by test_top1; float32")])
def test_it_tells_which_weights_were_tested(result: dict[str, Any], recipe: dict[str, Any], told: str, trained: Path) -> None:
    run = RunFolder(trained)
    manifest = account.manifests.read(run.manifest)
    manifest.train.update(recipe)
    text = page(Told(artifact(), manifest, read_lines(run.metrics), {**summarize(run), **result}, 0, frozenset()))
    assert f"- {told}; a class is hit among k if fewer than k others score at least as high\n" in text


def test_its_pictures_lie_beside_it(trained: Path) -> None:
    text = written(trained, evaluated_on(PIXELS))
    named = re.findall(r"!\[[^]]+\]\((.+)\)", text)
    assert named == ["curves.png", "confusion.png", "worst.png"]
    for name in named[1:]:
        with Image.open(trained / name) as image:
            assert min(image.size) > 200


def test_of_several_labels_there_is_no_matrix_and_an_older_one_goes(trained: Path) -> None:
    written(trained, evaluated_on(PIXELS))
    labels = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 1], [1, 0, 0], [1, 1, 1], [0, 0, 1]], np.uint8)
    text = written(trained, evaluated_on(PIXELS, labels))
    assert "confusion.png" not in text
    assert not (trained / "confusion.png").exists()
    assert "cat, dög" in text


def test_of_many_classes_the_worst_pairs_are_told_and_drawn(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confusion, "MOST_CLASSES", 2)
    text = written(trained, evaluated_on(PIXELS))
    assert "| true | said | images |" in text
    assert "pairs.png" in text and "confusion.png" not in text
    with Image.open(trained / "pairs.png") as image:
        assert image.size[0] == 900


def test_without_the_data_it_says_so(trained: Path) -> None:
    text = written(trained, None)
    assert "The data are not there any more: what each class and each image got is not told." in text
    assert "worst" not in text


def test_names_of_strangers_stay_text(trained: Path) -> None:
    text = written(trained, evaluated_on(PIXELS), HOSTILE)
    assert "\\<img src=x\\>\\|\\`a\\`" in text
    assert "\\[x\\](http://e) \\# y" in text
    told = [line for line in text.splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", line)) in (3, 4, 5, 6) for line in told)


def test_names_are_no_formulas(trained: Path) -> None:
    r"""matplotlib takes what stands between two $ for TeX, and fails where it is none."""
    written(trained, evaluated_on(PIXELS), ("$x_1$", "$\\frac$", "owl $"))
    assert (trained / "confusion.png").exists()


def told(trained: Path, rows: dict[str, float], **changes: Any) -> list[str]:
    """The page's lines of a run whose last epoch has some more values, and whose manifest is another."""
    run = RunFolder(trained)
    manifest = replace(account.manifests.read(run.manifest), **changes)
    *before, last = read_lines(run.metrics)
    return page(Told(artifact(), manifest, [*before, {**last, **rows}], summarize(run), 0, frozenset())).splitlines()


def test_it_tells_where_it_stopped_early_went_back_and_was_taken_up(trained: Path) -> None:
    start = {"time": "2026-01-02T03:04:05+00:00", "step": 7, "command": [], "versions": {}}
    train = {"epochs": 9, "stop_early": {"metric": "test_loss", "patience": 2, "least": 0.0}}
    lines = told(trained, {"skipped_steps": 3}, train=train, machine=MACHINE,
                 resumed=[{**start, "machine": MACHINE}, {**start, "step": 9, "machine": {"devices": "1 CPU"}}, start])
    begin = lines.index("- stopped early, after 3 of 9 epochs: test\\_loss had not got better for 2 epochs")
    assert lines[begin + 1:begin + 5] == [
        "- diverged in epoch 3 and went back: 3 of its 5 steps are left out",
        "- taken up again after step 7, 2026-01-02T03:04:05+00:00",
        "- taken up again after step 9, 2026-01-02T03:04:05+00:00, on another machine: 1 CPU",
        "- taken up again after step 7, 2026-01-02T03:04:05+00:00"]


def test_it_tells_the_machine(trained: Path) -> None:
    lines = told(trained, {}, machine=MACHINE)
    assert lines[lines.index("|  | where it began |"):][2:6] == [
        "| seed | 0 |", "| devices | 8 GPUs, mirrored |", "| GPUs | 8 x A |", "| system | x\\_y |"]


def test_where_all_is_right_it_says_so(trained: Path) -> None:
    run = RunFolder(trained)
    judged = account.judge(artifact(), evaluated_on(PIXELS))
    right = replace(judged, labels=judged.said)
    told = Told(artifact(), account.manifests.read(run.manifest), read_lines(run.metrics), summarize(run), 0, frozenset(), right)
    assert "Nothing is wrong about any image." in page(told)


def test_below_an_image_stands_what_was_said_and_how_surely() -> None:
    assert caption("4", "9", (0.03, 0.84)) == "4, 3%\nsaid 9, 84%"
    assert caption("cat", "cat, dog", None) == "cat\nsaid cat, dog"
