"""The counter of work counts."""

from __future__ import annotations

import contextlib

import pytest
from work import TooMuchWork, at_most


def test_work_beyond_the_bound_ends_even_where_exceptions_are_caught() -> None:
    done = []
    with pytest.raises(TooMuchWork, match="more than 30 calls"), at_most(calls=30):
        while True:
            with contextlib.suppress(Exception):
                done.append(len(done))
    assert 0 < len(done) < 30
