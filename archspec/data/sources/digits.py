"""scikit-learn's handwritten digits: real images that need no download."""

from __future__ import annotations

import numpy as np

from archspec.data.names import Names
from archspec.data.source import Source, Split, in_memory
from archspec.spec.data import Digits

CLASSES = tuple("0123456789")
TEST_EVERY = 5
WHITE = 16.0
"""Pixels count from 0 to this."""


def digits(section: Digits) -> Source:
    """1437 digits to train and 360 to test: sorted by class, every fifth is a test image. No chance is involved.

    They stay 8x8; the pipeline scales an image at a time.
    """
    images, labels = _originals()
    train, test = held_out(labels)
    return Source(section.source, CLASSES, _split("train", images, labels, train), _split("test", images, labels, test))


def held_out(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of those to train on and those to test on, (n,) int64 each: sorted by class, every fifth is for tests."""
    order = np.argsort(labels, kind="stable")
    test = np.arange(len(order)) % TEST_EVERY == 0
    return order[~test], order[test]


def _originals() -> tuple[np.ndarray, np.ndarray]:
    """(1797, 8, 8, 1) float32 and (1797,) int32."""
    from sklearn.datasets import load_digits  # takes a second to import
    bunch = load_digits()
    return bunch.images.astype(np.float32)[..., None], bunch.target.astype(np.int32)


def _split(name: str, images: np.ndarray, labels: np.ndarray, chosen: np.ndarray) -> Split:
    keys = Names.of(b"%04d" % number for number in chosen)  # scikit-learn's own numbers
    return in_memory(name, labels[chosen], keys, images[chosen], WHITE)
