"""What is drawn: always the same numbers, evenly spread; and the distributions made of them, against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from archspec.data.draws import Stream, betas, between, dirichlet, normals, uniforms, whole

EVEN = np.concatenate([uniforms(5, number, 50) for number in range(400)])


def test_the_numbers_are_those_of_philox_for_ever() -> None:
    assert uniforms(1, 2, 3).tolist() == [0.575300433347867, 0.4214513002125032, 0.6987130805958253]


def test_a_longer_vector_begins_with_the_shorter() -> None:
    assert uniforms(1, 1 << 60, 9)[:4].tolist() == uniforms(1, 1 << 60, 4).tolist()
    assert uniforms(1, 2, 0).shape == (0,)


def test_seed_number_and_stream_decide() -> None:
    found = {uniforms(seed, number, 1, stream)[0] for seed in range(4) for number in range(50) for stream in Stream}
    assert len(found) == 4 * 50 * 4


def test_they_are_even_and_those_of_neighbours_do_not_correlate() -> None:
    assert stats.kstest(EVEN, "uniform").statistic < 0.01
    by_number = EVEN.reshape(400, 50)
    assert abs(np.corrcoef(by_number[:-1].ravel(), by_number[1:].ravel())[0, 1]) < 0.02
    assert EVEN.min() >= 0
    assert EVEN.max() < 1


def test_between_and_whole() -> None:
    assert between(0.25, 1.0, 3.0) == 1.5
    assert np.bincount(whole(EVEN, 3)).tolist() == pytest.approx([20000 / 3] * 3, rel=0.03)
    assert whole(1 - 2.0 ** -53, 7) == 6


def test_normals() -> None:
    assert stats.kstest(normals(EVEN), "norm").statistic < 0.01
    assert np.isfinite(normals(np.array([0.0, 1 - 2.0 ** -53]))).all()


@pytest.mark.parametrize("alpha", [0.1, 0.2, 1.0, 4.0])
def test_betas(alpha: float) -> None:
    found = betas(EVEN, alpha)
    assert stats.kstest(found, stats.beta(alpha, alpha).cdf).statistic < 0.015  # those near 1 round to it
    assert found.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.03)


@pytest.mark.parametrize("alpha", [0.01, 0.5, 1.0, 8.0])
def test_dirichlet(alpha: float) -> None:
    found = np.array([dirichlet(each, alpha) for each in EVEN.reshape(-1, 4)])
    assert found.sum(axis=1) == pytest.approx(1)
    assert found.mean(axis=0) == pytest.approx([0.25] * 4, abs=0.02)
    assert found.var(axis=0) == pytest.approx([3 / 16 / (4 * alpha + 1)] * 4, rel=0.1)


def test_tiny_alphas_leave_one_share() -> None:
    assert sorted(dirichlet(np.array([0.1, 0.2, 0.3]), 1e-4)) == pytest.approx([0, 0, 1])
