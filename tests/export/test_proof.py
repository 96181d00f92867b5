"""Exports are proved in processes of their own, without Keras; one that fails there is told, and never published."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from artifacts import artifact, evaluated_on
from here import Here

from archspec.export import proof
from archspec.export.exportable import Exportable
from archspec.export.exporters import NotEqual, export
from archspec.export.fresh import Failed, Fresh
from archspec.export.proof import has_to_decode, prove
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
    assert (found["savedmodel"].refused, found["tflite"].files, found["tflite"].refused) == (0, None, None)
    for name in FORMATS:  # parity.json speaks of what was compared in that process
        assert found[name].parity
        assert found[name].parity.to_json().items() <= found[name].to_json().items()
    assert {"top1", "load_seconds", "memory_bytes", "milliseconds", "milliseconds_8", "files"} < found["savedmodel"].to_json().keys()


def test_one_that_is_not_equal_is_told_with_the_node(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "Fresh", Here)
    strict = Exportable(artifact(), ExportSection(tolerance=1e-30))
    with pytest.raises(NotEqual, match=r"savedmodel: probabilities differ by .*; no node by itself: only their results differ"):
        prove(strict, folder, ["savedmodel"], PIXELS, None, tick)


FILE = tf.io.encode_png(np.zeros((2, 2, 4), np.uint8)).numpy()


class Refusing(Here):
    """Whose files are refused where these bytes stand in them."""

    those = b""

    def run_file(self, encoded: bytes) -> np.ndarray:
        if self.those in encoded:
            raise Failed("InvalidArgumentError: no")
        return super().run_file(encoded)


@pytest.mark.parametrize("those", [b"", b"PNG"])
def test_one_whose_files_are_refused_is_not_equal(those: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "Fresh", Refusing)
    monkeypatch.setattr(Refusing, "those", those)
    with pytest.raises(NotEqual, match=r"savedmodel cannot be run in a process of its own: \d\.png, a PNG that it has to decode itself: "
                                       "InvalidArgumentError: no"):
        prove(Exportable(artifact()), folder, ["savedmodel"], PIXELS[:2], evaluated_on(PIXELS.astype(np.uint8)), tick)


def test_what_has_to_be_decoded() -> None:
    rgb, rgba = (tf.io.encode_png(np.zeros((2, 2, channels), np.uint8)).numpy() for channels in (3, 4))
    assert [has_to_decode(rgb, 3, others=others) for others in (True, False)] == ["PNG", "PNG"]
    assert [has_to_decode(rgba, 3, others=others) for others in (True, False)] == ["", "PNG"]
    huge = rgb[:16] + b"\0\0\x20\0" * 2 + rgb[24:]
    assert [has_to_decode(huge, 3, others=others) for others in (True, False)] == ["", "PNG"]
    assert [has_to_decode(file, 3, others=False) for file in (b"II*\0" + bytes(9), b"no image")] == ["", ""]


def test_files_of_kinds_that_no_server_decodes_are_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "Fresh", Refusing)
    monkeypatch.setattr(proof, "_file", lambda split, index: b"II*\0" if index % 2 else FILE)
    monkeypatch.setattr(Refusing, "those", b"II*")
    monkeypatch.setattr(Here, "run_file", lambda self, encoded: np.full((1, 3), np.float32(1 / 3)))
    with pytest.raises(NotEqual, match=r"on 5 images.*, where it decodes files itself"):
        prove(Exportable(artifact()), folder, ["savedmodel"], PIXELS[:2], evaluated_on(PIXELS.astype(np.uint8)), tick)
    monkeypatch.setattr(Refusing, "those", b"")
    monkeypatch.setattr(proof, "_file", lambda split, index: b"II*\0")
    found = prove(Exportable(artifact()), folder, ["savedmodel"], PIXELS[:2], evaluated_on(PIXELS.astype(np.uint8)), tick)["savedmodel"]
    assert (found.files, found.refused) == (None, 10)
    assert {"files": 0, "files_refused": 10}.items() <= found.to_json().items()


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
