"""TFLite files: their operations, how they are quantised, and what they say of themselves."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from artifacts import RULE

import archspec
from archspec.artifact.artifact import Artifact, shapes
from archspec.export import tflite
from archspec.export.exportable import Exportable
from archspec.export.exporters import EXPORTERS, NotEqual, export
from archspec.export.runners import RUNNERS
from archspec.export.tflite_file import operations
from archspec.graph import ops
from archspec.preprocess.rule import Preprocess
from archspec.spec.arch import Spec
from archspec.spec.export import QUANTIZED, ExportSection

PIXELS = np.random.default_rng(0).uniform(0, 255, (64, 8, 8, 4)).astype(np.float32)
PLAIN = ExportSection()
NET = "archspec: 1\nname: net\ninput: 8x8x4\nclasses: 3\nstem: {stem}\nstages: {stages}\nhead: [global_avg_pool, dense: $classes]\n"


def network(folder: Path, text: str) -> Artifact:
    path = folder / "net.yaml"
    path.write_text(text)
    return filled(archspec.load(str(path)), RULE)


def filled(spec: Spec, rule: Preprocess) -> Artifact:
    """With kernels and statistics as a training leaves them."""
    graph, draw = archspec.lower(spec), np.random.default_rng(0)

    def drawn(name: str, shape: tuple[int, ...]) -> np.ndarray:
        if name in ("gamma", "moving_variance"):
            return draw.uniform(0.5, 1.5, shape).astype(np.float32)
        return draw.normal(0, (2 / max(1, int(np.prod(shape[:-1])))) ** 0.5 if name == "kernel" else 0.1, shape).astype(np.float32)
    weights = {key: drawn(key[1], shape) for key, shape in shapes(graph).items()}
    return Artifact(spec.to_yaml(expand=True), graph, weights, ("cat", "dög", "owl"), rule, {}, {}, "0", several=False)


def made(found: Artifact, options: ExportSection = PLAIN) -> Exportable:
    return Exportable(found, options, calibration=lambda: PIXELS)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """Grouped convolutions, and sums with a ReLU behind."""
    return network(tmp_path_factory.mktemp("net"), NET.format(
        stem="[conv: 3x3 8 act=relu]", stages="{block: bottleneck, repeats: [1], widths: [4], cardinality: 2}"))


@pytest.fixture(scope="module")
def files(small: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All files of one network, and the report of them."""
    folder = tmp_path_factory.mktemp("files")
    wanted = made(small)
    export(wanted, ["tflite", *(f"tflite_{mode}" for mode in QUANTIZED)], folder, PIXELS)
    return folder


def kinds(path: Path) -> Counter[str]:
    return Counter(each.kind for each in operations(path.read_bytes()))


def test_a_grouped_convolution_and_a_sum_with_its_relu_are_one_operation_each(files: Path) -> None:
    assert kinds(files / "model.tflite") == {"SUB": 1, "MUL": 1, "CONV_2D": 5, "ADD": 1, "MEAN": 1, "FULLY_CONNECTED": 1, "SOFTMAX": 1}


def test_int8_reckons_in_whole_numbers_but_for_the_probabilities(files: Path) -> None:
    rows = {row["format"]: row for row in json.loads((files / "parity.json").read_text())["artefacts"]}
    assert rows["tflite_int8"]["in_float"] == []
    assert rows["tflite_int8"]["operations"] == rows["tflite"]["operations"]
    assert rows["tflite"]["in_float"] == []
    assert {name: row["path"] for name, row in rows.items()} == {name: EXPORTERS[name].place for name in rows}
    assert all(row["lost_accuracy"] <= 0.01 for row in rows.values())
    assert rows["tflite_float16"]["max_difference"] < rows["tflite_int8"]["max_difference"] < 0.05


@pytest.mark.parametrize("name", ["model.tflite", "model_float16.tflite", "model_dynamic.tflite", "model_int8.tflite", "model_int16x8.tflite"])
def test_each_file_has_one_named_signature_and_built_in_operations_alone(name: str, files: Path) -> None:
    signatures = Interpreter(model_path=str(files / name)).get_signature_list()
    assert signatures == {"serving_default": {"inputs": ["images"], "outputs": ["probabilities"]}}
    assert set(kinds(files / name)) <= set(vars(schema.BuiltinOperator)) - {"CUSTOM"}
    assert not [kind for kind in kinds(files / name) if kind.startswith("Flex")]


SECOND = """
  - conv: 3x3 8
  - keep: here
  - slice: 4 first=4
  - coordinates
  - conv: 1x1 8
  - position
  - blur_pool: 4x3 /2
  - attention: 2
  - norm: global_response
  - conv_transpose: 3x3 8 /2
  - join: here merge=weighted
  - gate: [branches: [[reduce: mean], [reduce: max]], conv: 3x3 1 act=sigmoid]
  - branches: {merge: select, paths: [[], [conv: 3x3 8]], by: [global_avg_pool, dense: 16]}
  - pad: 1 mode=reflect
  - pad: [-2, 0, 0, -2]
  - reshape: [1, '?', 8]
  - permute: hcw
  - conv: 1x1 64 act=gelu
  - permute: hcw
  - reshape: 8x8x8
  - branches: {merge: rows, paths: [[], [max_pool: 2x2 /2, upsample: to=here]]}
  - conv: 3x3 8 standardize
"""


def test_each_operation_of_the_second_part_in_each_mode(tmp_path: Path) -> None:
    """Built in, quantised where it can be, and as near to float32 as other networks are."""
    found = network(tmp_path, NET.format(stem=SECOND, stages="[]"))
    reports = export(made(found, ExportSection(tolerance=0.05)), ["tflite", *(f"tflite_{mode}" for mode in QUANTIZED)], tmp_path, PIXELS)
    assert {name: report.agreement > 0.9 for name, report in reports.items()} == dict.fromkeys(reports, True)
    for name in reports:
        assert not [kind for kind in kinds(tmp_path / EXPORTERS[name].place) if kind.startswith(("Flex", "CUSTOM"))]


def test_constants_lie_where_tflite_wants_them(files: Path) -> None:
    """The generated code, and so the converter, puts them anywhere."""
    for path in files.glob("*.tflite"):
        model = schema.Model.GetRootAs(path.read_bytes(), 0)
        begins = [buffer._tab.Vector(buffer._tab.Offset(4)) for buffer in map(model.Buffers, range(model.BuffersLength())) if buffer.DataLength()]
        assert begins
        assert {begin % 16 for begin in begins} == {0}


def test_class_names_and_preprocessing_are_inside(files: Path) -> None:
    for path in files.glob("*.tflite"):
        with zipfile.ZipFile(path) as file:
            assert file.read("labels.txt").decode() == "cat\ndög\nowl\n"
            assert json.loads(file.read("preprocess.json")) == {
                "pixels": "inside", "normalization": {"mean": [0.0], "std": [1.0]}, "rule": json.loads(json.dumps(RULE.to_json()))}


def table(data: bytes, begin: int) -> dict[int, int]:
    """Where the fields of a flatbuffer's table are, by their places in the schema."""
    fields = begin - int.from_bytes(data[begin:begin + 4], "little", signed=True)
    size = int.from_bytes(data[fields:fields + 2], "little")
    starts = [int.from_bytes(data[at:at + 2], "little") for at in range(fields + 4, fields + size, 2)]
    return {place: begin + start for place, start in enumerate(starts) if start}


def follow(data: bytes, at: int) -> int:
    return at + int.from_bytes(data[at:at + 4], "little")


def first(data: bytes, at: int) -> int:
    """The first table of a vector of them."""
    return follow(data, follow(data, at) + 4)


def text(data: bytes, at: int) -> str:
    begin = follow(data, at)
    return data[begin + 4:begin + 4 + int.from_bytes(data[begin:begin + 4], "little")].decode()


def floats(data: bytes, at: int) -> list[float]:
    begin = follow(data, at)
    return np.frombuffer(data, "<f4", int.from_bytes(data[begin:begin + 4], "little"), begin + 4).tolist()


def described(path: Path) -> tuple[bytes, dict[int, int]]:
    """The metadata of a file, and the fields of its one SubGraphMetadata."""
    model = schema.Model.GetRootAs(path.read_bytes(), 0)
    entry = next(each for each in map(model.Metadata, range(model.MetadataLength())) if each.Name() == b"TFLITE_METADATA")
    data = model.Buffers(entry.Buffer()).DataAsNumpy().tobytes()
    assert data[4:8] == b"M001"
    root = table(data, follow(data, 0))
    assert (text(data, root[0]), text(data, root[7])) == ("net", "1.0.0")
    return data, table(data, first(data, root[3]))


def test_metadata_name_the_labels_and_the_normalisation(small: Artifact, tmp_path: Path) -> None:
    """Field by field after metadata_schema.fbs; MediaPipe reads the same, but cannot be asked here."""
    tflite.write(made(small, ExportSection(pixels="outside")), tmp_path / "model.tflite")
    data, graph = described(tmp_path / "model.tflite")
    images, scores = table(data, first(data, graph[2])), table(data, first(data, graph[3]))
    names = table(data, first(data, scores[6]))
    assert (text(data, images[0]), text(data, scores[0]), text(data, names[0]), data[names[2]]) == ("images", "probabilities", "labels.txt", 2)
    unit = table(data, first(data, images[4]))
    options = table(data, follow(data, unit[1]))
    assert (data[unit[0]], floats(data, options[0]), floats(data, options[1])) == (1, [120, 110, 100, 90], [50, 60, 70, 80])
    stats = table(data, follow(data, images[5]))
    assert floats(data, stats[1]) == pytest.approx([-120 / 50, -110 / 60, -100 / 70, -90 / 80])
    assert kinds(tmp_path / "model.tflite")["SUB"] == 0


@pytest.mark.parametrize(("options", "dtype"), [
    (ExportSection(integers="uint8"), np.uint8), (ExportSection(integers="int8", pixels="outside"), np.int8)])
def test_whole_numbers_in_and_out(options: ExportSection, dtype: type, small: Artifact, files: Path, tmp_path: Path) -> None:
    export(made(small, options), ["tflite_int8"], tmp_path, PIXELS)
    path = tmp_path / "model_int8.tflite"
    runner = Interpreter(model_path=str(path)).get_signature_runner("serving_default")
    assert (runner.get_input_details()["images"]["dtype"], runner.get_output_details()["probabilities"]["dtype"]) == (dtype, dtype)
    expected = EXPORTERS["tflite"].run(files / "model.tflite", PIXELS)
    assert EXPORTERS["tflite_int8"].run(path, PIXELS) == pytest.approx(expected, abs=0.05)
    if dtype is np.uint8:
        assert runner.get_input_details()["images"]["quantization"] == pytest.approx((1.0, 0), abs=0.01)


def test_the_same_network_gives_the_same_bytes(small: Artifact, files: Path, tmp_path: Path) -> None:
    tflite.write(made(small), tmp_path / "again.tflite")
    assert (tmp_path / "again.tflite").read_bytes() == (files / "model.tflite").read_bytes()


def outlier(folder: Path, times: float) -> Artifact:
    """One channel of a convolution is so much larger that whole numbers have nothing left for the others; the next one undoes it."""
    base = network(folder, NET.format(stem="[conv: 3x3 8 act=relu, conv: 3x3 8 act=relu, conv: 3x3 8 act=relu]", stages="[]").replace("stages: []\n", ""))
    weights = {key: array.copy() for key, array in base.weights.items()}
    convs = [key for key in weights if key[1] == "kernel" and weights[key].ndim == 4]
    norm = next(node for node, name in weights if name == "gamma")
    for name in ("gamma", "beta"):
        weights[norm, name][0] *= times
    weights[convs[1]][:, :, 0] /= times
    return replace(base, weights=weights)


def test_what_whole_numbers_spoil_stays_in_float_and_no_more(tmp_path: Path) -> None:
    spoilt = outlier(tmp_path, 3e4)
    export(made(spoilt, ExportSection(accuracy_drop=0.001)), ["tflite_int8"], tmp_path / "a", PIXELS)
    (row,) = json.loads((tmp_path / "a" / "parity.json").read_text())["artefacts"]
    assert {"stem_conv1", "stem_conv2"} <= set(row["in_float"])
    assert "stem_conv3" not in row["in_float"]
    export(made(spoilt, ExportSection(accuracy_drop=0.9)), ["tflite_int8"], tmp_path / "b", PIXELS)
    (other,) = json.loads((tmp_path / "b" / "parity.json").read_text())["artefacts"]
    assert other["in_float"] == []
    assert row["max_difference"] < other["max_difference"] / 3


def test_one_that_loses_too_much_is_thrown_away(small: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turned = replace(EXPORTERS["tflite_dynamic"], kind="turned")
    monkeypatch.setitem(EXPORTERS, "tflite_dynamic", turned)
    monkeypatch.setitem(RUNNERS, "turned", lambda path: lambda images: np.eye(3)[np.zeros(len(images), int)])
    with pytest.raises(NotEqual, match=r"tflite_dynamic: .* export.accuracy_drop is 0.01. It was not kept"):
        export(made(small), ["tflite_dynamic"], tmp_path, PIXELS)
    assert not list(tmp_path.glob("*.tflite"))


FAMILIES = {"cifar_resnext29_32x4d": "1, 1, 1", "densenet121": "1, 1, 1, 1", "keras_resnet50v2": "1, 1, 1, 1", "regnet_x_400mf": "1, 1, 1, 1",
            "se_resnet50_post": "1, 1, 1, 1"}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "repeats"), FAMILIES.items(), ids=FAMILIES)
def test_members_of_families_convert_with_one_operation_for_each_convolution(name: str, repeats: str, tmp_path: Path) -> None:
    rule = replace(RULE, height=32, width=32, channels=3, mean=(120.0,), std=(60.0,))
    found = filled(archspec.load(name, ["input=32x32x3", "classes=3", f"stages.repeats=[{repeats}]"]), rule)
    pixels = np.random.default_rng(1).uniform(0, 255, (4, 32, 32, 3)).astype(np.float32)
    wanted = made(found)
    export(wanted, ["tflite"], tmp_path, pixels)
    convolutions = [node for node in wanted.network.graph.nodes if isinstance(node.op, ops.Conv | ops.Depthwise)]
    there = kinds(tmp_path / "model.tflite")
    assert there["CONV_2D"] + there["DEPTHWISE_CONV_2D"] == len(convolutions)
    assert set(there) <= set(vars(schema.BuiltinOperator)) - {"CUSTOM"}


def test_a_network_that_int16x8_does_not_take(tmp_path: Path) -> None:
    wanted = made(network(tmp_path, NET.format(stem="[conv: 3x3 8 norm=layer_norm]", stages="{block: basic, repeats: [1], widths: [8]}")))
    with pytest.raises(NotEqual, match=r"tflite_int16x8 cannot be made of this network: .*SquaredDifference only supports .*; "
                                       r"leave int16x8 out of export\.quantize\. It was not kept"):
        export(wanted, ["tflite_int16x8"], tmp_path, PIXELS)
