"""A served network that is sent pixels, prepared as the run or the export says that it serves; as `archspec evaluate` does it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from served import Servable, grpc_server, rest, rest_server

from archspec.artifact.artifact import Artifact
from archspec.artifact.folder import read, write
from archspec.cli import run as command
from archspec.errors import InputError
from archspec.export.reference import reference
from archspec.predict import pixels
from archspec.predict.local import Local
from archspec.predict.opened import seen_like
from archspec.predict.pixels import served_like

RNG = np.random.default_rng(2)
LEVELS = RNG.integers(0, 256, (37, 8, 8, 3)).astype(np.float32)


@contextmanager
def rest_of(servable: Servable) -> Iterator[str]:
    with rest_server(rest(servable)) as server:
        yield f"{server}/v1/models/small"


@contextmanager
def grpc_of(servable: Servable) -> Iterator[str]:
    with grpc_server(servable) as server:
        yield f"{server}/small"


@contextmanager
def saying(change: Callable[[str, Any], Any], servable: Servable) -> Iterator[str]:
    """A server whose answers are changed: of GET and POST."""
    script = rest(servable)

    def changed(method: str, path: str, document: Any) -> tuple[int, Mapping[str, str], bytes]:
        status, headers, body = script(method, path, document)
        found = change(method, json.loads(body))
        return (found if isinstance(found, int) else status), headers, body if isinstance(found, int) else json.dumps(found).encode()
    with rest_server(changed) as server:
        yield f"{server}/v1/models/small"


def asked_like(address: str, like: str | None) -> Local:
    found = seen_like(address, like)
    return served_like(address, 30, str(like), found)


@pytest.mark.parametrize("serving", [rest_of, grpc_of])
@pytest.mark.parametrize("whole", [True, False])
def test_it_says_of_pixels_what_the_network_says(whole: bool, serving: Callable[[Servable], Any], servable: Servable, network: Artifact,
                                                 run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = LEVELS if whole else LEVELS * np.float32(0.999)
    with serving(servable) as address:
        found = asked_like(address, str(run_folder))
        servable.asked.clear()
        assert found.run(seen) == pytest.approx(reference(network)(seen), abs=1e-6)
        kind = "uint8" if whole else "float32"
        assert servable.asked == [(16, kind), (16, kind), (5, kind)]
        monkeypatch.setattr(pixels, "MOST_SENT", 1000)
        servable.asked.clear()
        found.run(seen[:3])
        assert servable.asked == [(1, kind)] * 3
    assert (found.called, found.classes, found.like) == (address, ("cat", "dög", "owl"), str(run_folder))


def test_a_model_file_by_itself_says_how_images_are_prepared(servable: Servable, run_folder: Path, tmp_path: Path) -> None:
    alone = shutil.copy(run_folder / "model.keras", tmp_path / "moved.keras")
    with rest_of(servable) as address:
        found = asked_like(address, str(alone))
    assert (found.classes, found.rule) == (("cat", "dög", "owl"), read(run_folder).preprocess)


@pytest.mark.parametrize("like", ["", "model.keras", "saved_model", "saved_model/1", "../models/small", "../models/small/3", "model.tflite", "model.onnx"])
def test_every_form_says_how_images_are_prepared(like: str, servable: Servable, run_folder: Path, network: Artifact) -> None:
    with rest_of(servable) as address:
        found = asked_like(address, str(run_folder / like))
    assert (found.rule, tuple(found.classes)) == (network.preprocess, network.classes)


def test_what_is_not_known_is_asked_for(servable: Servable, run_folder: Path, tmp_path: Path) -> None:
    with rest_of(servable) as address:
        for like, message in ((None, "a server does not say how an image becomes the pixels that it takes\n  hint: --like MODEL: the run or"),
                              ("none", "--like none: no such file or folder"), (address, "an address"), (str(tmp_path), "holds neither a trained")):
            with pytest.raises(InputError, match=message):
                asked_like(address, like)


def test_a_network_of_another_kind_is_told(servable: Servable, network: Artifact, tmp_path: Path) -> None:
    write(replace(network, classes=("cat", "dog", "owl")), tmp_path / "names")
    write(network, tmp_path / "larger")
    facts = json.loads((tmp_path / "larger/artifact.json").read_text())
    facts["preprocess"] |= {"height": 9, "width": 9}
    (tmp_path / "larger/artifact.json").write_text(json.dumps(facts))
    with rest_of(servable) as address:
        with pytest.raises(InputError, match=r"calls its class 1 dög, and .*names dog\n  hint: --like MODEL"):
            asked_like(address, str(tmp_path / "names")).run(LEVELS)
        with pytest.raises(InputError, match=r"no signature of the model goes from pixels \[\?, 9, 9, 3\], which .*larger takes, to probabilities: "
                           r"image_bytes \(image_bytes string \[\?\]\); image_pixels \(images uint8 \[\?, 8, 8, 3\]\); serving_default"):
            asked_like(address, str(tmp_path / "larger"))


def of_signatures(change: Callable[[dict[str, Any]], object]) -> Callable[[str, Any], Any]:
    def changed(method: str, document: Any) -> Any:
        if method == "GET":
            change(document["metadata"]["signature_def"]["signature_def"])
        return document
    return changed


@pytest.mark.parametrize(("change", "message"), [
    (of_signatures(lambda known: known.pop("serving_default")), "takes whole numbers as pixels, and these are none"),
    (of_signatures(lambda known: known["serving_default"]["outputs"]["probabilities"]["tensor_shape"]["dim"][1].update(size="4")),
     "tells 4 classes apart, and .* 3\n  hint: --like"),
    (lambda method, found: {"predictions": [{"probabilities": [0.5, 0.5]} for _ in found["predictions"]]} if method == "POST" else found,
     "tells 2 classes apart, and .* 3\n"),
    (lambda method, found: {"predictions": found["predictions"][1:]} if method == "POST" else found, r"where \[16, classes\] is expected"),
    (lambda method, found: {"predictions": [{"probabilities": [2, 0, 0]} for _ in found["predictions"]]} if method == "POST" else found,
     "answers with 2 where a probability"),
    (lambda method, found: {"predictions": [{"probabilities": [1, 1, 0]} for _ in found["predictions"]]} if method == "POST" else found,
     "answers with probabilities whose sum is 2, where one of the classes is expected"),
    (lambda method, found: 500 if method == "POST" else found, "the server answers 500"),
    (lambda method, found: 400 if method == "POST" else found, "the server says: "),
    (lambda method, found: 404 if method == "GET" else found, "is the model served under that name")])
def test_what_a_server_says_wrong_is_told(change: Callable[[str, Any], Any], message: str, servable: Servable, run_folder: Path) -> None:
    with saying(change, servable) as address, pytest.raises(InputError, match=message):
        asked_like(address, str(run_folder)).run(LEVELS * np.float32(0.999))


def test_evaluate_of_an_address_is_that_of_the_run(servable: Servable, run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    """Ten crops of images of many sizes, the same of the run and over both interfaces."""
    for number, name in enumerate(("cat", "dög", "owl") * 3):
        (tmp_path / "photos" / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(RNG.integers(0, 256, (9 + number, 30 - number, 3), np.uint8)).save(tmp_path / "photos" / name / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    with rest_of(servable) as web, grpc_of(servable) as other:
        arguments = ["evaluate", str(run_folder), web, other, "--like", str(run_folder), "--data", "photos", "--crops", "10", "--json"]
        assert command(arguments) == 0
        run, *served = json.loads(capsys.readouterr().out)["evaluate"]
        for found, address in zip(served, (web, other), strict=True):
            assert found["results"] == pytest.approx(run["results"], abs=1e-6)
            assert found["models"] == [{**run["models"][0], "model": address, "like": str(run_folder)}]
            assert found["protocol"][0] == {**run["protocol"][0], "precision": "that of the server"}
        assert command([*arguments[:2], web, "--data", "photos"]) == 2
        assert "hint: --like MODEL" in capsys.readouterr().err
        assert command(["evaluate", web, "--like", str(run_folder), "--data", "photos", "--crops", "dense", "--sizes", "9"]) == 2
        assert "evaluated densely" in capsys.readouterr().err
    (run_folder / "results.jsonl").unlink()
    assert command(["evaluate", str(run_folder), "--like", str(run_folder)]) == 2
    assert "--like is of a MODEL that is an address" in capsys.readouterr().err
