"""Exports: names, shapes and numbers of what is saved, and that nothing unequal is kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from artifacts import artifact
from fileless import fileless

from archspec.artifact.artifact import Artifact
from archspec.artifact.keras_model import keras_model
from archspec.errors import InputError
from archspec.export.exportable import Exportable, every_level
from archspec.export.exporters import EXPORTERS, NotEqual, export, refuse
from archspec.export.parity import Parity
from archspec.export.report import is_whole
from archspec.export.runners import RUNNERS
from archspec.graph.passes import Network, for_inference
from archspec.spec.export import ExportSection

EXACT = [name for name, exporter in EXPORTERS.items() if exporter.exact]
"""Those whose numbers are the network's own."""
PIXELS = np.random.default_rng(0).uniform(0, 255, (5, 8, 8, 4)).astype(np.float32)


@pytest.fixture(scope="module", autouse=True)
def without_files() -> Iterator[None]:
    with fileless():
        yield


def one(name: str, folder: Path, found: Artifact | None = None) -> Parity:
    return export(Exportable(found or artifact(), ExportSection(tolerance=1e-5)), [name], folder, PIXELS)[name]


Exported = tuple[Path, dict[str, Parity]]
IN_TURN = sorted(EXACT, key=lambda name: name != "tflite")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The folder of every exact format, made one by one, and what each differed by. Not to be changed."""
    folder = tmp_path_factory.mktemp("exported")
    return folder, {name: one(name, folder) for name in IN_TURN}


@pytest.fixture
def copied(exported: Exported, tmp_path: Path) -> Path:
    """The same folder; may be changed."""
    return Path(shutil.copytree(exported[0], tmp_path / "copied"))


def test_probabilities_are_softmax_of_the_logits_of_normalised_pixels(exported: Exported) -> None:
    normalised = (PIXELS - [120, 110, 100, 90]) / [50, 60, 70, 80]
    expected = tf.nn.softmax(keras_model(artifact())(normalised.astype(np.float32), training=False)).numpy()
    assert EXPORTERS["savedmodel"].run(exported[0] / "saved_model/1", PIXELS) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", EXACT)
def test_where_an_image_has_several_classes_each_has_its_own_probability(name: str, tmp_path: Path) -> None:
    one(name, tmp_path, replace(artifact(), several=True))
    normalised = ((PIXELS - [120, 110, 100, 90]) / [50, 60, 70, 80]).astype(np.float32)
    expected = tf.sigmoid(keras_model(artifact())(normalised, training=False)).numpy()
    assert EXPORTERS[name].run(tmp_path / EXPORTERS[name].place, PIXELS) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", EXACT)
def test_an_export_is_equal_and_kept(name: str, exported: Exported) -> None:
    folder, parities = exported
    assert (parities[name].agreement, parities[name].images) == (1.0, 5)
    assert (folder / EXPORTERS[name].place).exists()
    assert not list(folder.rglob(".partial*"))


@pytest.mark.parametrize("name", EXACT)
def test_any_number_of_images_at_once(name: str, exported: Exported) -> None:
    run = RUNNERS[EXPORTERS[name].kind](exported[0] / EXPORTERS[name].place)
    together, single = run(PIXELS), run(PIXELS[:1])
    assert single == pytest.approx(together[:1], abs=1e-6)


@pytest.mark.parametrize("name", EXACT)
def test_an_unequal_one_is_thrown_away(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                       capfd: pytest.CaptureFixture[str]) -> None:
    """Without TensorFlow's log, which is for what fails."""
    monkeypatch.setitem(RUNNERS, name, lambda path: lambda images: np.full((5, 3), np.nan))
    with pytest.raises(NotEqual) as error:
        export(Exportable(artifact(), ExportSection(tolerance=1e-4)), [name], tmp_path, PIXELS)
    assert str(error.value) == (f"{name}: probabilities differ by inf at most, logits by inf of the largest, on 5 images; "
                                "same class for 0.0%; export.tolerance is 0.0001; no node by itself: only their results differ. It was "
                                "not kept")
    assert capfd.readouterr().err == ""
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["labels.txt"]


def test_an_unequal_one_is_told_with_the_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(artifact(), weights={key: array * (2 if key == ("head_dense", "kernel") else 1) for key, array in artifact().weights.items()})
    write = EXPORTERS["savedmodel"].write
    monkeypatch.setitem(EXPORTERS, "savedmodel", replace(EXPORTERS["savedmodel"], write=lambda _, path: write(Exportable(wrong), path)))
    with pytest.raises(NotEqual, match=r"export\.tolerance is 1e-05; the file parts from the network at head_dense\. It was not kept$"):
        one("savedmodel", tmp_path)


@pytest.mark.parametrize("name", EXPORTERS)
@pytest.mark.parametrize("where", ["write", "run"])
def test_what_a_library_raises_over_a_network_is_told(name: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                      capfd: pytest.CaptureFixture[str]) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("op.cc:59 SquaredDifference only supports FLOAT32\nnot INT16.\n" + "x" * 500)

    def writes(made: Exportable, path: Path) -> None:
        path.write_bytes(b"")
    monkeypatch.setitem(EXPORTERS, name, replace(EXPORTERS[name], write=fails if where == "write" else writes))
    monkeypatch.setitem(RUNNERS, EXPORTERS[name].kind, fails)
    with pytest.raises(NotEqual) as error:
        export(Exportable(artifact()), [name], tmp_path, PIXELS)
    mode = name.removeprefix("tflite_")
    said = "op.cc:59 SquaredDifference only supports FLOAT32 not INT16. "
    assert str(error.value) == (f"{name} cannot be made of this network: RuntimeError: {said}{'x' * (400 - len(said))}…; leave {mode} "
                                f"out of export.{'formats' if mode == name else 'quantize'}. It was not kept")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["labels.txt"]
    assert capfd.readouterr().err == ""


def test_a_full_disk_is_no_matter_of_the_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "model.tflite; No space left on device")
    monkeypatch.setitem(EXPORTERS, "tflite", replace(EXPORTERS["tflite"], write=fails))
    with pytest.raises(tf.errors.ResourceExhaustedError):
        export(Exportable(artifact()), ["tflite"], tmp_path, PIXELS)


def test_levels_that_nothing_hands_out_are_refused() -> None:
    found = artifact("archspec: 1\nname: deep\ninput: 8x8x4\nclasses: 3\nstem: [conv: 3x3 8 /2, conv: 3x3 8 /2]\n"
                     "head: [global_avg_pool, dense: $classes]\n")
    made = Exportable(found, levels=every_level(found))
    assert made.levels == ("P1", "P2")
    refuse(made, ["tflite", "savedmodel"])
    with pytest.raises(InputError) as error:
        refuse(made, ["tflite", "tflite_int8"])
    assert str(error.value) == ("feature maps are asked for, and tflite, tflite_int8 has no place for them\n"
                                "  hint: a format that has: savedmodel, keras, onnx")
    with pytest.raises(InputError, match=r"small has no levels of a feature pyramid\n  hint: leave the feature maps out"):
        every_level(artifact())


def test_a_published_version_is_never_changed(copied: Path) -> None:
    (copied / "model.tflite").unlink()
    with pytest.raises(InputError, match="what is published is never changed"):
        export(Exportable(artifact(), ExportSection(tolerance=1e-5)), ["tflite", "savedmodel"], copied, PIXELS)
    assert not (copied / "model.tflite").exists()


def test_weights_are_saved_once(exported: Exported) -> None:
    saved = tf.train.list_variables(str(exported[0] / "saved_model/1/variables/variables"))
    shapes = sorted(tuple(shape) for name, shape in saved if "VARIABLE_VALUE" in name)
    network = for_inference(Network(artifact().graph, artifact().weights))
    assert shapes == sorted(array.shape for array in network.weights.values())
    assert not any("moving" in name for _, name in network.weights)


def test_the_tflite_file_keeps_the_names(exported: Exported) -> None:
    signatures = Interpreter(model_path=str(exported[0] / "model.tflite")).get_signature_list()
    assert signatures == {"serving_default": {"inputs": ["images"], "outputs": ["probabilities"]}}


def test_the_classes_go_with_it_in_their_order(exported: Exported) -> None:
    """Beside the file, and inside the version of the server's, which is all that is copied there."""
    for path in (exported[0] / "labels.txt", exported[0] / "saved_model/1/assets/labels.txt"):
        assert path.read_text(encoding="utf-8") == "cat\ndög\nowl\n"


def test_the_graph_itself_checks_the_shape(exported: Exported) -> None:
    """TensorFlow Serving compares no shapes, as Python's session does: what takes the pixels has to."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
    saved = SavedModel.FromString((exported[0] / "saved_model/1/saved_model.pb").read_bytes())
    takers = {node.op: [axis.size for axis in node.attr["shape"].shape.dim]
              for function in saved.meta_graphs[0].graph_def.library.function for node in function.node_def
              if "images" in node.input and not node.op.endswith("PartitionedCall")}
    assert takers == {"EnsureShape": [-1, 8, 8, 4]}


def test_the_report_knows_a_changed_export(exported: Exported, copied: Path) -> None:
    parity = exported[1]["tflite"]
    report = json.loads((copied / "parity.json").read_text())
    assert [row["format"] for row in report["artefacts"]] == IN_TURN
    assert (report["model"], report["fingerprint"], report["tolerance"]) == ("small", artifact().fingerprint, 1e-5)
    assert report["artefacts"][0] | {"sha256": ""} == {
        "format": "tflite", "path": "model.tflite", "bytes": (copied / "model.tflite").stat().st_size, "sha256": "",
        "images": 5, "max_difference": parity.probabilities, "max_logit_difference": parity.logits, "same_top1": 1.0,
        "mean_difference": parity.mean, "lost_accuracy": 0.0, "operations": 16, "in_float": []}
    assert is_whole(copied, "tflite", "model.tflite")
    (copied / "saved_model/1/variables/variables.index").write_bytes(b"")
    assert not is_whole(copied, "savedmodel", "saved_model/1")
    for broken in ("{", "[" * 10**5, '{"artefacts": [{"format": [], "sha256": ""}]}', '{"artefacts": [{"format": "tflite"}]}'):
        (copied / "parity.json").write_text(broken)
        assert not is_whole(copied, "tflite", "model.tflite")


@pytest.mark.parametrize("name", EXACT)
def test_a_network_that_has_decided_is_compared_by_its_logits(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All its probabilities are 0 or 1 to seven digits; an export whose logits are off by 1 % serves the same numbers."""
    base = artifact()
    dense = {("head_dense", "kernel"): np.float32(base.weights["head_dense", "kernel"] * 0), ("head_dense", "bias"): np.float32([0, 30, 60])}
    decided = replace(base, weights={**base.weights, **dense})
    assert export(Exportable(decided, ExportSection(tolerance=1e-5)), [name], tmp_path / "right", PIXELS)[name].holds(1e-5)
    off = replace(decided, weights={**decided.weights, ("head_dense", "bias"): np.float32([0, 30.3, 60])})
    load = RUNNERS[name]
    monkeypatch.setitem(RUNNERS, name, lambda path: load(tmp_path / "right" / EXPORTERS[name].place))
    with pytest.raises(NotEqual, match=r"probabilities differ by \S+e-1\d at most, logits by 5.0e-03 of the largest"):
        export(Exportable(off, ExportSection(tolerance=1e-4)), [name], tmp_path / "wrong", PIXELS)
