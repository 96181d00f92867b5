"""Preprocessing as data: what a recipe says, and that its JSON form is whole and strict."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from archspec.errors import InputError
from archspec.preprocess.rule import Cover, Preprocess, Squash, preprocess_of
from archspec.spec.recipe import Digits, Folder, Normalize, Recipe

RULE = Preprocess(height=6, width=7, channels=3, resize=Cover(margin=1.15), interpolation="bilinear", antialias=True,
                  background=255.0, mean=(120.0, 110.0, 100.0), std=(50.0,))


def test_folders_cover_and_digits_are_squashed() -> None:
    folder = Recipe(data=Folder(path="x", resize=1.5), normalize=Normalize(mean=(1.0, 2.0, 3.0), std=(4.0,)))
    assert preprocess_of(folder, (6, 7, 3)) == replace(
        RULE, resize=Cover(margin=1.5), mean=(1.0, 2.0, 3.0), std=(4.0,))
    assert preprocess_of(Recipe(data=Digits()), (8, 8, 1)) == replace(
        RULE, height=8, width=8, channels=1, resize=Squash(), antialias=False, mean=(127.5,), std=(127.5,))


@pytest.mark.parametrize("rule", [RULE, preprocess_of(Recipe(), (8, 8, 1))])
def test_the_json_form_gives_the_same_again(rule: Preprocess) -> None:
    assert Preprocess.from_json(json.loads(json.dumps(rule.to_json()))) == rule


def test_the_json_form() -> None:
    assert RULE.to_json() == {
        "height": 6, "width": 7, "channels": 3, "resize": {"kind": "cover", "margin": 1.15}, "interpolation": "bilinear",
        "antialias": True, "background": 255.0, "mean": [120.0, 110.0, 100.0], "std": [50.0]}


@pytest.mark.parametrize(("key", "value", "said"), [
    ("height", 0, ".height needs a whole number from 1 to 1048576, this is the number 0"),
    ("width", 7.0, ".width needs a whole number, this is the number 7.0"),
    ("channels", True, ".channels needs a whole number, this is true (true or false)"),
    ("channels", "3", ".channels needs a whole number, this is the text '3'"),
    ("resize", "cover", ".resize needs 'margin'"), ("resize", {"kind": "cover"}, ".resize needs 'margin'"),
    ("resize", {"kind": "cover", "margin": 0.5}, ".resize.margin needs a number from 1 to 4, this is the number 0.5"),
    ("resize", {"kind": "squash", "margin": 1.0}, ".resize has no key 'margin'"),
    ("interpolation", "cubic", ".interpolation needs bilinear, this is the text 'cubic'"),
    ("antialias", 1, ".antialias needs true or false, this is the number 1"),
    ("background", 256, ".background needs a number from 0 to 255, this is the number 256"), ("background", None, " needs 'background'"),
    ("mean", [], ".mean needs 1 to 1024 values, these are 0"), ("mean", 127.5, ".mean needs a list, this is the number 127.5"),
    ("mean", [float("nan")], ".mean needs a number from 0 to 1000000, this is the number nan"),
    ("std", [0], ".std needs a number above 0, at most 1000000, this is the number 0"),
    ("std", [float("inf")], ".std needs a number above 0, at most 1000000, this is the number inf"),
    ("std", ["1"], ".std needs a number, this is the text '1'")])
def test_no_other_value_is_taken(key: str, value: Any, said: str) -> None:
    with pytest.raises(InputError) as error:
        Preprocess.from_json({**RULE.to_json(), key: value})
    assert str(error.value) == f"preprocess{said}"


def test_no_key_may_be_missing_or_new() -> None:
    with pytest.raises(InputError, match="preprocess needs 'std'"):
        Preprocess.from_json({key: value for key, value in RULE.to_json().items() if key != "std"})
    with pytest.raises(InputError, match="preprocess has no key 'crop'"):
        Preprocess.from_json({**RULE.to_json(), "crop": "center"})
    with pytest.raises(InputError, match="preprocess is a mapping of keys, this is null"):
        Preprocess.from_json(None)  # type: ignore[arg-type]


def test_as_many_means_as_channels() -> None:
    recipe = Recipe(normalize=Normalize(mean=(1.0, 2.0, 3.0)))
    assert preprocess_of(recipe, (8, 8, 3)).mean == (1.0, 2.0, 3.0)
    with pytest.raises(InputError) as error:
        preprocess_of(recipe, (8, 8, 1))
    assert str(error.value) == ("train.normalize.mean has 3 numbers, but the input has 1 channel(s)\n"
                                "  hint: write one number, or one a channel")


def test_channels_that_files_do_not_have() -> None:
    with pytest.raises(InputError, match="1, 3 or 4 channels, but the network's input has 2"):
        preprocess_of(Recipe(data=Folder(path="x")), (8, 8, 2))
