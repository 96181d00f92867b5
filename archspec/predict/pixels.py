"""A network that a TensorFlow Serving runs on pixels that are prepared here, as another model of its kind says.

A server tells what its signatures take, not how an image becomes that: whether it is cut out or squeezed, and by which filter.
A run or an export tells it. What both say has to agree: the input's size, the number of classes, and in each answer the names
of those that come first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from archspec.errors import InputError, visible
from archspec.predict.answers import Said
from archspec.predict.described import Described
from archspec.predict.local import Local
from archspec.predict.opened import LIKE
from archspec.predict.served import (
    MOST,
    MOST_SENT,
    PROBABILITIES,
    WHOLE,
    Client,
    Declined,
    client_of,
    rows,
    told,
)

DEFAULT = "serving_default"
"""The signature that is asked where it is one of several."""
DIGITS = {True: 4, False: 19}
"""Bytes that a pixel takes as text, with its comma: of whole numbers, and of others."""
SUMMED = 0.05
"""By which the sum of a row of probabilities of 16 or 8 bits may be off 1."""


def served_like(text: str, timeout: float, like: str, found: Described) -> Local:
    """The model at an address, for which images are prepared as for another one, `like`, beside which `found` lies.

    Raises InputError where there is none, it takes no pixels, or the other one is of another kind.
    """
    client = client_of(text, timeout)
    signatures = client.signatures()
    usual_last = sorted(signatures.items(), key=lambda each: (each[0] == DEFAULT, each[0]))
    keys = {each.inputs[key].dtype: (name, key) for name, each in usual_last if each.takes_pixels(found.rule.shape)
            for key in each.inputs}
    if not keys:
        shape = ", ".join(map(str, found.rule.shape))
        raise InputError(f"{text}: no signature of the model goes from pixels [?, {shape}], which {like} takes, to "
                         f"{PROBABILITIES}: {told(signatures)}\n  hint: {LIKE}")
    for name, _ in keys.values():
        shape_said = signatures[name].outputs[PROBABILITIES].shape
        classes = shape_said[1] if shape_said is not None and len(shape_said) == 2 else None
        if classes not in (None, len(found.classes)):
            raise InputError(f"{text} tells {classes} classes apart, and {like} {len(found.classes)}\n  hint: {LIKE}")
    run = Pixels(text, client, keys, found.classes, like, bool(found.facts["several"]))
    return Local(text, found.classes, found.rule, found.white, run, found.facts, found.spec, "that of the server", like=like)


@dataclass(frozen=True)
class Pixels:
    """Asks a model about pixels. `keys` are a signature and the key of its input for each kind of pixels that it takes."""

    called: str
    client: Client
    keys: dict[str, tuple[str, str]]
    classes: Sequence[str]
    like: str
    several: bool
    """Whether an image may have several classes."""

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """(n, classes) of pixels (n, h, w, c) float32 from 0 to 255. Raises InputError where no answer can be used."""
        return np.stack([each.probabilities for part in self._parts(pixels) for each in self._said(part)])

    def _parts(self, pixels: np.ndarray) -> Iterator[np.ndarray]:
        """A few at once; as bytes where they are whole numbers and the model takes such: that is a quarter of the text."""
        whole = WHOLE in self.keys and bool((pixels == pixels.astype(np.uint8)).all())
        if not whole and len(self.keys) == 1 and WHOLE in self.keys:
            raise InputError(f"{self.called} takes whole numbers as pixels, and these are none\n"
                             "  hint: serve what archspec export makes, which takes others, too")
        sent = pixels.astype(np.uint8) if whole else pixels
        together = max(1, min(MOST, MOST_SENT // (DIGITS[whole] * math.prod(pixels.shape[1:]))))
        yield from (sent[begin:begin + together] for begin in range(0, len(sent), together))

    def _said(self, part: np.ndarray) -> Iterator[Said]:
        kind = WHOLE if part.dtype == np.uint8 else next(each for each in self.keys if each != WHOLE)
        try:
            reply = self.client.ask(*self.keys[kind], part)
        except Declined as error:
            raise InputError(f"{self.called}: the server says: {visible(str(error))}") from None
        for each in rows(reply, len(part), self.called):
            if len(each.probabilities) != len(self.classes):
                raise InputError(f"{self.called} tells {len(each.probabilities)} classes apart, and {self.like} "
                                 f"{len(self.classes)}\n  hint: {LIKE}")
            total = float(each.probabilities.sum(dtype=np.float64))
            if not self.several and abs(total - 1) > SUMMED:
                raise InputError(f"{self.called} answers with probabilities whose sum is {total:.4g}, where one of the "
                                 "classes is expected of an image\n  hint: is it served with a softmax?")
            assert isinstance(each.names, dict)
            for number, name in each.names.items():
                if name != self.classes[number]:
                    raise InputError(f"{self.called} calls its class {number} {visible(name)}, and {self.like} "
                                     f"{visible(self.classes[number])}\n  hint: {LIKE}")
            yield each
