"""The train section: its defaults, and what is said of a mistake in it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from archspec.spec.export import ExportSection
from archspec.spec.recipe import Digits, Folder, Recipe, Step


def mistakes(section: type[Recipe | ExportSection], **written: Any) -> list[tuple[str, str]]:
    """Key path and message of each mistake."""
    with pytest.raises(ValidationError) as error:
        section.model_validate(written)
    return [(".".join(map(str, found["loc"])), found["msg"]) for found in error.value.errors()]


def test_nothing_written_is_a_whole_recipe() -> None:
    recipe = Recipe.model_validate({})
    assert (recipe.data, recipe.optimizer.momentum, recipe.optimizer.weight_decay) == (Digits(), 0.9, 1e-4)


def test_a_word_stands_for_its_mapping() -> None:
    assert Recipe.model_validate({"data": "digits"}) == Recipe.model_validate({"data": {"source": "digits"}})
    assert Recipe.model_validate({"schedule": "constant"}).schedule.kind == "constant"


def test_what_is_dumped_reads_back_the_same() -> None:
    recipe = Recipe.model_validate({"data": {"source": "folder", "path": "x"}, "schedule": {
        "kind": "step", "milestones": [1, 2.5]}, "normalize": {"mean": [1, 2, 3], "std": 4}})
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe
    assert isinstance(recipe.schedule, Step)
    assert recipe.schedule.milestones == (1, 2.5)


def test_flip_follows_the_data_unless_said() -> None:
    folder = Folder(path="x")
    assert not Recipe().flips
    assert Recipe(data=folder).flips
    assert not Recipe.model_validate({"data": folder, "augment": {"flip": False}}).flips


@pytest.mark.parametrize(("written", "place", "message"), [
    ({"data": "digit"}, "data", "unknown source 'digit': expected digits, folder; did you mean 'digits'?"),
    ({"data": ["digits"]}, "data", "expected one of digits, folder, or a mapping with 'source'"),
    ({"data": {"source": "folder"}}, "data.path", "Field required"),
    ({"data": {"source": "digits", "path": "x"}}, "data.path", "Extra inputs are not permitted"),
    ({"schedule": {"kind": "step"}}, "schedule.milestones", "Field required"),
    ({"schedule": {"kind": "cosine", "factor": 0.1}}, "schedule.factor", "Extra inputs are not permitted"),
    ({"schedule": {"kind": "step", "milestones": [2, 1]}}, "schedule",
     "milestones must rise: each a later epoch than the one before"),
    ({"schedule": {"kind": "step", "milestones": [1], "warmup": 2}}, "schedule",
     "the first milestone lies within the warm-up"),
    ({"epochs": 5, "schedule": {"kind": "step", "milestones": [1, 5]}}, "",
     "schedule.milestones reaches epoch 5, but training has 5"),
    ({"epochs": 5, "schedule": {"warmup": 5}}, "", "schedule.warmup reaches epoch 5, but training has 5"),
    ({"augment": {"flip": True}}, "", "augment.flip: a mirrored digit is not a digit; leave flip out, or false"),
    ({"epochs": "3"}, "epochs", "Input should be a valid integer"),
    ({"batch": True}, "batch", "Input should be a valid integer"),
    ({"normalize": {"std": 0}}, "normalize.std.0", "Input should be greater than 0"),
    ({"normalize": {"mean": []}}, "normalize.mean", "expected one number at least"),
    ({"checkpoint": {"keep": 1}}, "checkpoint.keep", "Input should be greater than or equal to 2"),
])
def test_a_mistake_is_said_with_its_place(written: dict[str, Any], place: str, message: str) -> None:
    assert mistakes(Recipe, **written) == [(place, message)]


def test_all_mistakes_at_once() -> None:
    assert len(mistakes(Recipe, epochs=0, batch="x", data="y")) == 3


def test_a_format_is_named_once() -> None:
    assert mistakes(ExportSection, formats=["tflite", "tflite"]) == [("", "formats: each may be named once")]
