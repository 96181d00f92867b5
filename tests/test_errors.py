"""What messages make of what others wrote."""

from __future__ import annotations

import pytest

from archspec.errors import one_line


@pytest.mark.parametrize(("error", "told"), [
    (ValueError("of.cc:1 first\n\n  second\x1b[1m"), r"ValueError: of.cc:1 first second\x1b[1m"),
    (KeyError(), "KeyError"),
    (RuntimeError("x" * 401), f"RuntimeError: {'x' * 400}…")])
def test_an_error_of_a_library_is_one_line(error: Exception, told: str) -> None:
    assert one_line(error) == told
