"""Requests that a server makes to itself before it serves a version: an error then refuses the version, not a client.

tensorflow-serving-api has these messages and comes with a server's worth of others; three levels of fields are written as
easily (tensorflow_serving/apis/prediction_log.proto, predict.proto, classification.proto, input.proto, model.proto).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from archspec.errors import InputError
from archspec.export.companions import EXTRA
from archspec.export.exportable import Exportable
from archspec.export.signatures import BYTES, CLASSIFY, EXAMPLE, PIXELS, served

PLACE = f"{EXTRA}/tf_serving_warmup_requests"
GREY = 128
"""Of every pixel that is asked about."""
MOST_RECORDS = 1000
"""A server refuses a version that has more."""


def refuse_many(made: Exportable) -> None:
    """Raises InputError for more sizes of a batch than a version can be warmed up for."""
    most = MOST_RECORDS // len(served(made))
    if len(made.batches) > most:
        raise InputError(f"{len(made.batches)} sizes of a batch: a server loads no version with more than {MOST_RECORDS} "
                         f"warm-up requests, and each of {len(served(made))} signatures has one of each size\n"
                         f"  hint: {most} sizes at most; 1,2,4,8 is enough for most")


def write(made: Exportable, version: Path) -> None:
    """Writes the records of a version: one of each signature at each size of batch that was asked for."""
    path = version / PLACE
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as file:
        for record in _records(made):
            file.write(record)


def _records(made: Exportable) -> Iterator[bytes]:
    image = encoded(made) if BYTES in served(made) else b""
    for size in made.batches:
        for name in served(made):
            if name == CLASSIFY:
                yield _classify(made.artifact.name, name, [_example(image)] * size)
            elif name == BYTES:
                yield _predict(made.artifact.name, name, "image_bytes", _filled((size,), tf.string, string_val=[image]))
            elif name == PIXELS:
                yield _predict(made.artifact.name, name, "images", _filled(_shape(made, size), tf.uint8, int_val=[GREY]))
            else:
                yield _predict(made.artifact.name, name, "images", _filled(_shape(made, size), tf.float32, float_val=[GREY]))


def encoded(made: Exportable) -> bytes:
    """A grey image as a file, of the size of the network's input."""
    image = tf.fill(made.artifact.preprocess.shape, tf.constant(GREY, tf.uint8))
    write_image = tf.io.encode_png if image.shape[-1] not in (1, 3) else tf.io.encode_jpeg
    return bytes(write_image(image).numpy())


def _shape(made: Exportable, size: int) -> tuple[int, ...]:
    return size, *made.artifact.preprocess.shape


def _filled(shape: Sequence[int], kind: tf.DType, **value: Any) -> bytes:
    """A TensorProto of one value, which stands for all: a batch of 64 photographs takes 30 bytes."""
    from tensorflow.core.framework.tensor_pb2 import TensorProto
    tensor = TensorProto(dtype=kind.as_datatype_enum, tensor_shape=tf.TensorShape(shape).as_proto(), **value)
    return bytes(tensor.SerializeToString())


def _example(image: bytes) -> bytes:
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[image]))
    return bytes(tf.train.Example(features=tf.train.Features(feature={EXAMPLE: feature})).SerializeToString())


def _predict(model: str, signature: str, key: str, tensor: bytes) -> bytes:
    """PredictionLog.predict_log(6).request(1): model_spec(1), inputs(2), a map of key(1) to value(2)."""
    entry = _field(1, key.encode()) + _field(2, tensor)
    return _field(6, _field(1, _field(1, _model(model, signature)) + _field(2, entry)))


def _classify(model: str, signature: str, examples: Sequence[bytes]) -> bytes:
    """PredictionLog.classify_log(2).request(1): model_spec(1), input(2).example_list(1).examples(1)."""
    listed = b"".join(_field(1, each) for each in examples)
    return _field(2, _field(1, _field(1, _model(model, signature)) + _field(2, _field(1, listed))))


def _model(name: str, signature: str) -> bytes:
    """ModelSpec: name(1), signature_name(3)."""
    return _field(1, name.encode()) + _field(3, signature.encode())


def _field(number: int, content: bytes) -> bytes:
    """A field of protobuf's wire type 2: a text, bytes or a message, with its length before it."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    groups = [value >> shift & 0x7F for shift in range(0, max(value.bit_length(), 1), 7)]
    return bytes([*(group | 0x80 for group in groups[:-1]), groups[-1]])
