"""Exports are proved in processes of their own, without Keras; one that fails there is told, and never published."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from artifacts import artifact, evaluated_on
from here import Here

from archspec.export import proof
from archspec.export.exportable import Exportable
from archspec.export.exporters import NotEqual, export
from archspec.export.fresh import Failed, Fresh
from archspec.export.proof import prove
from archspec.spec.export import ExportSection

pytestmark = pytest.mark.slow
PIXELS = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 4)).astype(np.float32)
FORMATS = ("savedmodel", "tflite")


def tick(*_: object) -> None: ...


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exports of the small network. Not to be changed."""
    place = tmp_path_factory.mktemp("proof")
    export(Exportable(artifact()), FORMATS, place, PIXELS)
    return place


def test_what_is_found_out(folder: Path) -> None:
    """Keras and all exports score alike on all test images, of which one is not in the sample; files are as good as pixels."""
    testing = evaluated_on(PIXELS.astype(np.uint8))
    found = prove(Exportable(artifact()), folder, FORMATS, PIXELS[:9], testing, tick)
    assert list(found) == ["Keras model", *FORMATS]
    assert found["Keras model"].parity is None
    scores = found["Keras model"].scores
    assert scores.keys() == {"top1"}
    assert scores["top1"] * 10 == pytest.approx(round(scores["top1"] * 10))
    for name in FORMATS:
        parity = found[name].parity
        assert parity
        assert (parity.images, parity.agreement) == (9, 1.0)
        assert parity.probabilities < 1e-5
        assert found[name].scores == scores
        assert found[name].milliseconds.keys() == {1, 8}
    files = found["savedmodel"].files
    assert files
    assert (files.images, files.probabilities < 1e-5) == (10, True)
    assert found["tflite"].files is None
    for name in FORMATS:  # parity.json speaks of what was compared in that process
        assert found[name].parity
        assert found[name].parity.to_json().items() <= found[name].to_json().items()
    assert {"top1", "load_seconds", "memory_bytes", "milliseconds", "milliseconds_8", "files"} < found["savedmodel"].to_json().keys()


def test_one_that_is_not_equal_is_told_with_the_node(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "Fresh", Here)
    strict = Exportable(artifact(), ExportSection(tolerance=1e-30))
    with pytest.raises(NotEqual, match=r"savedmodel: probabilities differ by .*; no node by itself: only their results differ"):
        prove(strict, folder, ["savedmodel"], PIXELS, None, tick)


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Fresh]:
    with Fresh("tflite", folder / "model.tflite") as process:
        process.load(PIXELS[:1])
        yield process


def test_what_a_process_says_and_how_it_ends(running: Fresh, tmp_path: Path) -> None:
    with pytest.raises(Failed, match="RuntimeError: XNNPack"):
        running.run(np.zeros((2, 2), np.float32))
    assert running.run(PIXELS).shape == (10, 3)
    os.kill(running._process.pid, 9)
    with pytest.raises(Failed, match="its process ended by signal 9"):
        running.run(PIXELS)
    (tmp_path / "no.tflite").write_bytes(b"no")
    with Fresh("tflite", tmp_path / "no.tflite") as process, pytest.raises(Failed, match="ValueError: "):
        process.load(PIXELS[:1])
