"""`archspec evaluate`: what it tells is what training's tests told, of each form of a network; and what stands beside it."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fileless import fileless
from forked import ends
from once import once
from PIL import Image
from sklearn.datasets import load_digits

from archspec.artifact.folder import read, spec_of, write
from archspec.cli import run as command
from archspec.data.sources import load_data
from archspec.evaluate.seeing import Seeing
from archspec.evaluate.views import rule_of
from archspec.export import evaluated
from archspec.export.reference import reference
from archspec.io.lock import alone
from archspec.spec.protocol import Protocol, load_protocol
from archspec.train.reporting.picture import plot

Run = Callable[..., tuple[int, str, str]]
TINY = """\
extends: resnet20_digits
stages: {repeats: 1}
train: {epochs: 2, data: digits}
export: {formats: [savedmodel, tflite, onnx]}
"""


def _train(folder: str) -> None:
    os.chdir(folder)
    Path("tiny.yaml").write_text(TINY)
    with fileless():
        sys.exit(command(["train", "tiny.yaml", "--run", "runs/tiny"]))


@pytest.fixture
def archspec(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process: exit code, standard output, standard error."""
    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = command([*arguments])
        return code, *capsys.readouterr()
    return call


def _trained(folder: Path) -> None:
    assert ends(_train, str(folder)) == 0
    artifact, draw = read(folder / "runs/tiny"), np.random.default_rng(3)
    other = {key: array * draw.uniform(0.5, 1.5, array.shape).astype(np.float32) for key, array in artifact.weights.items()}
    write(replace(artifact, weights=other), folder / "runs/other")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trained run, and another network that has learned something else."""
    made = once(tmp_path_factory, "evaluated", _trained)
    return Path(shutil.copytree(made, tmp_path_factory.mktemp("runs") / "own"))


@pytest.fixture
def evaluate(runs: Path, monkeypatch: pytest.MonkeyPatch, archspec: Run) -> Callable[..., dict[str, Any]]:
    """The document of an evaluation in the folder of the runs."""
    monkeypatch.chdir(runs)

    def found(*arguments: str) -> dict[str, Any]:
        code, out, err = archspec("evaluate", *arguments, "--json")
        assert code == 0, err
        return dict(json.loads(out))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("model", ["runs/tiny", "runs/tiny/model.keras", "runs/tiny/saved_model", "runs/tiny/model.tflite",
                                   "runs/tiny/model.onnx"])
def test_one_crop_is_the_result_of_the_training(model: str, evaluate: Callable[..., dict[str, Any]]) -> None:
    (found,) = evaluate(model)["evaluate"]
    told = json.loads(Path("runs/tiny/result.json").read_text())
    assert (found["results"]["top1"], found["results"]["top5"]) == (told["top1"], told["top5"])
    assert found["results"]["loss"] == pytest.approx(told["loss"], rel=1e-4)
    assert (found["data"]["source"], found["data"]["split"], found["data"]["examples"]) == ("digits", "test", told["examples"])
    low, high = found["intervals"]["top1"]
    assert low < told["top1"] < high
    assert found["models"][0]["fingerprint"] == told["fingerprint"]


@pytest.mark.slow
def test_crops_are_the_mean_of_what_is_said_of_each(evaluate: Callable[..., dict[str, Any]]) -> None:
    """By hand: the network on each of ten crops, which digits scaled to 18x18 hold."""
    (found,) = evaluate("runs/tiny", "--crops", "10")["evaluate"]
    artifact, protocol = read(Path("runs/tiny")), load_protocol("resnet-10")
    split = load_data(spec_of(artifact).train.data).test
    parts = np.concatenate(list(Seeing(split, rule_of(protocol, artifact.preprocess), protocol).groups(100)))
    network = reference(artifact)
    said = np.stack([network(parts[:, number]) for number in range(10)]).astype(np.float64).mean(axis=0)
    right = said.argmax(axis=1) == split.labels
    assert found["results"]["top1"] == pytest.approx(right.mean(), abs=1e-9)
    assert found["results"]["loss"] == pytest.approx(-np.log(said[np.arange(len(said)), split.labels]).mean(), abs=1e-6)
    assert found["protocol"][0]["parts"] == 10
    assert found["protocol"][0]["sizes"] == [18]


@pytest.mark.slow
def test_of_two_models_the_mean_and_the_difference_are_told(evaluate: Callable[..., dict[str, Any]]) -> None:
    apart = evaluate("runs/tiny", "runs/other")
    first, second = apart["evaluate"]
    (difference,) = apart["differences"]
    assert difference["models"] == ["runs/tiny", "runs/other"]
    images = first["data"]["examples"]
    by = (difference["only_first"] - difference["only_second"]) / images
    assert first["results"]["top1"] - second["results"]["top1"] == pytest.approx(by)
    (alike,) = evaluate("runs/tiny", "runs/tiny", "--ensemble")["evaluate"]
    assert alike["results"] == pytest.approx(first["results"], rel=1e-6)
    (mostly,) = evaluate("runs/tiny", "runs/other", "--ensemble", "--weights", "1e6,1e-6")["evaluate"]
    assert mostly["results"]["loss"] == pytest.approx(first["results"]["loss"], rel=1e-4)


@pytest.mark.slow
def test_dense_evaluation_at_the_size_of_the_input_is_one_crop(evaluate: Callable[..., dict[str, Any]]) -> None:
    (found,) = evaluate("runs/tiny", "--crops", "dense", "--sizes", "16/16", "--no-flip")["evaluate"]
    (own,) = evaluate("runs/tiny")["evaluate"]
    assert found["results"] == pytest.approx(own["results"], rel=1e-5)


@pytest.mark.slow
def test_results_are_added_to_the_run_and_none_is_changed(evaluate: Callable[..., dict[str, Any]]) -> None:
    lines = Path("runs/other/results.jsonl")
    lines.unlink(missing_ok=True)
    evaluate("runs/other")
    first = lines.read_text()
    lines.write_text(first + '{"cut')  # as an end from outside leaves it
    evaluate("runs/other", "--flip")
    now = lines.read_text().splitlines()
    assert now[0] + "\n" == first
    assert json.loads(now[2])["protocol"][0]["mirrored"]
    assert now[1] == '{"cut'


@pytest.mark.slow
def test_other_images_are_matched_by_the_names_of_their_classes(evaluate: Callable[..., dict[str, Any]], archspec: Run) -> None:
    digits = load_digits()
    for number in range(40):
        folder = Path("photos") / str(digits.target[number])
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray((digits.images[number] * (255 / 16)).round().astype(np.uint8)).save(folder / f"{number}.png")
    (found,) = evaluate("runs/tiny", "--data", "photos")["evaluate"]
    assert (found["data"]["source"], found["data"]["examples"]) == ("folder", 40)
    assert found["results"]["top1"] > 0.5  # these are of those that it learned from
    Path("photos/seven").mkdir()
    Path("photos/7/7.png").rename("photos/seven/7.png")
    code, _, err = archspec("evaluate", "runs/tiny", "--data", "photos")
    assert code == 2
    assert "runs/tiny tells no class called seven apart" in err


@pytest.mark.slow
def test_members_are_matched_by_the_names_of_their_classes(evaluate: Callable[..., dict[str, Any]], archspec: Run) -> None:
    """The same network with its outputs, and their names, turned round adds nothing to itself."""
    artifact = read(Path("runs/tiny"))
    head = next(node.name for node in reversed(artifact.graph.predicting) if node.weights)
    weights = {key: array[..., ::-1].copy() if key[0] == head else array for key, array in artifact.weights.items()}
    write(replace(artifact, weights=weights, classes=artifact.classes[::-1]), Path("runs/turned"))
    (alone,) = evaluate("runs/tiny")["evaluate"]
    (both,) = evaluate("runs/tiny", "runs/turned", "--ensemble")["evaluate"]
    assert both["results"] == pytest.approx(alone["results"], rel=1e-5)
    write(replace(artifact, classes=(*"abcdefghij",)), Path("runs/others"))
    code, _, err = archspec("evaluate", "runs/tiny", "runs/others", "--ensemble")
    assert (code, "runs/others tells no class called 0" in err) == (2, True)


@pytest.mark.slow
def test_images_come_from_a_table_and_from_arrays(evaluate: Callable[..., dict[str, Any]]) -> None:
    digits = load_digits()
    images, labels = (digits.images[:30, ..., None] * (255 / 16)).astype(np.uint8), digits.target[:30]
    np.savez("few.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    Path("table").mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(f"table/{number}.png")
    Path("few.csv").write_text("path,label\n" + "".join(f"table/{number}.png,{label}\n" for number, label in enumerate(labels)))
    Path("named.csv").write_text(Path("few.csv").read_text().replace("path", "file"))
    of_a_spec = "{source: csv, path: named.csv, image: file}"
    (arrays,), (table,), (named,) = (evaluate("runs/tiny", "--data", each)["evaluate"] for each in ("few.npz", "few.csv", of_a_spec))
    assert (named["results"], named["data"]["examples"]) == (table["results"], 30)
    assert table["results"]["top1"] == arrays["results"]["top1"] > 0.5
    assert (table["data"]["source"], table["data"]["examples"], arrays["data"]["source"]) == ("csv", 30, "npz")


@pytest.mark.slow
def test_the_record_says_what_was_done(evaluate: Callable[..., dict[str, Any]]) -> None:
    found = evaluate("runs/tiny", "runs/tiny/model.tflite", "--sizes", "18", "--flip", "--average", "logits")["evaluate"]
    run, lite = (each["protocol"][0] for each in found)
    assert (run["sizes"], run["crops"], run["parts"], run["mirrored"], run["average"]) == ([18], ["centre"], 2, True, "logits")
    assert (run["precision"], lite["precision"]) == ("float32", "that of model.tflite")
    assert (run["weights"], run["statistics"]) == ("raw", "moving")


@pytest.mark.slow
def test_images_are_left_out_by_a_list(evaluate: Callable[..., dict[str, Any]]) -> None:
    """By hand: the first ten digits that are tested on, by scikit-learn's numbers of them."""
    artifact = read(Path("runs/tiny"))
    split = load_data(spec_of(artifact).train.data).test
    names = [split.keys[number] for number in range(10)]
    Path("list.txt").write_text("\n".join(names) + "\n")
    (whole,), (found,) = (evaluate("runs/tiny", *each)["evaluate"] for each in ((), ("--leave-out", "list.txt")))
    said = reference(artifact)(np.concatenate(list(Seeing(split, artifact.preprocess, Protocol()).groups(100)))[:, 0])
    assert found["results"]["top1"] == pytest.approx((said.argmax(axis=1) == split.labels)[10:].mean(), abs=1e-9)
    assert (found["data"]["examples"], found["data"]["digest"]) == (whole["data"]["examples"] - 10, whole["data"]["digest"])
    sha256 = hashlib.sha256(Path("list.txt").read_bytes()).hexdigest()
    assert found["data"]["left_out"] == {"file": "list.txt", "sha256": sha256, "images": 10}
    assert "left_out" not in whole["data"]


@pytest.mark.slow
def test_its_folder_has_every_number_and_picture_or_is_not_there(evaluate: Callable[..., dict[str, Any]], archspec: Run, runs: Path,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = archspec("evaluate", "runs/tiny", "--crops", "10", "-o", "alone", "-v")
    assert (code, err.splitlines()[-1]) == (0, "alone")
    document = json.loads(Path("alone/report.json").read_text())
    (found,), (same,) = document["evaluate"], evaluate("runs/tiny", "--crops", "10")["evaluate"]
    assert {key: found[key] for key in same if "second" not in key} == {key: same[key] for key in same if "second" not in key}
    confusion = np.array(found["confusion"])
    assert confusion.sum() == found["data"]["examples"] == sum(each["images"] for each in found["calibration"])
    assert np.trace(confusion) / confusion.sum() == pytest.approx(found["averages"]["micro"]["f1"]) == pytest.approx(found["results"]["top1"])
    error = sum(each["images"] * abs(each["accuracy"] - each["confidence"]) for each in found["calibration"] if each["images"])
    assert error / confusion.sum() == pytest.approx(found["results"]["calibration_error"])
    assert [each["accuracy"] for each in found["classes"]] == pytest.approx(np.diag(confusion) / confusion.sum(axis=1))
    losses = [each["loss"] for each in found["worst"]]
    assert losses == sorted(losses, reverse=True)
    assert np.exp(-np.array(losses)) == pytest.approx([each["true_probability"] for each in found["worst"]])
    page = Path("alone/report.md").read_text()
    assert all(f"({name}.png)" in page and Path(f"alone/{name}.png").stat().st_size > 1000 for name in ("confusion", "calibration", "worst"))
    assert "| mean (macro) |" in page and "mean (macro)" in out and "| 9 |" in page
    assert (code := archspec("evaluate", "runs/tiny", "-o", "alone")[0]) == 2
    monkeypatch.setattr(plot, "_print", lambda figure, suffix, path: path.write_bytes(b"drawn"))
    assert archspec("evaluate", "runs/tiny", "runs/other", "-o", "both")[0] == 0
    assert sorted(str(each.relative_to("both")) for each in Path("both").rglob("*.png")) == sorted(
        f"{number}/{name}.png" for number in (1, 2) for name in ("calibration", "confusion", "worst"))
    assert "alone is right about" in Path("both/report.md").read_text()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(evaluated, "write_json", full)
    before = sorted(runs.iterdir())
    code, out, _ = archspec("evaluate", "runs/tiny", "-o", "none")
    assert (code, "360 images of digits" in out) == (2, True)
    assert sorted(each for each in runs.iterdir() if each.name != ".none.lock") == before


@pytest.mark.slow
def test_numbers_are_told_whatever_cannot_be_written(evaluate: Callable[..., dict[str, Any]], archspec: Run, runs: Path) -> None:
    Path(".partial-again").mkdir()  # of one that was killed
    Path(".partial-again/report.md").write_text("half")
    assert archspec("evaluate", "runs/tiny", "-o", "again")[0] == 0
    assert Path("again/report.json").is_file() and not Path(".partial-again").exists()
    with alone(Path("busy")):
        code, out, err = archspec("evaluate", "runs/tiny", "-o", "busy")
    assert (code, out, "another archspec is about to write busy\n  hint: name another folder" in err) == (2, "", True)
    shutil.copytree("runs/tiny", "runs/kept")
    Path("runs/kept/results.jsonl").unlink(missing_ok=True)
    Path("runs/kept/results.jsonl").mkdir()
    code, out, err = archspec("evaluate", "runs/kept", "--json")
    assert (code, len(json.loads(out)["evaluate"]), "results.jsonl" in err) == (2, 1, True)


@pytest.mark.slow
def test_a_network_that_says_no_number_gets_nothing(evaluate: Callable[..., dict[str, Any]], archspec: Run) -> None:
    """Its weights are numbers, and too large: the logits are infinite, and their softmax is none."""
    artifact = read(Path("runs/tiny"))
    large = {key: np.full_like(array, 3e38) if key == (artifact.graph.output.name, "kernel") else array for key, array in artifact.weights.items()}
    write(replace(artifact, weights=large), Path("runs/nan"))
    for crops in ("1", "dense"):
        (found,) = evaluate("runs/nan", "--crops", crops)["evaluate"]
        assert (found["results"]["top1"], found["results"]["top5"], found["results"]["loss"]) == (0, 0, None)
        assert found["intervals"]["loss"] == [None, None]
    code, out, _ = archspec("evaluate", "runs/nan", "runs/tiny", "--crops", "10", "-o", "no_numbers")
    assert (code, "nan" in out) == (0, True)
    assert json.loads(Path("no_numbers/report.json").read_text(), parse_constant=pytest.fail)["evaluate"][0]["worst"][0]["loss"] is None
    assert all(json.loads(line)["results"]["top1"] == 0 for line in Path("runs/nan/results.jsonl").read_text().splitlines())


@pytest.mark.slow
def test_an_export_that_lies_alone_says_what_it_knows(evaluate: Callable[..., dict[str, Any]], archspec: Run) -> None:
    """Without the spec beside it nobody knows on which data it was trained, nor how its statistics came to be."""
    Path("apart").mkdir()
    for name in ("model.tflite", "artifact.json"):
        shutil.copy(f"runs/tiny/{name}", "apart")
    code, _, err = archspec("evaluate", "apart/model.tflite")
    assert (code, "the model does not say on which data it was trained" in err) == (2, True)
    (found,), (own,) = evaluate("apart/model.tflite", "--data", "digits")["evaluate"], evaluate("runs/tiny")["evaluate"]
    assert found["results"]["top1"] == own["results"]["top1"]
    assert (found["protocol"][0]["statistics"], found["protocol"][0]["weights"]) == ("as exported", "raw")


@pytest.mark.slow
def test_on_the_processors_it_is_the_same(evaluate: Callable[..., dict[str, Any]]) -> None:
    for crops in ("10", "dense"):
        (asked,), (own,) = evaluate("runs/tiny", "--crops", crops, "--gpus", "0")["evaluate"], evaluate("runs/tiny", "--crops", crops)["evaluate"]
        assert asked["results"] == own["results"]


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "message"), [
    (["runs/tiny", "--gpus", "9"], "9 GPUs are asked for, and TensorFlow sees none"),
    (["runs/tiny/model.tflite", "--gpus", "0"], "--gpus is of runs and model.keras"),
    (["runs/tiny", "--crops", "resnet10"], "did you mean 'resnet-10'?"),
    (["runs/tiny", "--crops", "10", "--sizes", "15"], "resnet-10 with sizes 15: an image of 15 pixels, and the input is 16x16"),
    (["runs/tiny", "--crops", "small.yaml"], "small.yaml: an image of 15 pixels, and the input is 16x16"),
    (["runs/tiny", "--crops", "empty.yaml"], "empty.yaml:1:1: the file is empty\n  hint: protocol is a mapping of keys"),
    (["runs/tiny", "--labels", ""], "'--labels': it is empty: a name is expected"),
    (["runs/tiny", "--leave-out", ""], "'--leave-out': it is empty"),
    (["runs/tiny", "--real", ""], "'--real': it is empty"),
    ([""], "MODEL is empty\n  hint: MODEL is a run folder"),
    (["runs/tiny", "--sizes", "a"], "'a': a whole number of pixels"),
    (["runs/tiny", "--weights", "1"], "--weights are those of --ensemble"),
    (["runs/tiny", "runs/other", "--ensemble", "--weights", "1,-1"], "numbers above 0 are expected"),
    (["runs/tiny", "--sizes", "9" * 5000], "is expected"),
    (["runs/tiny", "--sizes", "20,20"], "names the number 20 twice"),
    (["runs/tiny", "--sizes", ",".join(map(str, range(20, 40)))], "--sizes"),
    (["runs/tiny", "--sizes", "99999/1"], "an image of 1,599,984 pixels for an input of 16x16, and 1 to 16,384 can be"),
    (["runs/tiny", "--crops", "dense", "--sizes", "16384"], "has more than the 16,777,216 pixels that are looked at at once\n  hint: smaller"),
    (["runs/tiny", "--crops", "11"], "hint: 1 10 12 144 dense; googlenet-144"),
    (["runs/begun"], "runs/begun is a run that is not finished: there is no model.keras yet\n  hint: the command that began it goes on"),
    (["runs/tiny", "--data", "named.csv"], "no column is called 'path'; its columns are file label\n  hint: "),
    (["runs/tiny", "--data", "named.csv"], "--data '{source: …, path: …, image: NAME}', with image: NAME says which holds"),
    (["runs/tiny", "--data", "damaged"], "1 image cannot be read:\n  damaged/0/x.png: a text\n"),
    (["runs/none"], "no such file or folder"),
    (["http://localhost:8501/v1/models/m"], "a server does not say how an image becomes the pixels"),
    (["runs/tiny", "--data", "nowhere"], "no such file or folder, and no source of data"),
    (["runs/tiny", "--data", "{source: folder}"], "--data {source: folder}"),
    (["runs/tiny/saved_model", "--crops", "dense"], "only a run or its model.keras is evaluated densely"),
    (["runs/tiny", "--crops", "none.yaml"], "none.yaml: no such file"),
    (["runs/tiny", "-o", "runs/tiny"], "runs/tiny is there already"),
    (["runs/tiny", "-o", "tiny.yaml/out"], "tiny.yaml is no folder"),
    (["runs/tiny", "--leave-out", "tiny.yaml"], "tiny.yaml:1: no image is called extends: resnet20_digits"),
    (["runs/tiny", "--leave-out", "none.txt"], "--leave-out none.txt: No such file"),
    (["runs/tiny", "--real", "tiny.yaml"], "tiny.yaml:1:1: is no JSON"),
])
def test_what_is_wrong_is_told(arguments: list[str], message: str, runs: Path, monkeypatch: pytest.MonkeyPatch, archspec: Run) -> None:
    monkeypatch.chdir(runs)
    Path("runs/begun").mkdir(exist_ok=True)
    Path("runs/begun/manifest.json").write_text("{}")
    Path("small.yaml").write_text("sizes: 15\n")
    Path("empty.yaml").touch()
    Path("named.csv").write_text("file,label\na.png,0\n")
    for name in "01":
        Path("damaged", name).mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8)).save(f"damaged/{name}/0.png")
    Path("damaged/0/x.png").write_text("no image")
    code, out, err = archspec("evaluate", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_names_of_models_are_not_cut_off(runs: Path, monkeypatch: pytest.MonkeyPatch, archspec: Run) -> None:
    """Cut off, two of one run would look alike."""
    monkeypatch.chdir(runs)
    models = [f"runs/tiny/../tiny/../tiny/../tiny/{name}" for name in ("model.keras", "model.tflite")]
    code, out, err = archspec("evaluate", *models)
    assert code == 0, err
    begins = "".join(line.split(" ")[0] for line in out.splitlines())
    assert all(model in begins for model in models)
    assert "…" not in out
