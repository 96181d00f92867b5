"""Preprocessing as data: what a recipe says, and that its JSON form is whole and strict."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from archspec.errors import InputError
from archspec.preprocess.rule import Preprocess, preprocess_of
from archspec.spec.data import Digits, Folder
from archspec.spec.preprocess import PRESETS, AsIs, Cover, Fraction, PreprocessKeys, Shorter, Squash
from archspec.spec.recipe import Recipe

RULE = Preprocess(height=6, width=7, channels=3, resize=Cover(margin=1.15), offset="floor", interpolation="bilinear",
                  antialias=True, origin="centre", decoder="accurate", order="rgb", background=255.0, mean=(120.0, 110.0, 100.0),
                  std=(50.0,))


def recipe(**keys: Any) -> Recipe:
    return Recipe(data=Folder(path="x"), preprocess=PreprocessKeys(**keys))


def test_what_is_written_else_the_preset_s_else_the_default() -> None:
    assert preprocess_of(recipe(resize=Cover(margin=1.15), mean=(120.0, 110.0, 100.0), std=(50.0,)), (6, 7, 3)) == RULE
    timm = preprocess_of(recipe(preset="timm", offset="ceil"), (224, 224, 3))
    assert (timm.resize, timm.offset, timm.interpolation, timm.std) == (Cover(margin=1 / 0.875, longer="floor"), "ceil", "bicubic",
                                                                       (58.395, 57.12, 57.375))


def test_files_are_cut_and_arrays_are_squashed() -> None:
    assert preprocess_of(recipe(), (8, 8, 3)).resize == Fraction()
    assert preprocess_of(Recipe(data=Digits()), (8, 8, 1)).resize == Squash()
    assert preprocess_of(Recipe(data=Digits(), preprocess=PreprocessKeys(preset="torchvision", mean=(1.0,), std=(1.0,))),
                         (8, 8, 1)).resize == Cover(margin=256 / 224, longer="floor")


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_a_rule(preset: str) -> None:
    found = preprocess_of(recipe(preset=preset), (224, 224, 3))
    assert Preprocess.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert found != preprocess_of(recipe(), (224, 224, 3))


@pytest.mark.parametrize("resize", [Shorter(pixels=9), Cover(margin=1.5), Fraction(share=0.5, of="sides"), Squash(), AsIs()])
def test_the_json_form_gives_the_same_again(resize: Any) -> None:
    rule = replace(RULE, resize=resize)
    assert Preprocess.from_json(json.loads(json.dumps(rule.to_json()))) == rule


def test_the_json_form() -> None:
    assert RULE.to_json() == {
        "height": 6, "width": 7, "channels": 3, "resize": {"cover": {"margin": 1.15, "longer": "round"}}, "offset": "floor",
        "interpolation": "bilinear", "antialias": True, "origin": "centre", "decoder": "accurate", "order": "rgb",
        "background": 255.0, "mean": [120.0, 110.0, 100.0], "std": [50.0]}


@pytest.mark.parametrize(("key", "value", "said"), [
    ("height", 0, ".height needs a whole number from 1 to 1048576, this is the number 0"),
    ("width", 7.0, ".width needs a whole number, this is the number 7.0"),
    ("channels", True, ".channels needs a whole number, this is true (true or false)"),
    ("channels", "3", ".channels needs a whole number, this is the text '3'"),
    ("resize", "cover", ".resize.cover needs 'margin'"), ("resize", {"cover": {}}, ".resize.cover needs 'margin'"),
    ("resize", {"cover": {"margin": 0.5}}, ".resize.cover.margin needs a number from 1 to 4, this is the number 0.5"),
    ("resize", {"cover": 0.5}, ".resize.cover.margin needs a number from 1 to 4, this is the number 0.5"),
    ("resize", {"squash": {"margin": 1.0}}, ".resize.squash has no key 'margin'"),
    ("resize", {"squash": {}, "none": {}}, ".resize needs one word, alone or with its arguments, this is a mapping"),
    ("resize", "crop", ".resize does not know 'crop'"),
    ("interpolation", "cubic", ".interpolation needs one of bilinear bicubic area lanczos3 nearest, this is the text 'cubic'"),
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
    colours = recipe(mean=(1.0, 2.0, 3.0))
    assert preprocess_of(colours, (8, 8, 3)).mean == (1.0, 2.0, 3.0)
    with pytest.raises(InputError) as error:
        preprocess_of(colours, (8, 8, 1))
    assert str(error.value) == ("train.preprocess.mean has 3 numbers, but the input has 1 channel(s)\n"
                                "  hint: write one number, or one a channel")


@pytest.mark.parametrize(("keys", "shape", "said"), [
    ({"preset": "keras_caffe", "mean": (1.0,)}, (8, 8, 1), "train.preprocess.order: bgr is of colour images, but the input has 1 channel(s)\n"),
    ({"resize": Shorter(pixels=7)}, (8, 8, 3), "train.preprocess.resize: the shorter side has 7 pixels, but the input is 8x8\n")])
def test_what_does_not_fit_the_input(keys: dict[str, Any], shape: tuple[int, int, int], said: str) -> None:
    with pytest.raises(InputError) as error:
        preprocess_of(recipe(**keys), shape)
    assert str(error.value).startswith(said)


@pytest.mark.parametrize(("keys", "said"), [
    ({"mean": [1.0, 2.0]}, "preprocess.mean has 2 numbers, but the input has 3 channel(s)\n  hint: write one number, or one a channel"),
    ({"channels": 1, "mean": [1.0], "order": "bgr"},
     "preprocess.order: bgr is of colour images, but the input has 1 channel(s)\n  hint: leave it out"),
    ({"resize": {"shorter": 5}},
     "preprocess.resize: the shorter side has 5 pixels, but the input is 6x7\n  hint: shorter: 7 or more")])
def test_keys_that_do_not_fit_the_input_are_refused_in_json_too(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as refused:
        Preprocess.from_json({**RULE.to_json(), **keys})
    assert str(refused.value) == said
