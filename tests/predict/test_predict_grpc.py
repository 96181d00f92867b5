"""What a server over gRPC may answer, and what is said of it."""

from __future__ import annotations

import socket
import sys
from types import SimpleNamespace
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf.any_pb2 import Any as Packed
from served import Servable, grpc_server
from tensorflow.core.framework import types_pb2
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow.core.framework.tensor_shape_pb2 import TensorShapeProto

from archspec.errors import InputError
from archspec.predict.address import address
from archspec.predict.grpc import Grpc
from archspec.predict.images import Image
from archspec.predict.served import Served, connected

CODES = grpc.StatusCode
JPEG = b"\xff\xd8\xff\xc0\0\x11\x08\0\1\0\1\3" + bytes(9) + b"\xff\xd9"


@pytest.mark.parametrize(("code", "message"), [
    (CODES.NOT_FOUND, "the server answers NOT_FOUND: as told\n  hint: is the model served under that name, and loaded?"),
    (CODES.INVALID_ARGUMENT, "as told"),
    (CODES.RESOURCE_EXHAUSTED, "the server answers RESOURCE_EXHAUSTED: as told"),
    (CODES.UNIMPLEMENTED, "the server answers UNIMPLEMENTED: as told"),
    (CODES.DEADLINE_EXCEEDED, "no answer within 30 s\n  hint: --timeout SECONDS waits longer"),
])
def test_codes_of_errors(code: grpc.StatusCode, message: str, servable: Servable) -> None:
    with grpc_server(servable, fails=code) as server, pytest.raises(InputError) as error:
        connected(f"{server}/small", 30)
    assert str(error.value) == f"{server}/small: {message}"


def test_a_name_that_is_not_served(servable: Servable) -> None:
    with grpc_server(servable) as server, pytest.raises(InputError) as error:
        connected(f"{server}/other", 30)
    assert str(error.value) == (f"{server}/other: the server answers NOT_FOUND: Servable not found for request: Latest(other)\n"
                                "  hint: is the model served under that name, and loaded?")


def test_where_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(InputError) as error:
        connected(f"grpc://127.0.0.1:{port}/small", 30)
    assert str(error.value).startswith(f"grpc://127.0.0.1:{port}/small: no connection to 127.0.0.1:{port}: ")
    assert str(error.value).endswith("\n  hint: is the server running, and this the port of its gRPC interface (--port)?")


def test_a_server_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = f"grpc://127.0.0.1:{silent.getsockname()[1]}/small"
        with pytest.raises(InputError) as error:
            connected(server, 0.3)
    assert str(error.value) == f"{server}: no answer within 0.3 s\n  hint: --timeout SECONDS waits longer"


def test_images_that_the_server_refuses_are_told_one_by_one(servable: Servable) -> None:
    servable.asked.clear()
    with grpc_server(servable) as server:
        answers = connected(f"{server}/small", 30)([Image("a", lambda: JPEG)] * 2)
    assert [each.why for each in answers] == ["the server says: Input is not an image"] * 2
    assert servable.asked[1:] == [2, 1, 1]


def sent(columns: int = 2, **values: Any) -> TensorProto:
    return TensorProto(tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in (1, columns)]), **values)


@pytest.mark.parametrize("tensor", [
    None, sent(1 << 40, dtype=types_pb2.DT_FLOAT, float_val=[1.0]), sent(dtype=types_pb2.DT_FLOAT, tensor_content=b"abc"),
    sent(dtype=types_pb2.DT_INT8, int_val=[300, 300]), sent(dtype=types_pb2.DT_HALF, half_val=[70000, 70000]),
    sent(dtype=types_pb2.DT_BFLOAT16, half_val=[70000, 70000]), sent(dtype=types_pb2.DT_COMPLEX64, scomplex_val=[0.5] * 4),
    sent(dtype=types_pb2.DT_STRING, string_val=[b"0.5", b"0.5"]), sent(dtype=types_pb2.DT_BOOL, bool_val=[True, False]),
    sent(dtype=types_pb2.DT_QUINT8, int_val=[1, 0]), sent(dtype=types_pb2.DT_VARIANT), sent(dtype=types_pb2.DT_INT32, int_val=[1, 0]), sent(),
])
def test_an_answer_without_probabilities_or_none_that_are_numbers(tensor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Grpc, "_call", lambda *_: SimpleNamespace(outputs={} if tensor is None else {"probabilities": tensor}))
    with pytest.raises(InputError, match="the answer holds no probabilities, or none that can be read"):
        Grpc(address("grpc://127.0.0.1:1/small"), 1).ask("image_bytes", "image_bytes", [b"x"])


@pytest.mark.parametrize("tensor", [
    sent(dtype=types_pb2.DT_FLOAT, float_val=[1.0, 0.0]), sent(dtype=types_pb2.DT_DOUBLE, double_val=[1.0, 0.0]),
    sent(dtype=types_pb2.DT_HALF, half_val=[0x3C00, 0]), sent(dtype=types_pb2.DT_BFLOAT16, half_val=[0x3F80, 0])])
def test_kinds_of_probabilities(tensor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Grpc, "_call", lambda *_: SimpleNamespace(outputs={"probabilities": tensor}))
    found = Grpc(address("grpc://127.0.0.1:1/small"), 1).ask("image_bytes", "image_bytes", [b"x"]).probabilities
    assert (found.dtype, found.tolist()) == (np.float64, [[1.0, 0.0]])


def test_metadata_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    signatures = Packed(type_url="type.googleapis.com/tensorflow.serving.SignatureDefMap", value=b"\xff")
    monkeypatch.setattr(Grpc, "_call", lambda *_: SimpleNamespace(metadata={"signature_def": signatures}))
    with pytest.raises(InputError, match="the answer holds no signatures"):
        Grpc(address("grpc://127.0.0.1:1/small"), 1).signatures()


@pytest.mark.parametrize(("classes", "labels", "message"), [
    (1, "a", "answers with classes that are not [1, k] numbers from 0 to 1"),
    ([[[1]]], [["a"]], "answers with classes that are not [1, k] numbers from 0 to 1"),
    ([[0.5]], [["a"]], "answers with classes that are not [1, k] numbers from 0 to 1"),
    ([[True]], [["a"]], "answers with classes that are not [1, k] numbers from 0 to 1"),
    ([[1]], "a", "answers with labels that are not [1, k] texts"),
    ([[1]], [[["a"]]], "answers with labels that are not [1, k] texts")])
def test_classes_of_another_form(classes: Any, labels: Any, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = {name: tf.make_tensor_proto(value) for name, value in (("probabilities", [[1.0, 0.0]]), ("classes", classes), ("labels", labels))}
    monkeypatch.setattr(Grpc, "_call", lambda *_: SimpleNamespace(outputs=outputs))
    place = address("grpc://127.0.0.1:1/small")
    with pytest.raises(InputError) as error:
        Served("MODEL", Grpc(place, 1), "image_bytes", "image_bytes")([Image("a", lambda: JPEG)])
    assert str(error.value) == f"MODEL {message}"


def test_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow_serving", None)
    with pytest.raises(InputError) as error:
        connected("grpc://127.0.0.1:1/small", 1)
    assert str(error.value) == ("grpc:// needs tensorflow-serving-api, which is not installed\n  hint: pip install 'archspec-keras[serving]'; or use "
                                "the server's REST address, http://HOST:8501/v1/models/NAME, which needs none")
