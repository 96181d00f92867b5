"""Whole numbers in the place of float32, and which layers keep float for the sake of accuracy.

The converter quantises, and not ai-edge-quantizer: on the same images its int8 came nearer to float32 (docs/tflite.md), it
knows uint8 ends, and it measures the error of each layer by itself.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from archspec.export.parity import lost
from archspec.export.tflite_file import errors, operations, probabilities, users

RANKED_ON = 16
"""Images on which the error of each layer is measured."""
ENDS = {"float": tf.float32, "uint8": tf.uint8, "int8": tf.int8}


def convert(converter: Any) -> bytes:
    """The bytes of a file. The converter's warnings are about how it is called, which is no matter of a user's."""
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        made: bytes = converter.convert()
    return made


def int16x8(converter: Any, images: np.ndarray) -> bytes:
    """Weights of 8 bits, activations of 16; what has no such form keeps float."""
    sets = tf.lite.OpsSet
    whole = sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    _calibrated_on(converter, images)
    converter.target_spec.supported_ops = [whole, sets.TFLITE_BUILTINS]
    return convert(converter)


def int8(converter: Any, images: np.ndarray, drop: float, ends: str) -> bytes:
    """Weights and activations of 8 bits, and as few layers in float as lose no more than a share `drop` of the accuracy.

    `images` are what the network takes, (n, h, w, c) float32. With `ends` of whole numbers the last operation, which makes
    probabilities, has them, too.
    """
    return Search(_calibrated(converter, images), images, drop).found().made(ENDS[ends])


def _calibrated_on(converter: Any, images: np.ndarray) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None]] for image in images)


def _calibrated(converter: Any, images: np.ndarray) -> bytes:
    """The network in float32, with the range of each tensor; as tf.lite.experimental.QuantizationDebugger makes it."""
    _calibrated_on(converter, images)
    converter._experimental_calibrate_only = True
    return convert(converter)


@dataclass(frozen=True)
class Quantised:
    """A calibrated network, and the operations, by their outputs, that keep float."""

    calibrated: bytes
    kept: tuple[str, ...]

    def made(self, ends: tf.DType = tf.float32, *, verify: bool = False) -> bytes:
        """The bytes of the file; with `verify` each operation stands beside itself in float.

        With float ends the probabilities are made in float: in whole numbers they know but 256 values.
        """
        # what QuantizationDebugger calls, too, which has no ends but float
        from tensorflow.lite.python.convert import mlir_quantize
        kept = [*self.kept, *[operations(self.calibrated)[-1].name] * (ends == tf.float32)]
        made: bytes = mlir_quantize(self.calibrated, input_data_type=ends, output_data_type=ends, denylisted_nodes=kept,
                                    enable_numeric_verify=verify)
        return made


@dataclass(frozen=True, eq=False)
class Search:
    """For the fewest layers in float, worst first, with which a network loses no more accuracy than `drop`, see `lost`."""

    calibrated: bytes
    images: np.ndarray
    drop: float

    def found(self) -> Quantised:
        """None in float if that is enough, else as many as it takes, found by doubling and halving."""
        if self._enough(0):
            return self._with(0)
        below, enough = 0, 1
        while enough < len(self.ranked) and not self._enough(enough):
            below, enough = enough, 2 * enough
        enough = min(enough, len(self.ranked))
        while enough - below > 1:
            middle = (below + enough) // 2
            below, enough = (below, middle) if self._enough(middle) else (middle, enough)
        return self._with(enough)

    @cached_property
    def ranked(self) -> list[str]:
        """The operations, by their outputs, in the order of the error that each makes by itself."""
        found = errors(self._with(0).made(verify=True), self.images[:RANKED_ON])
        return sorted(found, key=lambda name: -found[name])

    @cached_property
    def expected(self) -> np.ndarray:
        """Probabilities in float32."""
        return probabilities(self.calibrated, self.images)

    def _with(self, count: int) -> Quantised:
        """The network with what the worst so many give in float: with those that take it in float, too."""
        if not count:
            return Quantised(self.calibrated, ())
        takers = users(self.calibrated)
        kept = [name for worst in self.ranked[:count] for name in (worst, *takers[worst])]
        return Quantised(self.calibrated, tuple(dict.fromkeys(kept)))

    def _enough(self, count: int) -> bool:
        return lost(self.expected, probabilities(self._with(count).made(), self.images)) <= self.drop
