"""The warm-up's records are those of TensorFlow Serving's messages, and each is a request that the version answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from artifacts import RULE, artifact
from tensorflow.core.framework.tensor_pb2 import TensorProto

from archspec.errors import InputError
from archspec.export import savedmodel, warmup
from archspec.export.exportable import Exportable
from archspec.export.exporters import refuse

Fields = list[tuple[int, bytes]]


def fields(message: bytes) -> Fields:
    """Numbers and contents; of a message whose fields are all of wire type 2, as these are."""
    found, place = Fields(), 0
    while place < len(message):
        key, place = varint(message, place)
        assert key & 7 == 2
        length, place = varint(message, place)
        found.append((key >> 3, message[place:place + length]))
        place += length
    return found


def varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value, shift, place = value | (message[place] & 0x7F) << shift, shift + 7, place + 1
        if message[place - 1] < 0x80:
            return value, place


def requests(path: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """By model and signature what is asked: the numbers of fields are of tensorflow_serving/apis/*.proto."""
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        (kind, log), = fields(record)
        (number, request), = fields(log)
        (spec, model), (_, content) = fields(request)
        (_, name), (signature, asked) = fields(model)
        assert (number, spec, signature) == (1, 1, 3)
        if kind == 6:
            (_, key), (_, value) = fields(content)
            yield name.decode(), asked.decode(), {key.decode(): tf.make_ndarray(TensorProto.FromString(value))}
        else:
            assert kind == 2
            (_, listed), = fields(content)
            yield name.decode(), asked.decode(), {"inputs": np.array([example for _, example in fields(listed)], object)}


def test_each_signature_answers_a_record_of_each_size(tmp_path: Path) -> None:
    savedmodel.write(Exportable(artifact(), batches=(1, 3)), tmp_path / "1")
    signatures = tf.saved_model.load(str(tmp_path / "1")).signatures
    seen = []
    for model, name, inputs in requests(tmp_path / "1/assets.extra/tf_serving_warmup_requests"):
        answer = signatures[name](**{key: tf.constant(value) for key, value in inputs.items()})
        seen.append((model, name, {len(each) for each in answer.values()}))
    names = ("serving_default", "image_pixels", "image_bytes", "classify", "features")
    assert seen == [("small", name, {size}) for size in (1, 3) for name in names]


def test_a_record_is_small_whatever_it_asks_for(tmp_path: Path) -> None:
    rule = replace(RULE, height=224, width=224, channels=3, mean=(0.0,), std=(1.0,))
    large = artifact("archspec: 1\nname: large\ninput: 224x224x3\nclasses: 3\nhead: [global_avg_pool, dense: $classes]\n", rule)
    (tmp_path / "1").mkdir()
    warmup.write(Exportable(large, batches=(64,)), tmp_path / "1")
    path = tmp_path / warmup.PLACE.replace("assets", "1/assets")
    shapes = [next(iter(inputs.values())).shape for _, _, inputs in requests(path)]
    assert shapes == [(64, 224, 224, 3), (64, 224, 224, 3), (64,), (64,), (64, 224, 224, 3)]
    assert path.stat().st_size < 200_000


@pytest.mark.parametrize("channels", [2, 5])
def test_channels_that_no_image_file_has(channels: int, tmp_path: Path) -> None:
    rule = replace(RULE, channels=channels, mean=(0.0,), std=(1.0,))
    text = f"archspec: 1\nname: deep\ninput: 8x8x{channels}\nclasses: 3\nhead: [global_avg_pool, dense: $classes]\n"
    (tmp_path / "1").mkdir()
    warmup.write(Exportable(artifact(text, rule), batches=(2,)), tmp_path / "1")
    asked = [name for _, name, _ in requests(tmp_path / "1/assets.extra/tf_serving_warmup_requests")]
    assert asked == ["serving_default", "image_pixels", "features"]


def test_more_records_than_a_server_takes_are_refused() -> None:
    refuse(Exportable(artifact(), batches=tuple(range(1, 201))), ["savedmodel"])
    many = Exportable(artifact(), batches=tuple(range(1, 202)))
    refuse(many, ["tflite"])
    with pytest.raises(InputError) as error:
        refuse(many, ["tflite", "savedmodel"])
    assert str(error.value) == (
        "201 sizes of a batch: a server loads no version with more than 1000 warm-up requests, and each of 5 signatures has one of "
        "each size\n  hint: 200 sizes at most; 1,2,4,8 is enough for most")
