"""What a SavedModel can be asked, what it answers, and that it refuses what does not fit."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from artifacts import CLASSES, RULE, artifact
from tensorflow.core.protobuf.config_pb2 import CallableOptions
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from archspec.artifact.artifact import Artifact
from archspec.artifact.keras_model import keras_model
from archspec.export import savedmodel
from archspec.export.exportable import Exportable
from archspec.export.signatures import served
from archspec.preprocess.pixels import fit, normalize

SPEC = """\
archspec: 1
name: colours
input: 16x16x3
classes: 7
stem: [conv: 3x3 8 /2]
stages: {block: basic, repeats: [1, 1], widths: [8, 16], strides: [1, 2]}
head: [global_avg_pool, dropout: 0.5, dense: $classes]
"""
COLOURS = replace(RULE, height=16, width=16, channels=3, mean=(127.5,), std=(64.0,))
PIXELS = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
FILES = np.array([tf.io.encode_png(image).numpy() for image in PIXELS], object)
Ask = Callable[..., dict[str, Any]]


def colours(**changes: Any) -> Artifact:
    return replace(artifact(SPEC, COLOURS), **changes)


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "1"
    savedmodel.write(Exportable(colours(), levels=("P1", "P2")), folder)
    return folder


@pytest.fixture(scope="module")
def ask(version: Path) -> Ask:
    """One session over the graph, as a server runs it: no check of shapes in Python."""
    session = tf.compat.v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        signatures = tf.compat.v1.saved_model.load(session, ["serve"], str(version)).signature_def

    @cache
    def callable_(signature: str) -> Callable[..., Any]:
        sides = signatures[signature].inputs, signatures[signature].outputs
        feed, fetch = ([each.name for each in side.values()] for side in sides)
        return session._make_callable_from_options(CallableOptions(feed=feed, fetch=fetch))

    def asked(signature: str, **inputs: Any) -> dict[str, Any]:
        return dict(zip(signatures[signature].outputs, callable_(signature)(*inputs.values()), strict=True))
    return asked


def examples(files: np.ndarray) -> np.ndarray:
    lists = [tf.train.BytesList(value=[file]) for file in files]
    features = [tf.train.Features(feature={"image/encoded": tf.train.Feature(bytes_list=each)}) for each in lists]
    return np.array([tf.train.Example(features=each).SerializeToString() for each in features], object)


def test_what_can_be_asked_and_what_is_answered(version: Path) -> None:
    signatures = tf.saved_model.load(str(version)).signatures
    answer = {"probabilities": ([None, 7], "float32"), "classes": ([None, 5], "int32"), "labels": ([None, 5], "string"),
              "scores": ([None, 5], "float32")}
    assert {name: ({key: (spec.shape.as_list(), spec.dtype.name) for key, spec in each.structured_input_signature[1].items()},
                   {key: (spec.shape.as_list(), spec.dtype.name) for key, spec in each.structured_outputs.items()})
            for name, each in signatures.items()} == {
        "serving_default": ({"images": ([None, 16, 16, 3], "float32")}, answer),
        "image_pixels": ({"images": ([None, 16, 16, 3], "uint8")}, answer),
        "image_bytes": ({"image_bytes": ([None], "string")}, answer),
        "classify": ({"inputs": ([None], "string")}, {"classes": ([None, 5], "string"), "scores": ([None, 5], "float32")}),
        "features": ({"images": ([None, 16, 16, 3], "float32")},
                     {"embedding": ([None, 16], "float32"), "P1": ([None, 8, 8, 8], "float32"), "P2": ([None, 4, 4, 16], "float32")})}


def test_all_ways_to_ask_give_one_answer(ask: Ask) -> None:
    first = ask("serving_default", images=PIXELS.astype(np.float32))
    assert first["probabilities"].sum(axis=1) == pytest.approx(1, abs=1e-6)
    order = np.argsort(-first["probabilities"], axis=1, kind="stable")[:, :5]
    assert np.array_equal(first["classes"], order)
    assert np.array_equal(first["scores"], np.take_along_axis(first["probabilities"], order, axis=1))
    assert [[name.decode() for name in row] for row in first["labels"]] == [[CLASSES[index] for index in row] for row in order]
    for other in (ask("image_pixels", images=PIXELS), ask("image_bytes", image_bytes=FILES)):
        assert all(np.array_equal(first[key], other[key]) for key in first)
    classified = ask("classify", inputs=examples(FILES))
    assert np.array_equal(classified["classes"], first["labels"])
    assert np.array_equal(classified["scores"], first["scores"])


def test_features_are_keras_own(ask: Ask) -> None:
    model = keras_model(colours())
    layers = {"embedding": "head_global_avg_pool", "P1": colours().graph.features["P1"].value.name, "P2": colours().graph.features["P2"].value.name}
    maps = type(model)(model.inputs, {key: model.get_layer(name).output for key, name in layers.items()})
    images = PIXELS.astype(np.float32)
    expected = maps(normalize(images, COLOURS), training=False)
    for key, found in ask("features", images=images).items():
        assert found == pytest.approx(np.asarray(expected[key]), rel=1e-5, abs=1e-5)


def test_a_file_is_seen_as_in_the_evaluation(ask: Ask) -> None:
    photo = np.random.default_rng(1).integers(0, 256, (40, 31, 3), np.uint8)
    file = np.array([tf.io.encode_png(photo).numpy()], object)
    whole = ask("image_pixels", images=fit(photo, COLOURS)[None])["probabilities"]
    assert ask("image_bytes", image_bytes=file)["probabilities"] == pytest.approx(whole, abs=1e-6)


@pytest.mark.parametrize(("signature", "request_"), [
    ("serving_default", {"images": np.zeros((16, 16, 3), np.float32)}), ("serving_default", {"images": np.zeros((1, 8, 8, 3), np.float32)}),
    ("serving_default", {"images": np.zeros((1, 16, 16, 4), np.float32)}), ("serving_default", {"images": np.zeros((0, 16, 16, 3), np.float32)}),
    ("serving_default", {"images": np.zeros(1, np.float32)}), ("serving_default", {"images": np.zeros((1, 1, 16, 16, 3), np.float32)}),
    ("serving_default", {"images": PIXELS}), ("image_pixels", {"images": PIXELS.astype(np.float32)}),
    ("image_pixels", {"images": PIXELS[:0]}), ("features", {"images": np.zeros((16, 16, 3), np.float32)}),
    ("image_bytes", {"image_bytes": FILES[:0]}), ("image_bytes", {"image_bytes": FILES[0]}), ("image_bytes", {"image_bytes": FILES[:, None]}),
    ("image_bytes", {"image_bytes": np.array([b"no image"], object)}), ("image_bytes", {"image_bytes": np.array([*FILES, b""], object)}),
    ("image_bytes", {"image_bytes": np.array([FILES[0][:90]], object)}), ("image_bytes", {"image_bytes": np.float32([1.5])}),
    ("classify", {"inputs": np.array([b"no example"], object)}), ("classify", {"inputs": np.array([b""], object)}),
    ("classify", {"inputs": examples(FILES)[:0]}), ("classify", {"inputs": examples(FILES)[0]})])
def test_what_does_not_fit_is_an_error_to_the_client(signature: str, request_: Mapping[str, Any], ask: Ask) -> None:
    with pytest.raises((tf.errors.InvalidArgumentError, TypeError)):
        ask(signature, **request_)
    assert len(ask("image_pixels", images=PIXELS)["labels"]) == 3


def test_the_graph_is_one_that_a_server_runs(version: Path) -> None:
    """Nothing of Python, of XLA, of a device or of chance, and the network stands in it once."""
    meta, = SavedModel.FromString((version / "saved_model.pb").read_bytes()).meta_graphs
    functions = meta.graph_def.library.function
    nodes = [*meta.graph_def.node, *(node for function in functions for node in function.node_def)]
    assert not [node.op for node in nodes if "Py" in node.op or "Xla" in node.op or "Random" in node.op]
    assert not any(function.attr["_XlaMustCompile"].b for function in functions)
    assert {node.device for node in nodes} <= {"", "/device:CPU:0", "/device:CPU:*"}  # TensorFlow's own, where weights are read
    assert sum(node.op == "MatMul" for node in nodes) == 1
    assert list(meta.meta_info_def.tags) == ["serve"]


def test_what_lies_in_a_version(version: Path) -> None:
    extra = version / "assets.extra"
    names = "".join(f"{name}\n" for name in CLASSES)
    assert (version / "assets/labels.txt").read_text("utf-8") == (extra / "labels.txt").read_text("utf-8") == names
    assert (extra / "spec.yaml").read_text("utf-8") == colours().spec
    facts = json.loads((extra / "artifact.json").read_text())
    assert (facts["fingerprint"], facts["data"], facts["protocol"]["crops"]) == (colours().fingerprint, colours().data, "1")
    assert facts["preprocess"] == COLOURS.to_json()
    assert facts["metrics"] == dict(colours().metrics)


def test_only_images_that_files_can_hold_are_asked_for_as_files() -> None:
    assert served(Exportable(colours())) == ("serving_default", "image_pixels", "image_bytes", "classify", "features")
    five = SPEC.replace("16x16x3", "16x16x5")
    assert served(Exportable(artifact(five, replace(COLOURS, channels=5)))) == ("serving_default", "image_pixels", "features")


@pytest.mark.parametrize(("head", "width"), [("conv: 1x1 $classes, global_avg_pool", 16), ("flatten, dense: 12, dense: $classes", 12)])
def test_the_embedding_is_what_the_last_layer_takes(head: str, width: int, tmp_path: Path) -> None:
    other = artifact(SPEC.replace("global_avg_pool, dropout: 0.5, dense: $classes", head), COLOURS)
    savedmodel.write(Exportable(other), tmp_path / "1")
    features = tf.saved_model.load(str(tmp_path / "1")).signatures["features"]
    assert features(images=tf.constant(PIXELS, tf.float32))["embedding"].shape == (3, width)
