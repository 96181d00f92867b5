"""ONNX files: what they say of themselves, and a member of every family beside TensorFlow's operations."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from artifacts import artifact
from tooling import tool

import archspec
from archspec.artifact.artifact import Artifact
from archspec.errors import InputError
from archspec.export import onnx_sheet
from archspec.export.exportable import Exportable
from archspec.export.exporters import export
from archspec.export.onnx_model import model
from archspec.export.packages import refuse_missing
from archspec.graph.passes import Network, for_inference
from archspec.io import packages
from archspec.model import operations
from archspec.preprocess.pixels import normalize
from archspec.preprocess.rule import Preprocess

ZOO = tool("export_zoo")
PIXELS = np.random.default_rng(0).uniform(0, 255, (5, 8, 8, 4)).astype(np.float32)
ONE, TWO = ("stages.repeats=[1, 1, 1]",), ("stages.repeats=[2, 2, 2, 2]",)
SINGLE = ("stages.repeats=1",)
FOUR, SEVEN = ("stages.repeats=[1, 1, 1, 1]",), ("stages.repeats=[1, 2, 1, 1, 1, 1, 1]",)
FAMILIES: dict[str, tuple[str, ...]] = {
    "bn_inception": (), "cifar_densenet_bc100_k12": ONE, "cifar_highway19": (), "cifar_nin": (), "cifar_preact_resnet20": ONE,
    "cifar_resnet20": ONE, "cifar_resnext29_32x4d": ONE, "convnext_tiny": FOUR, "darknet53": ("stages.repeats=[1, 1, 1, 1, 1]",),
    "densenet121": TWO, "efficientnet_b0": SEVEN, "googlenet_torchvision": (), "inception_resnet_v1": (), "inception_v4": (),
    "cifar_plain20": ONE, "mobilenet_v1": (), "mobilenet_v2": SEVEN, "mobilenet_v3_large": (), "regnet_y_4gf": FOUR,
    "resnet50_v2": FOUR, "resnet50d": FOUR, "se_resnext50_32x4d": FOUR, "squeezenet1_1": (), "xception": (),
    "bifpn_classifier": (), "botnet50": FOUR, "cbam_resnet50": FOUR, "convmixer_768_32": SINGLE,
    "convnext_v2_tiny": FOUR, "eca_resnet50": FOUR, "mixer_small": SINGLE, "nasnet_mobile": ("let.cells=1",),
    "repvgg_a0": FOUR, "resnet50_blur": FOUR, "resnest50": FOUR, "resnetv2_50": FOUR, "shufflenet_v2_x1_0": ("stages.repeats=[2, 2, 2]",),
    "sk_resnet50": FOUR, "unet_classifier": (), "vit_small_gap": SINGLE,
}
"""A member of each family, and how often its stages repeat here."""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> onnxruntime.InferenceSession:
    folder = tmp_path_factory.mktemp("onnx")
    assert export(Exportable(artifact()), ["onnx"], folder, PIXELS)["onnx"].holds(1e-6)
    return onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])


def test_ends_have_names_types_and_an_open_batch(session: onnxruntime.InferenceSession) -> None:
    ends = [[(each.name, each.type, each.shape) for each in side] for side in (session.get_inputs(), session.get_outputs())]
    assert ends == [[("images", "tensor(float)", ["batch", 8, 8, 4])], [("probabilities", "tensor(float)", ["batch", 3])]]
    for count in (0, 1, 5):
        assert session.run(None, {"images": PIXELS[:count]})[0].shape == (count, 3)
    with pytest.raises(onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument, match="Got: 9 Expected: 8"):
        session.run(None, {"images": np.zeros((1, 9, 8, 4), np.float32)})


def test_the_file_says_what_its_numbers_mean(session: onnxruntime.InferenceSession) -> None:
    found = session.get_modelmeta()
    assert (found.producer_name, found.graph_name) == ("archspec", "small")
    assert json.loads(found.custom_metadata_map["classes"]) == ["cat", "dög", "owl"]
    assert Preprocess.from_json(json.loads(found.custom_metadata_map["preprocess"])) == artifact().preprocess
    assert found.custom_metadata_map["fingerprint"] == artifact().fingerprint


def test_versions_are_stated_and_nodes_are_the_networks() -> None:
    found = model(Exportable(artifact()))
    assert (found.ir_version, [(each.domain, each.version) for each in found.opset_import]) == (10, [("", 21)])
    assert {node.name.partition("/")[0] for node in found.graph.node} == {
        "images", "probabilities", *(node.name for node in for_inference(Network(artifact().graph, artifact().weights)).graph.nodes[1:])}
    assert all(node.output == [node.name] for node in found.graph.node)
    assert model(Exportable(artifact())).SerializeToString(deterministic=True) == found.SerializeToString(deterministic=True)


def test_colours_in_the_other_order(tmp_path: Path) -> None:
    rule = Preprocess.from_json({**artifact().preprocess.to_json(), "channels": 3, "order": "bgr", "mean": [1, 2, 3], "std": [4, 5, 6]})
    graph = archspec.lower(archspec.load("resnet20_digits", ["input=8x8x3", "stages.repeats=[1, 1, 1]"]))
    several = Artifact("", graph, ZOO.drawn(graph), tuple("0123456789"), rule, {}, {}, "", several=True)
    assert export(Exportable(several), ["onnx"], tmp_path, PIXELS[..., :3])["onnx"].holds(1e-5)


def test_levels_are_handed_out_beside_the_classes() -> None:
    graph = archspec.lower(archspec.load("resnet50", ["input=64x64x3", "classes=3", *FOUR]))
    rule = replace(artifact().preprocess, height=64, width=64, channels=3, mean=(127.5,), std=(127.5,))
    made = Exportable(Artifact("", graph, ZOO.drawn(graph), ("a", "b", "c"), rule, {}, {}, "", several=False), levels=("P3", "P5"))
    images = np.random.default_rng(1).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    session = onnxruntime.InferenceSession(model(made).SerializeToString(), providers=["CPUExecutionProvider"])
    assert [each.name for each in session.get_outputs()] == ["probabilities", "P3", "P5"]
    features = {level: feature.value.name for level, feature in made.network.graph.features.items()}
    wanted = operations.compute(made.network.graph, made.network.weights, normalize(tf.constant(images), rule), features.values())
    for level, found in zip(features, session.run(list(features), {"images": images}), strict=True):
        assert found == pytest.approx(np.asarray(wanted[features[level]]), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize(("name", "overrides"), FAMILIES.items(), ids=FAMILIES)
def test_a_member_of_every_family(name: str, overrides: tuple[str, ...]) -> None:
    made = Exportable(ZOO.trained(name, overrides))
    images = ZOO.pixels(made.artifact)
    graph, seen = made.network.graph, normalize(tf.constant(images), made.artifact.preprocess)
    wanted = np.asarray(operations.compute(graph, made.network.weights, seen, [graph.output.name])[graph.output.name])
    written = model(made)
    written.graph.output.extend([onnx.helper.make_tensor_value_info(graph.output.name, onnx.TensorProto.FLOAT, ["batch", 10])])
    session = onnxruntime.InferenceSession(written.SerializeToString(), providers=["CPUExecutionProvider"])
    found, probabilities = session.run([graph.output.name, "probabilities"], {"images": images})
    assert np.abs(found - wanted).max() < 1e-5 * np.abs(wanted).max()
    assert probabilities == pytest.approx(tf.nn.softmax(wanted).numpy(), abs=1e-4)


def test_a_class_as_good_as_ruled_out_is_no_difference(tmp_path: Path) -> None:
    """Of a probability of 2e-38 TensorFlow's softmax makes 0."""
    base = artifact()
    decided = {("head_dense", "kernel"): np.float32(base.weights["head_dense", "kernel"] * 0), ("head_dense", "bias"): np.float32([0, -86.68, -60])}
    found = export(Exportable(replace(base, weights={**base.weights, **decided})), ["onnx"], tmp_path, PIXELS)["onnx"]
    assert found.logits < 1e-6


def test_small_probabilities_of_several_labels_are_told(tmp_path: Path) -> None:
    """Of a logit below -17 onnxruntime's own sigmoid makes 0."""
    base = artifact()
    decided = {("head_dense", "kernel"): np.float32(base.weights["head_dense", "kernel"] * 0), ("head_dense", "bias"): np.float32([30, -30, -60])}
    found = replace(base, weights={**base.weights, **decided}, several=True)
    assert export(Exportable(found), ["onnx"], tmp_path, PIXELS)["onnx"].logits < 1e-6


def test_what_fits_into_no_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_sheet, "MOST_BYTES", 100)
    with pytest.raises(InputError) as error:
        export(Exportable(artifact()), ["onnx"], tmp_path, PIXELS)
    assert str(error.value) == ("small has 0.0 GiB of numbers, and an ONNX file ends at 2 GiB\n"
                                "  hint: leave onnx out of the formats; savedmodel has no such limit")
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize(("absent", "words"), [({"onnx", "onnxruntime"}, "onnx and onnxruntime, which are"), ({"onnxruntime"}, "onnxruntime, which is")])
def test_a_missing_package_is_said_before_anything_is_written(absent: set[str], words: str, tmp_path: Path,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    """Here they need not be installed."""
    monkeypatch.setattr(packages, "find_spec", lambda name: None if name in absent else name)
    with pytest.raises(InputError) as error:
        export(Exportable(artifact()), ["keras", "onnx"], tmp_path, PIXELS)
    assert str(error.value) == f"the format onnx needs {words} not installed\n  hint: pip install 'archspec-keras[onnx]'"
    assert not list(tmp_path.iterdir())
    refuse_missing(["savedmodel", "tflite", "keras"])


def test_a_training_that_could_not_export_does_not_begin(tmp_path: Path) -> None:
    code = ("import sys; from archspec.io import packages; packages.find_spec = lambda name: None; from archspec.cli import run; "
            "code = run(['train', 'resnet20_digits', '--set', 'export.formats=[onnx]']); print(code, 'tensorflow' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "2 False"
    assert "the format onnx needs onnx and onnxruntime, which are not installed" in done.stderr
    assert not list(tmp_path.iterdir())
