"""What `archspec export` does with its options, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from artifacts import artifact
from fileless import fileless
from here import Here

from archspec.artifact.folder import write
from archspec.cli import export, run
from archspec.export import companions, proof

DEEP = """\
archspec: 1
name: deep
input: 8x8x4
classes: 3
stem: [conv: 3x3 8 /2, conv: 3x3 8 /2]
head: [global_avg_pool, dense: $classes]
"""
STEPS = ("writing exports", "running each export", "publishing")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The folder of a run whose images are gone; exports are run in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(proof, "Fresh", Here)
    write(artifact(), tmp_path / "run")
    with fileless():
        yield


def published() -> list[str]:
    return sorted(str(path) for path in Path("models").rglob("*") if path.suffix in (".pb", ".tflite", ".onnx", ".keras"))


def test_one_word_is_a_list_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "run", "--to", "models", "--format", "savedmodel"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("models/small/1  for TensorFlow Serving, which models/small/README.md starts\n")
    assert "on 64 made images" in printed.out
    assert "run: data 'digits' has images with 1 channel(s), but the network's input has 4: made images are taken\n" in printed.err
    assert run(["export", "run", "--to", "models", "--format", "tflite", "--quantize", "float16", "--name", "other"]) == 0
    assert "models/other/files/1  for all else: model.tflite, model_float16.tflite\n" in capsys.readouterr().out
    assert published() == ["models/other/files/1/model.tflite", "models/other/files/1/model_float16.tflite", "models/small/1/fingerprint.pb",
                           "models/small/1/saved_model.pb"]


def test_json_is_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "run", "--to", "models", "--format", "tflite", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {key: document[key] for key in ("model", "version", "removed", "retired")} == {
        "model": "small", "version": 1, "removed": [], "retired": []}
    (row,) = document["artefacts"]
    assert (row["format"], row["path"], row["images"], row["same_top1"]) == ("tflite", "files/1/model.tflite", 64, 1.0)
    assert {"bytes", "max_difference", "mean_difference", "load_seconds", "memory_bytes", "milliseconds", "milliseconds_8"} < row.keys()


def test_what_is_not_equal_is_not_published(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "run", "--to", "models", "--format", "tflite", "--set", "export.tolerance=1e-30"]) == 1
    assert "nothing was published" in capsys.readouterr().err
    assert published() == []


def test_feature_maps_alone_are_proved_too(capsys: pytest.CaptureFixture[str]) -> None:
    """A .keras file of levels tells no classes: it is compared by its maps."""
    write(artifact(DEEP), Path("deep"))
    assert run(["export", "deep", "--to", "models", "--format", "keras", "--features"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("models/deep/files/1  for all else: model.keras\n")
    assert [line.split()[0] for line in printed.splitlines()[2:-1]] == ["Keras", "keras"]
    assert "same top" not in printed
    assert printed.endswith("feature maps against the Keras model's, at most, as a share of an image's largest number, on 64 made images\n")
    (row,) = json.loads(Path("models/deep/files/1/parity.json").read_text())["artefacts"]
    assert "max_difference" in row
    assert not {"same_top1", "same_top5", "lost_accuracy"} & row.keys()
    assert published() == ["models/deep/files/1/model.keras"]


def test_progress_is_told_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, int, int]] = []
    monkeypatch.setattr(export, "ticking", lambda console: nullcontext(lambda *tick: told.append(tick)))
    assert run(["export", "run", "--to", "models", "--format", "tflite,onnx", "--json"]) == 0
    assert [tick for tick in told if tick[0] in STEPS] == [
        ("writing exports", 0, 2), ("writing exports", 1, 2),
        ("running each export", 0, 3), ("running each export", 1, 3), ("running each export", 2, 3), ("publishing", 0, 1)]


def test_what_model_config_names_stays_and_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    for number in "12":
        (Path("models/small/files") / number).mkdir(parents=True)
    Path("models/small/model.config").write_text(
        'model_config_list { config { name: "small" model_version_policy { specific { versions: 1 } } } }')
    assert run(["export", "run", "--to", "models", "--format", "tflite", "--keep", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[1:3] == ["models/small/files/2 is removed", "version 1 stays: model.config names it"]
    assert sorted(path.name for path in Path("models/small/files").iterdir()) == ["1", "3"]


def test_a_place_where_nothing_can_be_made(capsys: pytest.CaptureFixture[str]) -> None:
    """Below a file, and where the system makes no folders."""
    Path("notes.txt").touch()
    for place, told in (("notes.txt/models", "--to notes.txt/models: notes.txt is no folder\n  hint: name another folder\n"),
                        ("/proc/models", "/proc/models/small: nothing was published there: No such file or directory: /proc/models\n"
                         "  hint: nothing is there, and nothing can be made there: name another place\n")):
        assert run(["export", "run", "--to", place, "--format", "tflite"]) == 2
        assert capsys.readouterr().err.endswith(told)


def test_another_network_under_a_name_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    facts = Path("models/small/files/4/artifact.json")
    companions.write(artifact(), facts.parent)
    facts.write_text(json.dumps({**json.loads(facts.read_text()), "classes": ["a", "b"]}))
    assert run(["export", "run", "--to", "models", "--format", "tflite", "--json"]) == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    told = ("models/small: version 4 tells 2 classes apart, this one 3: another network takes over this name, and with it all requests that "
            "name no version\n  hint: --name gives a network a name of its own")
    assert (document["version"], document["pinned"], document["notes"][-1]) == (5, [], told)
    assert printed.err.endswith(f"{told}\n")


@pytest.mark.parametrize(("options", "message"), [
    (["--name", ""], "the model's name '' has to consist of letters"),
    (["--format", ""], "no format is asked for: there is nothing of small to publish\n  hint: --format savedmodel,tflite"),
    (["--format", "onxx"], "did you mean 'onnx'?"),
    (["--quantize", "int4"], "export.quantize needs one of float16 dynamic int8 int16x8"),
    (["--accuracy-drop", "much"], "export.accuracy_drop"),
    (["--batches", "0,x"], "'0,x' is no list of sizes from 1 to 1024, such as 1,8"),
    (["--batches", "٣,1"], "'٣,1' is no list of sizes from 1 to 1024, such as 1,8"),
    (["--format", "]["], "this is not YAML"),
    (["--keep", "0"], "0 is not in the range"),
    (["--weights", "bets"], "--weights bets: of a run there are raw, ema, best\n  hint: did you mean 'best'?"),
    (["--set", "stages.width=3"], "run is exported as it was trained"),
    (["--labels", "names.txt"], "run has its class names")])
def test_what_cannot_be_meant(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "run", "--to", "models", *options]) == 2
    assert message in capsys.readouterr().err
    assert not Path("models").exists()
