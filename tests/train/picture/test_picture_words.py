"""Captions: short enough for their place, and readable whatever the classes are called."""

from __future__ import annotations

import pytest

from archspec.spec.augment import CutMix, Flip, MixUp, Operation, RandAugment, RandomResizedCrop
from archspec.train.reporting.picture.words import (
    broken,
    caption,
    class_names,
    legible,
    operations,
    shortened,
    shortened_path,
    wrapped,
)

NAMES = ("cat", "dog", "bird", "a very long name indeed")


@pytest.mark.parametrize(("labels", "room", "lines"), [
    ({0: 1.0}, 20, ("cat",)), ({0: 0.7, 1: 0.3}, 20, ("cat 0.7 / dog 0.3",)), ({0: 0.7, 1: 0.3}, 12, ("cat 0.7", "dog 0.3")),
    ({0: 1.0, 2: 1.0}, 20, ("cat, bird",)), ({0: 1.0, 1: 0.25}, 20, ("cat 1 / dog 0.25",)), ({}, 20, ("no label",)),
    ({3: 0.6, 0: 0.4}, 12, ("a very… 0.6", "cat 0.4")), ({3: 1.0}, 12, ("a very long", "name indeed")), ({3: 1.0}, 8, ("a very", "long na…")),
    ({0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0}, 12, ("cat, dog", "bird +1")), ({0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0}, 26, ("cat, dog, bird", "a very long name indeed"))])
def test_captions(labels: dict[int, float], room: int, lines: tuple[str, ...]) -> None:
    assert caption(labels, NAMES, len, room, 2) == lines


def test_classes_that_the_font_cannot_write_have_their_number_too() -> None:
    assert class_names(["Кошка", "花", "قط", "naïve"]) == ("Кошка", "class 1 (\\u82b1)", "قط", "naïve")


def test_no_sign_is_left_that_a_person_does_not_see() -> None:
    assert legible("a\u200db\n花") == "a\\u200db\\n\\u82b1"


def test_what_is_too_long_is_cut_off() -> None:
    assert (shortened("abcdefgh", len, 8), shortened("abcdefgh", len, 7), shortened("abc efgh", len, 8, " 0.5")) == ("abcdefgh", "abcdef…", "abc… 0.5")
    assert (shortened_path("a/b/c.jpg", len, 9), shortened_path("a/b/c.jpg", len, 6)) == ("a/b/c.jpg", "…c.jpg")
    assert broken("abcdefgh", len, 3, 2) == ("abc", "de…")
    assert shortened("abc", len, 0) == "…"


def test_a_list_in_lines() -> None:
    assert wrapped(["one", "two", "three", "a long one"], len, 9) == ["one, two,", "three,", "a long o…"]


@pytest.mark.parametrize(("augment", "said"), [
    ((), ["nothing"]), ((RandomResizedCrop(), Flip()), ["random_resized_crop", "flip"]),
    ((MixUp(alpha=1.0), CutMix(draw="pair", probability=0.25)), ["mixup: 1", "cutmix: {draw: pair, probability: 0.25}"]),
    ((RandAugment(magnitude=7.0, dialect="timm"), RandomResizedCrop(area=(0.5, 1.0))),
     ["randaugment: {dialect: timm, magnitude: 7}", "random_resized_crop: {area: [0.5, 1]}"])])
def test_the_recipe_in_a_line(augment: tuple[Operation, ...], said: list[str]) -> None:
    assert operations(augment) == said
