"""What can be exported, and what is said of what cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from artifacts import artifact

from archspec.artifact.folder import write
from archspec.errors import InputError
from archspec.export import companions
from archspec.export import subject as exported
from archspec.export.asked import KINDS_OF_MODEL, Asked
from archspec.export.subject import subject
from archspec.spec.arch import Spec
from archspec.spec.data import Folder
from archspec.weights.own import OWN

DIGITS = """\
archspec: 1
name: tiny
input: 8x8x1
classes: 10
stem: [conv: 3x3 4 /2]
head: [global_avg_pool, dense: $classes]
train: {data: {source: digits}}
"""


def tick(*_: object) -> None: ...


def refusal(model: str, weights: str | None = None, *, layout: str = OWN, labels: Path | None = None,
            overrides: tuple[str, ...] = ()) -> str:
    with pytest.raises(InputError) as error:
        subject(Asked(model, weights, layout, labels, overrides), tick)
    return str(error.value)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder whose images are gone, and a spec. Not to be changed."""
    folder = tmp_path_factory.mktemp("subject")
    write(artifact(), folder / "run")
    (folder / "tiny.yaml").write_text(DIGITS)
    return folder


def test_a_run_and_its_model_file(place: Path) -> None:
    of_run, of_file = (subject(Asked(str(each)), tick) for each in (place / "run", place / "run/model.keras"))
    assert of_run.artifact.classes == of_file.artifact.classes == ("cat", "dög", "owl")
    assert of_run.images is of_file.images is None
    assert of_run.notes == ("data 'digits' has images with 1 channel(s), but the network's input has 4: made images are taken",)
    assert subject(Asked(str(place / "run"), overrides=("export.tolerance=0.5",)), tick).spec.export.tolerance == 0.5


def test_a_spec_and_a_file_of_weights(place: Path, tmp_path: Path) -> None:
    """Names of classes are those of its data; of a file, if one is given; else numbers."""
    from archspec.model.emit import build
    from archspec.model.saved import save
    from archspec.network import load, lower
    path = tmp_path / "tiny.keras"
    for name, changed in (("tiny", []), ("other", ["classes=3"])):
        graph = lower(load(str(place / "tiny.yaml"), changed))
        model = build(graph, initialize=True)
        save(model, graph, tmp_path / f"{name}.keras")
    spec = str(place / "tiny.yaml")
    found = subject(Asked(spec, str(path)), tick)
    assert found.artifact.classes == tuple("0123456789")
    assert found.images
    assert found.images.testing.split.size == 360
    assert all(np.isfinite(array).all() for array in found.artifact.weights.values())
    (tmp_path / "names.txt").write_text("\n".join("abcdefghij"))
    assert subject(Asked(spec, str(path), labels=tmp_path / "names.txt"), tick).artifact.classes == tuple("abcdefghij")
    nowhere = ("train.data={source: folder, path: nowhere}",)
    of_numbers = subject(Asked(spec, str(path), overrides=nowhere), tick)
    assert (of_numbers.images, of_numbers.artifact.classes[:2]) == (None, ("0", "1"))
    assert of_numbers.notes[0].endswith(": made images are taken\n  hint: --set train.data.path=… says where they lie now")
    assert of_numbers.notes[1].startswith("the classes are numbers: --labels FILE")
    assert refusal(spec, str(tmp_path / "other.keras")).startswith(f"{tmp_path / 'other.keras'} tells other classes apart than the 10 of tiny")
    (tmp_path / "names.txt").write_text("a\nb")
    assert "names.txt has 2 names, one a line, but the network tells 10 classes apart" in refusal(spec, str(path), labels=tmp_path / "names.txt")


def test_images_that_are_not_the_networks_own_are_not_taken(place: Path, tmp_path: Path) -> None:
    """The digits that stand in where a spec says no data; data with another number of classes; data gone where the loss is not enough to tell."""
    from archspec.model.emit import build
    from archspec.model.saved import save
    from archspec.network import load, lower
    graph = lower(load(str(place / "tiny.yaml"), ["classes=6"]))
    save(build(graph), graph, tmp_path / "six.keras")
    (tmp_path / "bare.yaml").write_text(DIGITS.replace("train: {data: {source: digits}}\n", ""))
    bare = subject(Asked(str(tmp_path / "bare.yaml"), str(tmp_path / "six.keras"), overrides=("classes=6",)), tick)
    assert (bare.images, bare.artifact.classes[0]) == (None, "0")
    assert bare.notes[0].startswith("the spec says no train.data")
    six = ("classes=6",)
    assert subject(Asked(str(place / "tiny.yaml"), str(tmp_path / "six.keras"), overrides=six), tick).notes[0].startswith(
        "the data 'digits' have 10 classes, the network tells 6 apart")
    sigmoid = (*six, "train.loss=sigmoid", "train.data={source: folder, path: nowhere}")
    assert "nobody can tell whether an image may have several classes" in refusal(
        str(place / "tiny.yaml"), str(tmp_path / "six.keras"), overrides=sigmoid)


def test_other_weights_are_tested_on_the_images_where_they_lie_now(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing else that is asked of the export becomes a part of the network's spec."""
    asked: list[Spec] = []
    monkeypatch.setattr(exported, "recovered", lambda run, spec, tick: asked.append(spec) or artifact())
    moved = ("train.data.source=folder", "train.data.path=elsewhere", "export.tolerance=0.5")
    found = subject(Asked(str(place / "run"), "best", overrides=moved), tick)
    (spec,) = asked
    assert spec.train.data == Folder(path="elsewhere")
    assert (spec.export.weights, spec.export.tolerance, found.spec.export.tolerance) == ("best", 1e-4, 0.5)


def test_only_what_would_be_taken_is_meant_as_it_has_to_be_typed(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a spec without weights that is none: it has no numbers."""
    monkeypatch.chdir(place.parent)
    (place / "runs.yaml").write_text(DIGITS)
    name = place.name
    assert refusal(f"{name}/rum") == f"{name}/rum: there is no such run, .keras file or spec\n  hint: did you mean '{name}/run'?"
    assert refusal(f"{name}/tiny.yml").endswith(f"hint: MODEL is {KINDS_OF_MODEL}")
    assert refusal(f"{name}/tiny.yml", "w.h5").endswith(f"hint: did you mean '{name}/tiny.yaml'?")
    assert refusal("resnet19").endswith(f"hint: MODEL is {KINDS_OF_MODEL}")
    assert refusal("resnet19", "w.h5").endswith("hint: did you mean 'resnet18'?")
    for each in ("model.tflite", "x.onnx", "models/a/1/saved_model.pb"):
        assert refusal(each) == f"{each} is an export already\n  hint: MODEL is a run folder, the model.keras of one, or a spec with --weights FILE"
    assert refusal(name) == f"{name} is no run, but holds some\n  hint: name one: {name}/run"
    companions.write(artifact(), tmp_path / "files/1")
    for file in ("model.keras", "parity.json"):
        (tmp_path / "files/1" / file).touch()
    assert refusal(str(tmp_path / "files/1")) == f"{tmp_path / 'files/1'} holds exports already\n  hint: name the run that they are of"


def test_what_cannot_be_exported(place: Path) -> None:
    run = str(place / "run")
    assert refusal(str(place / "tiny.yaml")).startswith(f"{place / 'tiny.yaml'} is a spec: it has no numbers")
    assert refusal("nowhere.keras").startswith("nowhere.keras: there is no such file")
    assert refusal(str(place / "models/4")).endswith(KINDS_OF_MODEL)
    assert refusal(run, layout="keras").startswith(f"--layout keras: {run} has its own weights")
    (place / "empty").mkdir(exist_ok=True)
    (place / "models/3").mkdir(parents=True, exist_ok=True)
    (place / "models/3/saved_model.pb").touch()
    assert refusal(str(place / "models")).startswith(f"{place / 'models'} holds exports already")
    assert "train.ema says no average" in refusal(run, overrides=("export.weights=ema",))
    assert refusal(str(place / "empty")).startswith(f"{place / 'empty'} holds no trained network")
    assert refusal(run, overrides=("stages.width=3",)).startswith(f"--set stages.width=3: {run} is exported as it was trained")
    assert refusal(run, labels=Path("a")).startswith("--labels a: ")
    assert "has no average of its weights" in refusal(run, "ema")
