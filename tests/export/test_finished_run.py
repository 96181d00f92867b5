"""What a finished run has is made from what its training left, as often as it is lost, without data or training."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from artifacts import RULE, evaluated_on
from fileless import fileless
from matplotlib.figure import Figure

from archspec.cli.train_tables import print_result
from archspec.errors import InputError
from archspec.export import sample
from archspec.export.run import Finished, complete, is_trained, missing
from archspec.network import load
from archspec.spec.export import ExportSection
from archspec.train.reporting.picture import plot
from archspec.train.run import RunFolder

PIXELS = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 4)).astype(np.float32)
BOTH = ExportSection()
NONE = ExportSection(formats=())
MADE = ["result.json", "curves.png", "report.md", "labels.txt", "saved_model/1", "model.tflite"]


@pytest.fixture(scope="module", autouse=True)
def without_files() -> Iterator[None]:
    with fileless():
        yield


def completed(folder: Path, wanted: ExportSection = BOTH) -> Finished:
    return complete(folder, wanted, evaluated_on(PIXELS))


def test_all_that_a_run_has_is_made(trained: Path) -> None:
    assert missing(RunFolder(trained), BOTH) == MADE
    finished = completed(trained)
    assert missing(RunFolder(trained), BOTH) == []
    assert list(finished.parity) == list(BOTH.artefacts)
    assert json.loads((trained / "result.json").read_text()) == finished.result == {
        "spec": "small", "fingerprint": finished.result["fingerprint"], "data": "folder", "split": "test", "examples": 4,
        "loss": 0.5, "top1": 0.75, "top5": None, "epochs": 3, "seconds": 30, "images_per_second": 102,
        "classes": ["cat", "dög", "owl"]}


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def _remove(path: Path) -> None:
    path.unlink()


def _block(path: Path) -> None:
    """A pipe in place of the file: whoever opens it waits for ever."""
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(("file", "harm", "lost", "written"), [
    ("result.json", _cut, "result.json", set()),
    ("curves.png", _cut, "curves.png", set()),
    ("report.md", _remove, "report.md", {"confusion.png", "worst.png"}),
    ("labels.txt", _remove, "labels.txt", set()),
    ("saved_model/1/saved_model.pb", _cut, "saved_model/1", {"labels.txt", "parity.json"}),
    ("model.tflite", _block, "model.tflite", {"labels.txt", "parity.json"}),
    ("model.tflite", _remove, "model.tflite", {"labels.txt", "parity.json"})])
def test_what_is_lost_is_made_again_and_nothing_else(file: str, harm: Callable[[Path], None], lost: str, written: set[str],
                                                     finished: Path) -> None:
    def times() -> dict[str, int]:
        files = {str(path.relative_to(finished)): path.stat().st_mtime_ns for path in finished.rglob("*") if path.is_file()}
        return {name: time for name, time in files.items() if not name.startswith(lost)}
    before = times()
    harm(finished / file)
    assert missing(RunFolder(finished), BOTH) == [lost]
    completed(finished)
    assert missing(RunFolder(finished), BOTH) == []
    assert {name for name, time in times().items() if time != before[name]} == written


@pytest.fixture(scope="module")
def without_exports(_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that is finished and asked for no format. Not to be changed."""
    folder = Path(shutil.copytree(_trained, tmp_path_factory.mktemp("without") / "run"))
    completed(folder, NONE)
    return folder


@pytest.mark.parametrize("file", ["model.keras", "metrics.jsonl", "artifact.json", "spec.yaml"])
@pytest.mark.parametrize("harm", [_cut, _remove])
def test_what_only_a_training_gives_is_known_for_lost(file: str, harm: Callable[[Path], None], without_exports: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(without_exports, tmp_path / "run"))
    assert is_trained(RunFolder(folder))
    harm(folder / file) if file != "spec.yaml" else (folder / file).write_text("input: 8x8x1\n")
    assert not is_trained(RunFolder(folder))
    with pytest.raises(InputError):
        complete(folder, NONE)


def test_a_result_is_shown_with_what_it_has(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of three classes no top5; of a shuffle, which Keras has not, how the model is loaded."""
    run = RunFolder(finished)
    print_result(run.read_result() or {}, run)
    shown = capsys.readouterr().out
    assert "75.00%" in shown
    assert "top5" not in shown
    assert (f"{finished}/model.keras  the Keras model; its input is normalised as artifact.json says, its output logits; "
            "import archspec before you load it, for ChannelShuffle\n") in shown


def test_without_data_made_images_are_compared(trained: Path) -> None:
    spec = trained / "spec.yaml"
    spec.write_text(spec.read_text() + "train: {data: {source: folder, path: gone}}\n")
    finished = complete(trained, ExportSection(formats=("savedmodel",)))
    assert finished.note.startswith("exports were compared on made images, for there is no data (train.data.path: no folder gone")
    assert finished.parity["savedmodel"].images == sample.IMAGES


def test_the_model_of_a_run_is_its_keras_format_and_stays(trained: Path) -> None:
    wanted, before = ExportSection(formats=("keras", "onnx")), (trained / "model.keras").read_bytes()
    assert list(complete(trained, wanted).parity) == ["onnx"]
    assert (trained / "model.keras").read_bytes() == before
    assert (trained / "model.onnx").is_file()
    assert missing(RunFolder(trained), wanted) == []


def test_made_images_use_the_whole_range() -> None:
    rule = replace(RULE, height=5, width=7, channels=3)
    images = sample.made(rule)
    assert (images.shape, images.dtype) == ((sample.IMAGES, 5, 7, 3), np.float32)
    assert images.min() < 20 < 235 < images.max() <= 255
    assert np.array_equal(images, sample.made(rule))


@pytest.mark.parametrize(("loss", "labels"), [("softmax", ["training", "test"]), ("focal", ["training (focal)", "test"])])
def test_curves_say_where_the_loss_of_the_training_is_another_than_that_of_the_test(
        loss: str, labels: list[str], trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = trained / "spec.yaml"
    spec.write_text(load(str(spec), [f"train.loss={loss}"]).to_yaml(expand=True))
    seen, draw = list[Figure](), plot._print
    monkeypatch.setattr(plot, "_print", lambda figure, *given: seen.append(figure) or draw(figure, *given))
    completed(trained, NONE)
    legends = [[line.get_label() for line in axes.get_lines()] for axes in seen[0].axes]
    assert legends == [labels, ["training", "test"]]
