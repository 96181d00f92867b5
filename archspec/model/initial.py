"""The first values of arrays: the graph says what, this draws them."""
# Keras has no type stubs: its classes and decorators are Any to mypy.
# mypy: allow-subclassing-any, allow-untyped-decorators

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import keras
import numpy as np
from keras import ops

from archspec.graph import init

CHUNK = 1 << 15
"""Pairs of numbers drawn at once: few enough to stay in the processor's cache."""


def initializer(start: init.Init, *, draw: bool) -> keras.initializers.Initializer:
    """Keras's form of first values; a new one each time, for each draws its own. Zeros for all drawn ones without `draw`."""
    match start:
        case init.HeNormal(gain) if draw:
            return HeNormal(gain)
        case init.GlorotUniform() if draw:
            return keras.initializers.GlorotUniform()
        case init.Normal(deviation) if draw:
            return keras.initializers.RandomNormal(0.0, deviation)
        case init.Ones():
            return keras.initializers.Ones()
        case init.Constant(value):
            return keras.initializers.Constant(value)
        case init.HeNormal() | init.GlorotUniform() | init.Normal() | init.Zeros():
            return keras.initializers.Zeros()


class HeNormal(keras.initializers.VarianceScaling):
    """VarianceScaling(2 · gain, "fan_in", "untruncated_normal") in all but speed: other numbers of the same distribution.

    Keras's takes longer to draw than all else that building a network takes; its own HeNormal cuts the tails off.
    Kernels are (…, in, out); fan-in is what stands before `out`.
    """

    def __init__(self, gain: float, seed: int | None = None) -> None:
        super().__init__(2.0 * gain, "fan_in", "untruncated_normal", seed)

    __class__: Any = property(lambda self: keras.initializers.VarianceScaling)
    """Keras's own, by which a saved model names it: it loads without archspec."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """The same numbers whenever it is called, as with all initializers of Keras."""
        deviation = (self.scale / prod(shape[:-1])) ** 0.5
        values = gaussian(prod(shape), deviation, np.random.Generator(np.random.SFC64(self.seed)))
        return ops.convert_to_tensor(values.reshape(shape), dtype=dtype or keras.config.floatx())


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
