"""What a server over REST may answer, and what is said of it: in bounded time and memory, and never as if it were right."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from served import Script, Servable, rest, rest_server

from archspec.errors import InputError
from archspec.predict import rest as client
from archspec.predict import served
from archspec.predict.address import address
from archspec.predict.images import Image
from archspec.predict.rest import Rest
from archspec.predict.served import connected

Answer = tuple[int, Mapping[str, str], bytes]
PATH = "/v1/models/small"


def refused(script: Script, path: str = PATH, timeout: float = 30, images: int = 0) -> str:
    """What is said where a server answers so."""
    with rest_server(script) as server, pytest.raises(InputError) as error:
        ask = connected(server + path, timeout)
        ask([Image("?", lambda: PNG)] * images)
    return str(error.value).replace(server, "SERVER")


PNG = (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc`\0\0\0\2\0\1H\xaf\xa4q"
       b"\0\0\0\0IEND\xaeB`\x82")


def always(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Script:
    return lambda method, path, document: (status, headers or {}, body)


@pytest.mark.parametrize(("script", "message"), [
    (always(404, b'{"error": "Could not find any versions of model small"}'),
     "the server answers 404: Could not find any versions of model small\n  hint: is the model served under that name, and loaded?"),
    (always(503, b"<html>\x1b[31mbusy</html>"), r"the server answers 503: <html>\x1b[31mbusy</html>"),
    (always(429, b""), "the server answers 429: nothing"),
    (always(302, b"", {"Location": "http://other/v1/models/small"}),
     "the server sends on to http://other/v1/models/small, which is not followed\n  hint: name that address, if it is the one you mean"),
    (always(200, b"<html>hello"), "the answer is not TensorFlow Serving's: it is no JSON: <html>hello"),
    (always(200, b"[" * 10**6), "the answer is not TensorFlow Serving's: it is no JSON: " + "[" * 400),
    (always(200, b"[1, 2]"), "the answer is not TensorFlow Serving's: metadata of a model is expected"),
    (always(200, b'{"metadata": {"signature_def": {"signature_def": {"a": 3}}}}'),
     "the answer is not TensorFlow Serving's: metadata of a model is expected"),
    (always(200, b'{"metadata": {"signature_def": {"signature_def": {"a": {"inputs": {"x": {"dtype": "DT_STRING", "tensor_shape": '
                 b'{"dim": [{"size": Infinity}]}}}}}}}}'), "the answer is not TensorFlow Serving's: metadata of a model is expected"),
    (always(200, b'{"metadata": {"signature_def": {"signature_def": {"f": {"inputs": {"x": {"dtype": "DT_FLOAT", "tensor_shape": '
                 b'{"dim": [{"size": "-1"}, {"size": "8"}]}}}}}}}}'),
     "no signature of the model goes from encoded images to probabilities: f (x float [?, 8])\n"
     "  hint: serve what archspec export makes, which has image_bytes"),
])
def test_answers_that_are_no_metadata(script: Script, message: str) -> None:
    found = refused(script)
    assert found in (f"SERVER{PATH}: {message}",)


def test_probabilities_of_another_kind() -> None:
    texts = {"dtype": "DT_STRING", "tensor_shape": {"dim": [{"size": "-1"}]}}
    found = {"inputs": {"x": texts}, "outputs": {"probabilities": {"dtype": "DT_COMPLEX64"}}}
    body = json.dumps({"metadata": {"signature_def": {"signature_def": {"f": found}}}}).encode()
    assert refused(always(200, body)).startswith(f"SERVER{PATH}: no signature of the model goes from encoded images to probabilities: f (x string [?])")


def test_lists_in_lists_are_shown_as_they_came() -> None:
    """However deep: what can just be read may be too deep to be written again."""
    rest = Rest(address("http://127.0.0.1:1/v1/models/small"), 1)
    bodies = [b"[" * depth + b"]" * depth for depth in range(500, 1000)]
    assert [rest._document(body, 503) for body in bodies] == [body.decode() for body in bodies]


def _predictions(more: str) -> bytes:
    """Of two images."""
    row = f'{{"probabilities": [1, 0], {more}}}'
    return f'{{"predictions": [{row}, {row}]}}'.encode()


@pytest.mark.parametrize(("status", "body", "message"), [
    (500, b'{"error": "XLA compilation disabled"}', "the server answers 500: XLA compilation disabled"),
    (200, b'{"outputs": []}', "the answer is not TensorFlow Serving's: predictions with probabilities are expected"),
    (200, b'{"predictions": 3}', "the answer is not TensorFlow Serving's: predictions with probabilities are expected"),
    (200, b'{"predictions": [{"scores": [1]}]}', "the answer is not TensorFlow Serving's: predictions with probabilities are expected"),
    (200, b'{"predictions": [{"probabilities": ["a"]}]}',
     "the answer is not TensorFlow Serving's: predictions with probabilities are expected"),
    (200, b'{"predictions": [{"probabilities": [1, 2]}, {"probabilities": [1]}]}',
     "the answer is not TensorFlow Serving's: predictions with probabilities are expected"),
    (200, b'{"predictions": []}', "answers with numbers of shape [0] where [2, classes] is expected"),
    (200, b'{"predictions": [[1, 0]]}', "answers with numbers of shape [1, 2] where [2, classes] is expected"),
    (200, b'{"predictions": [[1, 0], [1, NaN]]}', "answers with what is no finite number"),
    (200, b'{"predictions": [[1, 0], [1, 1e300]]}', "answers with 1e+300 where a probability from 0 to 1 is expected"),
    (200, b'{"predictions": [[1, 0], [1, -1]]}', "answers with -1 where a probability from 0 to 1 is expected"),
    *((200, _predictions(f'"classes": {classes}, "labels": ["a"]'), "answers with classes that are not [2, k] numbers from 0 to 1")
      for classes in ("3", "null", "[[1]]", '["x"]', "[1.5]", "[1.0]", "[NaN]", "[true]", "[-1]", "[2]", "[1e999]", "[1" + "0" * 400 + "]")),
    *((200, _predictions(f'"classes": [0], "labels": {labels}'), "answers with labels that are not [2, k] texts")
      for labels in ('"a"', "null", "[null]", '[{"a": 1}]', '[["a"]]', "3")),
    (200, _predictions('"classes": [1], "labels": ["a", "b"]'), "answers with classes and labels that do not belong together"),
    (200, _predictions('"classes": [1, 1], "labels": ["a", "b"]'), "answers with classes and labels that do not belong together"),
])
def test_answers_that_are_no_predictions(status: int, body: bytes, message: str, servable: Servable) -> None:
    right = rest(servable)

    def script(method: str, path: str, document: Any) -> Answer:
        return right(method, path, document) if method == "GET" else (status, {}, body)
    assert refused(script, images=2).removeprefix(f"SERVER{PATH}").removeprefix(":").strip() == message


def test_an_answer_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MOST_RECEIVED", 1 << 20)
    said = refused(always(200, bytes(3 << 20)))
    assert said == f"SERVER{PATH}: the answer is larger than 1 MiB, and was left there"


@pytest.fixture
def speaks() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """The address of what listens and does something with the first connection."""
    listening = socket.create_server(("127.0.0.1", 0))
    threads = list[threading.Thread]()

    def begin(work: Callable[[socket.socket], None]) -> str:
        def run() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                work(connection)
        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"
    yield begin
    listening.close()
    for thread in threads:
        thread.join()


def _says_nothing(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _trickles(connection: socket.socket, version: bytes = b"1.1") -> None:
    connection.sendall(b"HTTP/" + version + b" 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
    while True:
        connection.sendall(b" ")


def _speaks_otherwise(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    connection.sendall(b"\0\0\x12\x04\0\0\0\0\0")


@pytest.mark.parametrize("work", [_says_nothing, _trickles, partial(_trickles, version=b"1.0")])
def test_waiting_has_an_end(work: Callable[[socket.socket], None], speaks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MOST_RECEIVED", 1 << 40)
    server = speaks(work)
    with pytest.raises(InputError) as error:
        connected(server + PATH, 0.3)
    assert str(error.value) == f"{server}{PATH}: no answer within 0.3 s\n  hint: --timeout SECONDS waits longer"


def test_what_speaks_no_http(speaks: Any) -> None:
    server = speaks(_speaks_otherwise)
    with pytest.raises(InputError) as error:
        connected(server + PATH, 30)
    assert str(error.value) == (f"{server}{PATH}: the answer is not TensorFlow Serving's: it is no HTTP (BadStatusLine)\n"
                                "  hint: REST is served at another port than gRPC, 8501 if nothing is said")


def test_where_nothing_listens(speaks: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(InputError) as error:
        connected(f"http://127.0.0.1:{port}{PATH}", 30)
    assert str(error.value) == (f"http://127.0.0.1:{port}{PATH}: no connection to 127.0.0.1:{port}: Connection refused\n"
                                "  hint: is the server running, and this the port of its REST interface (--rest_api_port)?")


def test_a_bad_image_costs_the_others_nothing(servable: Servable) -> None:
    """It is asked about alone, once the request with all has failed; what is none by its first bytes does not travel."""
    servable.asked.clear()
    almost = PNG[:40] + b"\0" * 4 + PNG[44:]
    group = [Image("a", lambda: PNG), Image("b", lambda: almost), Image("c", lambda: b"text"), Image("d", lambda: PNG)]
    with rest_server(rest(servable)) as server:
        answers = connected(server + PATH, 30)(group)
    assert [getattr(each, "why", "") for each in answers] == ["", "the server says: Input is not an image", "a text", ""]
    assert servable.asked == [3, 1, 1, 1]


def test_what_is_sent_at_once_is_bounded(servable: Servable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "MOST_SENT", 2 * len(PNG))
    servable.asked.clear()
    with rest_server(rest(servable)) as server:
        connected(server + PATH, 30)([Image("a", lambda: PNG)] * 5)
    assert servable.asked == [2, 2, 1]


@pytest.mark.parametrize("text", ["http://host", "http://host/v1/models/", "http://host/v2/models/a", "http://u:p@host/v1/models/a",
                                  "http://host/v1/models/a?b", "http://host:x/v1/models/a", "ftp://host/a",
                                  "grpc://host", "grpc://host/a/b", "grpc:///a", "http://host:0/v1/models/a", "http://host/v1/models/a\r\nX: y",
                                  "http://host/v1/models/a\nb", "http://host/v1/models/é", "http://[host/v1/models/a", "http://host/v1/models/a/versions/x"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(InputError, match="is no address of a served model\n  hint: write http://HOST:8501/v1/models/NAME"):
        address(text)


@pytest.mark.parametrize(("model", "verb"), [("http://host:8501/v1/models/a", ":predict"), ("https://host/v1/models/a/versions/3", ":classify"),
                                             ("http://host/v1/models/a", "/metadata")])
def test_an_address_ends_before_its_method(model: str, verb: str) -> None:
    with pytest.raises(InputError) as error:
        address(model + verb)
    assert str(error.value) == (f"{model}{verb}: the address of a model is expected, and no method of it\n"
                                f"  hint: leave {verb} out: {model}")


def test_addresses() -> None:
    found = address("http://[::1]/v1/models/a%20b/versions/3")
    assert (found.host, found.port, found.path, found.name, found.version) == ("::1", 8501, "/v1/models/a%20b/versions/3", "a b", 3)
    found = address("grpc://host:9000/a:canary")
    assert (found.scheme, found.port, found.name, found.version, found.label) == ("grpc", 9000, "a", None, "canary")
