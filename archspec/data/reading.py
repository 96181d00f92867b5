"""From the number of an example to its image, decoded and not yet scaled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from archspec.data.source import Split
from archspec.errors import InputError
from archspec.preprocess.header import NoImage
from archspec.preprocess.pixels import decode_by, fit
from archspec.preprocess.routes import route
from archspec.preprocess.rule import Preprocess


@dataclass(frozen=True)
class Reader:
    """Reads a split's images as a rule wants them."""

    split: Split
    rule: Preprocess

    def image(self, index: tf.Tensor) -> tf.Tensor:
        """The i-th, () int64: (h, w, channels), 0 to `split.white`, or to 255 where it was encoded. Works in a graph."""
        if self.split.white is not None:
            image = tf.numpy_function(self._array, [index], tf.float32, stateful=False)
            return tf.ensure_shape(image, (None, None, self.rule.channels))
        encoded, chosen = tf.numpy_function(self._encoded, [index], (tf.string, tf.int32), stateful=False)
        return decode_by(tf.ensure_shape(chosen, ()), tf.ensure_shape(encoded, ()), self.rule)

    def levels(self, image: tf.Tensor) -> tf.Tensor:
        """An image that is scaled, from 0 to `split.white`, to 0 to 255."""
        return image if self.split.white in (None, 255.0) else image * (255.0 / self.split.white)

    def pixels(self, index: int) -> np.ndarray:
        """The i-th as evaluation and serving see it: (h, w, c) float32, 0 to 255. Raises InputError with its name."""
        try:
            return np.asarray(self.levels(fit(self.image(tf.constant(index, tf.int64)), self.rule)))
        except (NoImage, OSError, tf.errors.OpError) as error:
            raise InputError(f"{self.split.path(index)}: cannot be read as an image ({_reason(error)})\n"
                             "  hint: replace the file, or begin a new run without it") from error

    def _encoded(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The bytes, and who decodes them."""
        encoded = self.split.item(int(index))
        return np.array(encoded, dtype=object), np.array(route(bytes(encoded), self.rule.channels), np.int32)

    def _array(self, index: np.ndarray) -> np.ndarray:
        image = np.asarray(self.split.item(int(index)), np.float32)
        return np.broadcast_to(image, (*image.shape[:2], self.rule.channels))


def _reason(error: Exception) -> str:
    if isinstance(error, tf.errors.OpError):  # of a kernel: Python's own errors come as they are where no graph is
        return "its data are broken or end too early"
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
