"""A network that a TensorFlow Serving serves: it gets encoded images, and decodes and prepares them itself.

Its signatures say what they take, but not how pixels are to be prepared, so nothing else than the bytes can be right; and
they are a tenth of what pixels take. In the graph of an export stands the same preprocessing as in evaluation. Where another
model says how pixels are prepared, they can be sent: see pixels.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from archspec.errors import InputError, visible
from archspec.io.packages import refuse_missing
from archspec.io.quiet import quiet_pillow
from archspec.predict.address import address
from archspec.predict.answers import Answer, Refused, Said, checked
from archspec.predict.images import Image
from archspec.preprocess.check import look_into

MOST = 16
"""Images at once."""
MOST_SENT = 16 << 20
"""Bytes of them at once, if it is more than one."""
MOST_RECEIVED = 32 << 20
"""Of an answer: room for the probabilities of 100,000 classes of each image, as text."""
BYTES, PROBABILITIES = "image_bytes", "probabilities"
FLOATS = ("DT_FLOAT", "DT_DOUBLE", "DT_HALF", "DT_BFLOAT16")
"""What probabilities may be."""
WHOLE = "DT_UINT8"
PIXELS = ("DT_FLOAT", WHOLE)
"""What pixels may be."""
INDICES, NAMES = "classes", "labels"
"""The outputs that name the classes which come first, and how they are called."""


@dataclass(frozen=True)
class Tensor:
    """What a signature says of an input or output: TensorFlow's word for its numbers, and its shape, if that has a rank."""

    dtype: str
    shape: tuple[int | None, ...] | None

    def __str__(self) -> str:
        sizes = "" if self.shape is None else f" [{', '.join('?' if size is None else str(size) for size in self.shape)}]"
        return self.dtype.removeprefix("DT_").lower() + sizes


@dataclass(frozen=True)
class Signature:
    """Inputs and outputs by their keys."""

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]

    @property
    def takes_images(self) -> bool:
        """Whether it goes from encoded images to probabilities."""
        shapes = [each.shape for each in self.inputs.values() if each.dtype == "DT_STRING"]
        return len(self.inputs) == 1 and shapes == [(None,)] and self._tells

    def takes_pixels(self, shape: tuple[int, int, int]) -> bool:
        """Whether it goes from pixels (n, height, width, channels) to probabilities."""
        kinds = [(each.dtype in PIXELS, each.shape) for each in self.inputs.values()]
        return kinds == [(True, (None, *shape))] and self._tells

    @property
    def _tells(self) -> bool:
        output = self.outputs.get(PROBABILITIES)
        return output is not None and output.dtype in FLOATS

    def __str__(self) -> str:
        return ", ".join(f"{visible(key)} {tensor}" for key, tensor in sorted(self.inputs.items()))


@dataclass(frozen=True)
class Reply:
    """An answer to n images: (n, classes), and (n, k) each of the classes that come first and what they are called, if said.

    The last two are as they came: lists of lists if they are right, but nobody has looked yet.
    """

    probabilities: np.ndarray
    indices: Any = None
    names: Any = None


class Declined(Exception):
    """The server found a request wrong. The message is the server's."""


class Client(Protocol):
    """The two questions. Both raise InputError where no answer comes that can be used."""

    def signatures(self) -> Mapping[str, Signature]:
        """Of the model, by name."""

    def ask(self, signature: str, key: str, images: Sequence[bytes] | np.ndarray) -> Reply:
        """What the model says of encoded images, or of pixels (n, h, w, c). Raises Declined where it finds them wrong."""


def client_of(text: str, timeout: float) -> Client:
    """Who asks the model at an address. Raises InputError where it is none, or what gRPC needs is not installed."""
    place = address(text)
    if place.scheme == "grpc":
        from archspec.io.quiet import import_tensorflow
        from archspec.predict.grpc import Grpc
        refuse_missing("grpc://", ("grpc", "tensorflow_serving"), "use the server's REST address, "
                       "http://HOST:8501/v1/models/NAME, which needs none")
        import_tensorflow()  # whose messages those of the server are made of
        return Grpc(place, timeout)
    from archspec.predict.rest import Rest
    return Rest(place, timeout)


def connected(text: str, timeout: float) -> Served:
    """The model at an address. Raises InputError where there is none, or none that takes encoded images."""
    client = client_of(text, timeout)
    signatures = client.signatures()
    found = [name for name, each in signatures.items() if each.takes_images]
    if not found:
        raise InputError(f"{text}: no signature of the model goes from encoded images to {PROBABILITIES}: {told(signatures)}\n"
                         f"  hint: serve what archspec export makes, which has {BYTES}")
    name = BYTES if BYTES in found else min(found)
    quiet_pillow()
    return Served(text, client, name, next(iter(signatures[name].inputs)))


def told(signatures: Mapping[str, Signature]) -> str:
    """What they take, for a message."""
    return "; ".join(f"{visible(name)} ({each})" for name, each in sorted(signatures.items())) or "it has none"


@dataclass(frozen=True)
class Served:
    """A model behind a client, asked by one signature, whose input is called `key`."""

    called: str
    client: Client
    signature: str
    key: str
    batch: int = MOST

    def __call__(self, images: Sequence[Image]) -> list[Answer]:
        """The answers, in the order of the images."""
        read = [_read(image) for image in images]
        good = [each for each in read if isinstance(each, bytes)]
        said = [answer for part in _parts(good) for answer in self._said(part)]
        answers = iter(said)
        return [each if isinstance(each, Refused) else next(answers) for each in read]

    def _said(self, encoded: Sequence[bytes]) -> list[Answer]:
        """One bad image fails a whole request, and the server does not say which: then each is sent alone."""
        try:
            return list(rows(self.client.ask(self.signature, self.key, encoded), len(encoded), self.called))
        except Declined as error:
            if len(encoded) == 1:
                return [Refused(f"the server says: {visible(str(error))}")]
            return [answer for each in encoded for answer in self._said([each])]


def rows(reply: Reply, count: int, called: str) -> Iterator[Said]:
    """What a reply says of each of `count` images. Raises InputError where it is none."""
    probabilities = checked(reply.probabilities, count, called)
    if reply.indices is None and reply.names is None:
        yield from (Said(row, {}) for row in probabilities)
        return
    wide = probabilities.shape[1]
    if not _rows_of(reply.indices, count, lambda each: type(each) is int and 0 <= each < wide):
        raise InputError(f"{called} answers with {INDICES} that are not [{count}, k] numbers from 0 to {wide - 1}")
    if not _rows_of(reply.names, count, lambda each: isinstance(each, str)):
        raise InputError(f"{called} answers with {NAMES} that are not [{count}, k] texts")
    if any(len(which) != len(names) or len(set(which)) < len(which)
           for which, names in zip(reply.indices, reply.names, strict=True)):
        raise InputError(f"{called} answers with {INDICES} and {NAMES} that do not belong together")
    for row, which, names in zip(probabilities, reply.indices, reply.names, strict=True):
        yield Said(row, dict(zip(which, names, strict=True)))


def _rows_of(value: Any, count: int, right: Callable[[Any], bool]) -> bool:
    """Whether something is so many lists of what is right."""
    return (isinstance(value, list) and len(value) == count
            and all(isinstance(row, list) and all(map(right, row)) for row in value))


def _read(image: Image) -> bytes | Refused:
    """The bytes of what is an image by its beginning and its end, so that others do not travel."""
    try:
        data = image.read()
    except OSError as error:
        return Refused(error.strerror or str(error))
    problem = look_into(lambda offset, count: data[offset:offset + count], len(data)).problem
    return Refused(problem) if problem else data


def _parts(encoded: Sequence[bytes]) -> Iterator[list[bytes]]:
    """In order, each of no more than MOST_SENT bytes, or one image."""
    part, size = list[bytes](), 0
    for data in encoded:
        if part and size + len(data) > MOST_SENT:
            yield part
            part, size = [], 0
        part.append(data)
        size += len(data)
    if part:
        yield part
