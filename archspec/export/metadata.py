"""What a TFLite file says of itself, in the form that TFLite Task and MediaPipe read.

A flatbuffer of TFLite's metadata schema (metadata_schema.fbs 1.0, identifier M001) lies in a buffer of the model; the files
that it names lie in a zip behind the model, where any reader of zip files finds them, too. Written here because
tflite-support, which has a writer, needs a protobuf of 2021, and MediaPipe's own needs a part that its package lacks.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from archspec.export import labels
from archspec.export.exportable import Exportable
from archspec.spec.preprocess import WHITE

NAME = b"TFLITE_METADATA"
"""Of the model's buffer."""
PREPROCESS = "preprocess.json"
ALIGNED = 16
"""Bytes at whose multiples TFLite wants its constants; the generated code knows nothing of it."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of each file inside, so that the same network gives the same bytes."""
IMAGE, AXIS_LABELS, NORMALIZATION = 2, 2, 1
"""Of the schema: ContentProperties.ImageProperties, AssociatedFileType.TENSOR_AXIS_LABELS, ProcessUnitOptions' first."""
COLOURS = {1: 2, 3: 1}
"""By channels: GRAYSCALE and RGB of ColorSpaceType."""


@dataclass(frozen=True)
class Normalization:
    """What is left for the caller to do: (pixel - mean) / std, one number or one a channel, red first."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


def normalization(made: Exportable) -> Normalization:
    """What an export wants of its pixels."""
    rule = made.artifact.preprocess
    if made.options.pixels == "inside":
        return Normalization((0.0,), (1.0,))
    turned = -1 if rule.order == "bgr" else 1
    return Normalization(rule.mean[::turned], rule.std[::turned])


def described(content: bytes, made: Exportable) -> bytes:
    """A TFLite file with its metadata, class names and preprocessing inside, and its constants where they belong."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    model.buffers = [_Aligned(each.data) for each in (*model.buffers, schema.BufferT(np.frombuffer(_metadata(made), np.uint8)))]
    entry = schema.MetadataT(NAME, len(model.buffers) - 1)
    model.metadata = [*(model.metadata or []), entry]
    builder = flatbuffers.Builder(len(content) + (1 << 16))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output()) + _files(made)


class _Aligned(schema.BufferT):
    """A buffer of a model whose data begin at a multiple of ALIGNED."""

    def Pack(self, builder: Any) -> int:
        """As the generated one, aligned."""
        data = None if self.data is None or not len(self.data) else _bytes(builder, np.ascontiguousarray(self.data, np.uint8))
        schema.BufferStart(builder)
        if data is not None:
            schema.BufferAddData(builder, data)
        return int(schema.BufferEnd(builder))


def _bytes(builder: Any, data: np.ndarray) -> int:
    builder.StartVector(1, data.size, ALIGNED)
    builder.head = builder.Head() - data.size
    builder.Bytes[builder.Head():builder.Head() + data.size] = data.tobytes()
    return int(builder.EndVector())


def _files(made: Exportable) -> bytes:
    """The zip behind the model: class names in the order of the outputs, and what is done to an image before."""
    rule, said = made.artifact.preprocess, normalization(made)
    document = {"pixels": made.options.pixels, "normalization": {"mean": said.mean, "std": said.std}, "rule": rule.to_json()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(zipfile.ZipInfo(labels.NAME, EPOCH), labels.text(made.artifact.classes))
        file.writestr(zipfile.ZipInfo(PREPROCESS, EPOCH), json.dumps(document, indent=2) + "\n")
    return packed.getvalue()


# -- the flatbuffer: each table is made after those that it holds ------------------------------------------------------------

Put = Callable[[Any, int], None]
"""Writes one field of the table that is being made, at its place."""


def _metadata(made: Exportable) -> bytes:
    """ModelMetadata; the numbers are the places of fields in the schema's tables."""
    artifact, builder = made.artifact, flatbuffers.Builder(1024)
    graph = _table(builder, 10, {2: _tables(builder, [_image(builder, made)]), 3: _tables(builder, [_scores(builder)])})
    builder.Finish(_table(builder, 8, {
        0: _text(builder, artifact.name), 1: _text(builder, "Image classification, made by archspec"),
        2: _text(builder, artifact.fingerprint), 3: _tables(builder, [graph]),
        6: _tables(builder, [_file(builder, PREPROCESS, "What is done to an image before", 0)]),
        7: _text(builder, "1.0.0")}), b"M001")
    return bytes(builder.Output())


def _image(builder: Any, made: Exportable) -> int:
    """TensorMetadata of the input: an image of this size, how it is normalised, and the range of its numbers then."""
    rule, said = made.artifact.preprocess, normalization(made)
    low, high = ([(level - mean) / std for mean, std in zip(said.mean, said.std, strict=False)] for level in (0.0, WHITE))
    size = _table(builder, 2, {0: _whole(rule.width), 1: _whole(rule.height)})
    properties = _table(builder, 2, {0: _byte(COLOURS.get(rule.channels, 0)), 1: _at(size)})
    content = _table(builder, 3, {0: _byte(IMAGE), 1: _at(properties)})
    options = _table(builder, 2, {0: _floats(builder, said.mean), 1: _floats(builder, said.std)})
    unit = _table(builder, 2, {0: _byte(NORMALIZATION), 1: _at(options)})
    stats = _table(builder, 2, {0: _floats(builder, high), 1: _floats(builder, low)})
    return _table(builder, 7, {
        0: _text(builder, "images"), 1: _text(builder, "Pixels, red first"), 3: _at(content), 4: _tables(builder, [unit]),
        5: _at(stats)})


def _scores(builder: Any) -> int:
    """TensorMetadata of the output: a probability for each line of the file of class names."""
    names = _file(builder, labels.NAME, "Class names, in the order of the probabilities", AXIS_LABELS)
    stats = _table(builder, 2, {0: _floats(builder, [1.0]), 1: _floats(builder, [0.0])})
    return _table(builder, 7, {0: _text(builder, "probabilities"), 1: _text(builder, "Of each class"), 5: _at(stats),
                               6: _tables(builder, [names])})


def _file(builder: Any, name: str, description: str, kind: int) -> int:
    """AssociatedFile."""
    return _table(builder, 5, {0: _text(builder, name), 1: _text(builder, description), 2: _byte(kind)})


def _table(builder: Any, fields: int, puts: Mapping[int, Put]) -> int:
    builder.StartObject(fields)
    for place, put in puts.items():
        put(builder, place)
    return int(builder.EndObject())


def _at(offset: int) -> Put:
    return lambda builder, place: builder.PrependUOffsetTRelativeSlot(place, offset, 0)


def _byte(value: int) -> Put:
    return lambda builder, place: builder.PrependUint8Slot(place, value, 0)


def _whole(value: int) -> Put:
    return lambda builder, place: builder.PrependUint32Slot(place, value, 0)


def _text(builder: Any, text: str) -> Put:
    return _at(builder.CreateString(text))


def _floats(builder: Any, values: Sequence[float]) -> Put:
    return _at(builder.CreateNumpyVector(np.array(values, np.float32)))


def _tables(builder: Any, offsets: Sequence[int]) -> Put:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return _at(builder.EndVector())
