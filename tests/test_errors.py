"""What messages make of what others wrote."""

from __future__ import annotations

import pytest

from archspec.errors import closest, one_line


@pytest.mark.parametrize(("word", "found"), [("seresnext", "se_resnext50_32x4d"), ("se_resnext50", "se_resnext50_32x4d"),
                                             ("SE-ResNet", "se_resnet50"), ("resnet5O", "resnet50"), ("se_", ""), ("nothing", "")])
def test_what_goes_on_from_a_word_is_nearer_than_what_is_spelt_like_it(word: str, found: str) -> None:
    assert closest(word, ["resnet50", "se_resnet50", "se_resnext50_32x4d", "resnext50_32x4d"]) == found


@pytest.mark.parametrize(("error", "told"), [
    (ValueError("of.cc:1 first\n\n  second\x1b[1m"), r"ValueError: of.cc:1 first second\x1b[1m"),
    (KeyError(), "KeyError"),
    (RuntimeError("x" * 401), f"RuntimeError: {'x' * 400}…")])
def test_an_error_of_a_library_is_one_line(error: Exception, told: str) -> None:
    assert one_line(error) == told
