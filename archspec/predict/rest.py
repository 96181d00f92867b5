"""TensorFlow Serving's REST interface, as its api_rest.md has it. Nothing is followed, and everything has an end."""

from __future__ import annotations

import json
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any

import numpy as np

from archspec.errors import InputError, visible
from archspec.predict.address import Address
from archspec.predict.served import INDICES, MOST_RECEIVED, NAMES, PROBABILITIES, Declined, Reply, Signature, Tensor

OK, MOVED, WRONG, MISSING = 200, range(300, 400), 400, 404
BLOCK = 1 << 16
MOST_SHOWN = 400
"""Letters of what a server says."""


@dataclass(frozen=True)
class Rest:
    """A model of a server; each question may take `timeout` seconds."""

    place: Address
    timeout: float

    def signatures(self) -> Mapping[str, Signature]:
        """Of the model, by name."""
        status, document = self._exchange("GET", "/metadata", None)
        if status != OK:
            raise self._failed(status, document)
        try:
            found = document["metadata"]["signature_def"]["signature_def"]
            return {name: Signature(_tensors(each.get("inputs", {})), _tensors(each.get("outputs", {})))
                    for name, each in found.items()}
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise self._odd("metadata of a model is expected") from None

    def ask(self, signature: str, key: str, images: Sequence[bytes] | np.ndarray) -> Reply:
        """What the model says of encoded images, or of pixels."""
        rows = ([{key: pixels} for pixels in images.tolist()] if isinstance(images, np.ndarray) else
                [{key: {"b64": b64encode(data).decode("ascii")}} for data in images])
        status, document = self._exchange("POST", ":predict", {"signature_name": signature, "instances": rows})
        if status == WRONG:
            raise Declined(_shown(document))
        if status != OK:
            raise self._failed(status, document)
        try:
            return _reply(document["predictions"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise self._odd(f"predictions with {PROBABILITIES} are expected") from None

    def _exchange(self, method: str, behind: str, body: object) -> tuple[int, Any]:
        """The status of an answer and its document; of an error the server's words. Raises InputError where none comes."""
        sent = None if body is None else json.dumps(body).encode()
        late = threading.Event()
        try:
            with _until(self.place, self.timeout, late) as connection:
                connection.request(method, self.place.path + behind, sent, {"Content-Type": "application/json"})
                with connection.getresponse() as response:
                    if response.status in MOVED:
                        raise self._moved(response.getheader("Location"))
                    data = _data(response, self.place)
            if late.is_set():
                raise TimeoutError
        except (OSError, HTTPException, ValueError) as error:
            raise self._silent(error, late.is_set()) from None
        return response.status, self._document(data, response.status)

    def _document(self, data: bytes, status: int) -> Any:
        text = data[:BLOCK].decode("utf-8", "replace")
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            if status == OK:
                raise self._odd(f"it is no JSON: {_shown(text)}") from None
            return text
        return found if status == OK else _words(found, text)

    def _silent(self, error: Exception, late: bool) -> InputError:
        if late or isinstance(error, TimeoutError):
            return InputError(f"{self.place.text}: no answer within {self.timeout:g} s\n  hint: --timeout SECONDS waits longer")
        if isinstance(error, HTTPException | ValueError):
            return self._odd(f"it is no HTTP ({type(error).__name__})\n"
                             "  hint: REST is served at another port than gRPC, 8501 if nothing is said")
        why = getattr(error, "strerror", None) or str(error)
        return InputError(f"{self.place.text}: no connection to {self.place.host}:{self.place.port}: {why}\n"
                          "  hint: is the server running, and this the port of its REST interface (--rest_api_port)?")

    def _moved(self, to: str | None) -> InputError:
        return InputError(f"{self.place.text}: the server sends on to {_shown(to)}, which is not followed\n"
                          "  hint: name that address, if it is the one you mean")

    def _failed(self, status: int, words: str) -> InputError:
        hint = "\n  hint: is the model served under that name, and loaded?" if status == MISSING else ""
        return InputError(f"{self.place.text}: the server answers {status}: {_shown(words)}{hint}")

    def _odd(self, why: str) -> InputError:
        return InputError(f"{self.place.text}: the answer is not TensorFlow Serving's: {why}")


@contextmanager
def _until(place: Address, timeout: float, late: threading.Event) -> Iterator[HTTPConnection]:
    """A connection that ends after so many seconds, however slowly bytes trickle; `late` is set then."""
    kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
    connection = kind(place.host, place.port, timeout=timeout)
    try:
        connection.connect()
        timer = threading.Timer(timeout, _end, [connection.sock, late])
        timer.daemon = True
        timer.start()
        try:
            yield connection
        finally:
            timer.cancel()
    finally:
        connection.close()


def _end(connected: socket.socket, late: threading.Event) -> None:
    late.set()
    with suppress(OSError):  # it has just been closed
        connected.shutdown(socket.SHUT_RDWR)


def _data(response: HTTPResponse, place: Address) -> bytes:
    blocks, size = list[bytes](), 0
    while block := response.read(BLOCK):
        blocks.append(block)
        size += len(block)
        if size > MOST_RECEIVED:
            raise InputError(f"{place.text}: the answer is larger than {MOST_RECEIVED >> 20} MiB, and was left there")
    return b"".join(blocks)


def _tensors(document: Mapping[str, Any]) -> dict[str, Tensor]:
    return {key: Tensor(str(each["dtype"]), _shape(each.get("tensor_shape", {}))) for key, each in document.items()}


def _shape(document: Mapping[str, Any]) -> tuple[int | None, ...] | None:
    if document.get("unknown_rank"):
        return None
    sizes = [int(each["size"]) for each in document.get("dim", [])]
    return tuple(None if size < 0 else size for size in sizes)


def _reply(rows: Sequence[Any]) -> Reply:
    """Of the rows of an answer; of a signature with one output they are bare. Raises what odd documents make Python raise."""
    if rows and isinstance(rows[0], list):
        return Reply(_numbers(rows))
    probabilities = _numbers([row[PROBABILITIES] for row in rows])
    if not all(INDICES in row and NAMES in row for row in rows):
        return Reply(probabilities)
    return Reply(probabilities, [row[INDICES] for row in rows], [row[NAMES] for row in rows])


def _numbers(rows: Sequence[Any]) -> np.ndarray:
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for row in rows for value in row):
        raise TypeError
    return np.array(rows, np.float64)


def _words(document: object, text: str) -> str:
    """What a server says of an error, in a document or in the text that it was read from."""
    said = document.get("error") if isinstance(document, dict) else document
    return said if isinstance(said, str) else text


def _shown(text: str | None) -> str:
    return visible((text or "").strip()[:MOST_SHOWN]) or "nothing"
