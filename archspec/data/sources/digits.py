"""scikit-learn's handwritten digits: real images that need no download."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from archspec.data.dataset import Dataset, Shape, Split
from archspec.spec.recipe import Digits

TEST_EVERY = 5


def digits(section: Digits, shape: Shape) -> Dataset:
    """1437 digits to train and 360 to test: sorted by class, every fifth is a test image. No chance is involved.

    The 8x8 images (0 to 16) are resized bilinearly to `shape` and brought to 0 to 255.
    """
    images, labels = _originals()
    resized = tf.image.resize(images[..., None], shape[:2], method="bilinear").numpy() * (255 / 16)
    resized = np.repeat(resized, shape[2], axis=-1)
    order = np.argsort(labels, kind="stable")
    test = np.arange(len(order)) % TEST_EVERY == 0
    return Dataset(section.source, _split("train", resized, labels, order[~test]),
                   _split("test", resized, labels, order[test]), tuple("0123456789"))


def _originals() -> tuple[np.ndarray, np.ndarray]:
    """(1797, 8, 8) float32 and (1797,) int32."""
    from sklearn.datasets import load_digits  # takes a second to import
    bunch = load_digits()
    return bunch.images.astype(np.float32), bunch.target.astype(np.int32)


def _split(name: str, images: np.ndarray, labels: np.ndarray, chosen: np.ndarray) -> Split:
    held = tf.constant(images[chosen])
    return Split(name, labels[chosen], lambda index: tf.gather(held, index))
