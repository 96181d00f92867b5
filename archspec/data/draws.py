"""What is drawn at random: numbers that depend on a seed and a number alone, and the distributions made of them."""

from __future__ import annotations

import threading
from enum import IntEnum
from typing import Any

import numpy as np
from scipy import special

_EVEN = 2.0 ** -53
_OFF_ZERO = 2.0 ** -54
"""What a uniform number of 0 counts as where it would become an infinite one."""


class Stream(IntEnum):
    """What is drawn under one and the same number does not repeat what is drawn under it elsewhere. 0: the order of images."""

    IMAGE = 1
    BATCH = 2
    PAIR = 3
    ERASED = 4


def uniforms(seed: int, number: int, count: int, stream: Stream = Stream.IMAGE) -> np.ndarray:
    """Numbers of [0, 1), (count,) float64, always the same ones for a seed, a number and a stream.

    From the raw stream of Philox (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011), which NumPy promises
    never to change, as its own generators make them: the upper 53 bits.
    """
    raw = _own.stream((seed, number), (0, 0, 0, stream), count)
    return np.asarray((raw >> np.uint64(11)) * _EVEN)


class _Own(threading.local):
    """A generator a thread, which is set anew each time: to make one takes six times as long."""

    def __init__(self) -> None:
        self._philox = np.random.Philox(0)

    def stream(self, key: tuple[int, int], counter: tuple[int, ...], count: int) -> np.ndarray:
        """As `Philox(key, counter).random_raw(count)`."""
        numbers: Any = {"key": np.array(key, np.uint64), "counter": np.array(counter, np.uint64)}
        self._philox.state = {"bit_generator": "Philox", "state": numbers, "buffer": _EMPTY, "buffer_pos": len(_EMPTY),
                              "has_uint32": 0, "uinteger": 0}
        found: np.ndarray = self._philox.random_raw(count)
        return found


_EMPTY = np.zeros(4, np.uint64)
_own = _Own()


def between(uniform: np.ndarray | float, least: float, greatest: float) -> np.ndarray:
    """Evenly from the least to the greatest."""
    return np.asarray(least + (greatest - least) * uniform)


def whole(uniform: np.ndarray | float, count: np.ndarray | int) -> np.ndarray:
    """Whole numbers, each of 0 to count - 1 alike, int64."""
    return np.asarray(np.floor(np.asarray(uniform) * count), np.int64)


def normals(uniform: np.ndarray | float) -> np.ndarray:
    """Numbers of the standard normal distribution, by its inverse."""
    return np.asarray(special.ndtri(np.maximum(uniform, _OFF_ZERO)))


def betas(uniform: np.ndarray | float, alpha: float) -> np.ndarray:
    """Numbers of Beta(alpha, alpha), by its inverse."""
    return np.asarray(special.betaincinv(alpha, alpha, uniform))


def dirichlet(uniform: np.ndarray, alpha: float) -> np.ndarray:
    """Shares that add up to 1, of Dirichlet(alpha, alpha, …), as many as there are uniform numbers (n,).

    Each is its part of numbers of Gamma(alpha), taken by their logarithm where they are too small for a float.
    """
    uniform = np.maximum(uniform, _OFF_ZERO)
    gammas = special.gammaincinv(alpha, uniform)
    # near 0 the integral is x^alpha / (alpha Gamma(alpha)); so small alphas leave shares and not 0 / 0
    logs = np.where(gammas > 0, np.log(np.maximum(gammas, np.finfo(float).tiny)),
                    (np.log(uniform) + special.gammaln(alpha + 1)) / alpha)
    return np.asarray(special.softmax(logs))
