"""The first values of kernels."""
# Keras has no type stubs: its classes and decorators are Any to mypy.
# mypy: allow-subclassing-any, allow-untyped-decorators

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import keras
import numpy as np
from keras import ops

CHUNK = 1 << 15
"""Pairs of numbers drawn at once: few enough to stay in the processor's cache."""


@keras.saving.register_keras_serializable(package="archspec")
class HeNormal(keras.initializers.VarianceScaling):
    """A plain Gaussian of variance 2 · gain / fan-in: He et al. 2015 (1502.01852), section 2.2.

    Keras's own of that name cuts the tails off. Its untruncated one would do, but takes longer to draw than all else
    that building a network takes. Kernels are (…, in, out); fan-in is what stands before `out`.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(2.0 * gain, distribution="untruncated_normal", seed=seed)
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """The same numbers whenever it is called, as with all initializers of Keras."""
        deviation = (self.scale / prod(shape[:-1])) ** 0.5
        values = gaussian(prod(shape), deviation, np.random.Generator(np.random.SFC64(self.seed)))
        return ops.convert_to_tensor(values.reshape(shape), dtype=dtype or keras.config.floatx())

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, "seed": super().get_config()["seed"]}


def gaussian(count: int, deviation: float, generator: np.random.Generator) -> np.ndarray:
    """(count,) float32 with mean 0, up to 5.8 deviations, by Box and Muller's formula (1958) on arrays."""
    values = np.empty(count + count % 2, np.float32)
    generator.random(out=values, dtype=np.float32)
    for start in range(0, values.size, 2 * CHUNK):
        part = values[start:start + 2 * CHUNK]
        radii, angles = np.split(part, 2)
        distance = np.sqrt(np.log1p(-radii) * np.float32(-2 * deviation**2))
        turn = angles * np.float32(2 * np.pi)
        np.multiply(distance, np.cos(turn), out=radii)
        np.multiply(distance, np.sin(turn), out=angles)
    return values[:count]
