"""A small SavedModel that keeps to every rule, to be broken."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

Edit = Callable[[Callable[[Any], None]], Path]
LABELS = ("cat", "dög", "owl")
EXAMPLE = {"image/encoded": tf.io.FixedLenFeature((), tf.string)}


class Small(tf.Module):
    """Signatures serving_default, image_bytes and classify over one dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = tf.Variable(tf.random.stateless_normal((8 * 8, 3), (1, 2)), trainable=False)

    @tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 1), tf.float32, "images")])
    def default(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        flat = tf.reshape(tf.ensure_shape(images, (None, 8, 8, 1)), (-1, 64)) / 255
        probabilities = tf.nn.softmax(flat @ self.weight)
        scores, classes = tf.math.top_k(probabilities, 2)
        return {"probabilities": probabilities, "classes": classes, "labels": tf.gather(tf.constant(LABELS), classes), "scores": scores}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, "image_bytes")])
    def image_bytes(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        def decode(data: tf.Tensor) -> tf.Tensor:
            return tf.image.resize(tf.io.decode_image(data, channels=1, expand_animations=False), (8, 8))
        images = tf.map_fn(decode, tf.ensure_shape(image_bytes, (None,)), fn_output_signature=tf.TensorSpec((8, 8, 1)))
        return self.default(images)

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, "inputs")])
    def classify(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        found = self.image_bytes(tf.io.parse_example(tf.ensure_shape(inputs, (None,)), EXAMPLE)["image/encoded"])
        return {"classes": found["labels"], "scores": found["scores"]}


def saved(module: tf.Module, signatures: dict[str, Any], version: Path) -> Path:
    """Writes a version."""
    tf.saved_model.save(module, str(version), signatures=signatures)
    return version


@pytest.fixture(scope="session")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    module = Small()
    version = tmp_path_factory.mktemp("serving") / "small/3"
    saved(module, {"serving_default": module.default, "image_bytes": module.image_bytes, "classify": module.classify}, version)
    (version / "assets.extra").mkdir()
    (version / "assets.extra/labels.txt").write_text("".join(f"{name}\n" for name in LABELS))
    base = version.parent
    (base / "batching.config").write_text("max_batch_size { value: 8 }\nallowed_batch_sizes: 1\nallowed_batch_sizes: 8  # sizes\n")
    (base / "model.config").write_text('model_config_list { config { name: "small" base_path: "/models/small" model_platform: "tensorflow" } }')
    return base


@pytest.fixture
def base(_whole: Path, tmp_path: Path) -> Path:
    """The folder of the model, with version 3; may be changed."""
    return Path(shutil.copytree(_whole, tmp_path / "small"))


@pytest.fixture
def version(base: Path) -> Path:
    return base / "3"


@pytest.fixture
def edited(version: Path) -> Edit:
    """Changes the version's meta graph."""
    def edit(change: Callable[[Any], None]) -> Path:
        saved_model = SavedModel.FromString((version / "saved_model.pb").read_bytes())
        change(saved_model.meta_graphs[0])
        (version / "saved_model.pb").write_bytes(saved_model.SerializeToString())
        return version
    return edit
