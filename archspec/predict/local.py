"""A network for which images are prepared in this process: they are read as evaluation reads them, a batch at a time."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from archspec.artifact.artifact import Artifact
from archspec.data.augment.host import host
from archspec.data.names import Names
from archspec.data.reading import Reader
from archspec.data.source import Split
from archspec.errors import InputError
from archspec.predict.answers import Answer, Refused, Said, checked
from archspec.predict.images import Image
from archspec.preprocess.check import Look
from archspec.preprocess.decoding import decode
from archspec.preprocess.header import NoImage
from archspec.preprocess.rule import Preprocess
from archspec.spec.arch import Spec

MOST = 32
"""Images at once."""
MOST_BYTES = 64 << 20
"""Of their pixels in float32."""

Run = Callable[[np.ndarray], np.ndarray]
"""Pixels (n, h, w, c) float32 from 0 to 255 to probabilities (n, classes)."""


@dataclass(frozen=True)
class Local:
    """A network, what it calls its classes, and how images are prepared for it; `white` as in data.source.Split."""

    called: str
    classes: Sequence[str]
    rule: Preprocess
    white: float
    run: Run
    facts: Mapping[str, Any]
    """What artifact.json says of it: name, fingerprint, several, metrics."""
    spec: Spec | None
    precision: str = "float32"
    """In which it computes."""
    artifact: Artifact | None = None
    """The network itself, where its weights are at hand."""
    like: str = ""
    """Of one that a server runs: the model that says how images are prepared for it."""
    devices: Sequence[str | None] = (None,)
    """On which it runs, or one that TensorFlow chooses: `run` may be called from as many threads."""

    @property
    def batch(self) -> int:
        """How many images it is asked about at once."""
        return min(MOST, max(1, MOST_BYTES // (4 * math.prod(self.rule.shape))))

    def __call__(self, images: Sequence[Image]) -> list[Answer]:
        """The answers, in the order of the images."""
        seen = pixels(images, self.rule, self.white)
        good = [each for each in seen if isinstance(each, np.ndarray)]
        said = iter(self._said(good) if good else ())
        return [each if isinstance(each, Refused) else next(said) for each in seen]

    def _said(self, good: Sequence[np.ndarray]) -> list[Said]:
        found = checked(self.run(np.stack(good).astype(np.float32)), len(good), self.called)
        if found.shape[1] != len(self.classes):
            raise InputError(f"{self.called} tells {found.shape[1]} classes apart, but {len(self.classes)} are named\n"
                             "  hint: take the files of an export together; they are not of one network")
        return [Said(row, self.classes) for row in found]


def pixels(images: Sequence[Image], rule: Preprocess, white: float) -> list[np.ndarray | Refused]:
    """(height, width, channels) from 0 to 255 of each image as evaluation sees it, or why it cannot be read."""
    reader = Reader(_split(images, white), rule, host((), rule), 0, training=False)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(partial(_seen, reader), range(len(images))))


def whole(image: Image, rule: Preprocess, white: float) -> np.ndarray:
    """(h, w, channels) from 0 to 255 of all of an image that `pixels` reads, as a viewer shows it."""
    found = _split([image], white).levels(decode(image.read(), rule, deep=bool(white)))
    return np.broadcast_to(found, (*found.shape[:2], rule.channels))


def _split(images: Sequence[Image], white: float) -> Split:
    names = Names.of(os.fsencode(image.name) for image in images)
    return Split("images", np.zeros(len(images), np.int32), names, lambda index: images[index].read(),
                 lambda index: Look(0, b""), "", encoded=True, eight_bits=not white, white=white)


def _seen(reader: Reader, index: int) -> np.ndarray | Refused:
    try:
        return reader.shown(index)
    except NoImage as error:
        return Refused(str(error))
