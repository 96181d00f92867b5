"""The first values of arrays."""

from __future__ import annotations

from math import erf

import keras
import numpy as np
import pytest

from archspec.graph import init
from archspec.model.initial import CHUNK, HeNormal, gaussian, initializer


def test_it_is_the_normal_distribution() -> None:
    """The largest distance between the two distribution functions: Kolmogorov and Smirnov's bound for one in a thousand."""
    count = 200_000
    values = np.sort(gaussian(count, 3.0, np.random.default_rng(0)))
    expected = np.array([0.5 + 0.5 * erf(value / 3 / 2**0.5) for value in values])
    assert np.abs(expected - (np.arange(count) + 0.5) / count).max() < 1.95 / count**0.5


def test_neighbours_are_independent() -> None:
    values = gaussian(4 * CHUNK, 1.0, np.random.default_rng(1)).astype("float64")
    for distance in (1, 2, CHUNK):  # a pair of one draw lies CHUNK apart
        for power in (1, 2):
            a, b = values[:-distance] ** power, values[distance:] ** power
            assert abs(np.corrcoef(a, b)[0, 1]) < 4 / values.size**0.5


@pytest.mark.parametrize("count", [0, 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1])
def test_any_count(count: int) -> None:
    values = gaussian(count, 1.0, np.random.default_rng(2))
    assert values.shape == (count,)
    assert values.dtype == np.float32
    assert np.isfinite(values).all()


def test_the_largest_there_can_be_is_finite() -> None:
    class Ones:
        def random(self, out: np.ndarray, dtype: object) -> None:
            out[:] = np.nextafter(np.float32(1), np.float32(0))
    assert np.abs(gaussian(2, 1.0, Ones())).max() < 5.9  # type: ignore[arg-type]


def test_deviation_is_of_the_fan_in() -> None:
    values = HeNormal(1.0, seed=1)((3, 3, 64, 100)).numpy()
    np.testing.assert_allclose(values.std(), (2 / 576) ** 0.5, rtol=0.01)
    np.testing.assert_allclose(HeNormal(4.0, seed=1)((50, 2000)).numpy().std(), (8 / 50) ** 0.5, rtol=0.01)


def test_one_seed_gives_one_kernel() -> None:
    it = HeNormal(1.0, seed=5)
    np.testing.assert_array_equal(it((3, 4)), it((3, 4)))
    np.testing.assert_array_equal(it((3, 4)), HeNormal(1.0, seed=5)((3, 4)))
    assert np.any(it((3, 4)) != HeNormal(1.0, seed=6)((3, 4)))
    assert np.any(HeNormal(1.0)((3, 4)) != HeNormal(1.0)((3, 4)))


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64"])
def test_any_type(dtype: str) -> None:
    assert HeNormal(1.0)((3, 4), dtype).dtype == dtype


def test_a_saved_one_is_keras_own_of_the_same_distribution() -> None:
    saved = keras.saving.serialize_keras_object(HeNormal(3.0, seed=7))
    again = keras.saving.deserialize_keras_object(saved)
    assert type(again) is keras.initializers.VarianceScaling
    assert (again.scale, again.mode, again.distribution, again.seed) == (6.0, "fan_in", "untruncated_normal", 7)
    np.testing.assert_allclose(again((50, 2000)).numpy().std(), HeNormal(3.0)((50, 2000)).numpy().std(), rtol=0.02)


@pytest.mark.parametrize(("start", "numbers"), [(init.Zeros(), 0.0), (init.Ones(), 1.0), (init.Constant(-2.0), -2.0)])
def test_plain_first_values(start: init.Init, numbers: float) -> None:
    np.testing.assert_array_equal(initializer(start, draw=True)((2, 3)), np.full((2, 3), numbers))


def test_nothing_is_drawn_where_weights_follow() -> None:
    assert not initializer(init.HeNormal(2.0), draw=False)((2, 3)).numpy().any()
    assert initializer(init.HeNormal(2.0), draw=True).scale == 4.0
