"""The train and export sections: their defaults, and what is said of a mistake in them."""

from __future__ import annotations

from typing import Any

import pytest

from archspec.errors import SpecError
from archspec.schema.keys import to_json
from archspec.schema.read import section_of
from archspec.spec.export import ExportSection
from archspec.spec.recipe import Digits, Folder, Recipe, Step


def mistakes(**written: Any) -> list[tuple[str, str]]:
    """Message and hint of each mistake in a recipe."""
    with pytest.raises(SpecError) as error:
        section_of(Recipe, written, "train")
    return [(problem.message, problem.hint) for problem in error.value.problems]


def test_nothing_written_is_a_whole_recipe() -> None:
    recipe = section_of(Recipe, {})
    assert recipe == Recipe()
    assert (recipe.data, recipe.optimizer.momentum, recipe.optimizer.weight_decay) == (Digits(), 0.9, 1e-4)


def test_a_word_stands_for_its_mapping() -> None:
    assert section_of(Recipe, {"data": "digits"}) == section_of(Recipe, {"data": {"source": "digits"}})
    assert section_of(Recipe, {"schedule": "constant"}).schedule.kind == "constant"


def test_what_is_dumped_reads_back_the_same() -> None:
    recipe = section_of(Recipe, {"data": {"source": "folder", "path": "x"}, "schedule": {
        "kind": "step", "milestones": [1, 2.5]}, "normalize": {"mean": [1, 2, 3], "std": 4}})
    assert section_of(Recipe, to_json(recipe)) == recipe
    assert isinstance(recipe.schedule, Step)
    assert recipe.schedule.milestones == (1, 2.5)


def test_what_is_dumped_is_plain() -> None:
    dumped = to_json(Recipe())
    assert dumped["data"] == {"source": "digits"}
    assert (dumped["normalize"], dumped["init"]) == ({"mean": [127.5], "std": [127.5]}, None)


def test_a_recipe_does_not_change() -> None:
    with pytest.raises(AttributeError):
        Recipe().epochs = 3  # type: ignore[misc]


def test_flip_follows_the_data_unless_said() -> None:
    assert not Recipe().flips
    assert Recipe(data=Folder(path="x")).flips
    assert not section_of(Recipe, {"data": {"source": "folder", "path": "x"}, "augment": {"flip": False}}).flips


def test_a_folder_may_be_called_by_a_number() -> None:
    assert section_of(Recipe, {"data": {"source": "folder", "path": 2012}}).data == Folder(path="2012")


@pytest.mark.parametrize(("written", "message", "hint"), [
    ({"data": "digit"}, "train.data.source needs one of digits folder, this is the text 'digit'", "did you mean 'digits'? images in a folder: data: {source: folder, path: digit}"),
    ({"data": ["digits"]}, "train.data needs one of digits folder, or a mapping with 'source', this is a list", ""),
    ({"data": {"source": "folder"}}, "train.data needs 'path'", "path: relative to the folder in which the command runs"),
    ({"data": {"path": "x"}}, "train.data has no key 'path'", "it is a key of source: folder"),
    ({"optimizer": "adam"}, "train.optimizer: there is sgd only, this is the text 'adam'", ""),
    ({"optimizer": {"nesterov": 1}}, "train.optimizer.nesterov needs true or false, this is the number 1", "write true"),
    ({"schedule": {"kind": "step"}}, "train.schedule needs 'milestones'", "milestones: the epochs at which the learning rate falls; they must rise"),
    ({"schedule": {"kind": "cosine", "factor": 0.1}}, "train.schedule has no key 'factor'", "it is a key of kind: step"),
    ({"schedule": {"kind": "step", "milestones": 3}}, "train.schedule.milestones needs a list, this is the number 3", "write [3]"),
    ({"schedule": {"kind": "step", "milestones": [2, 1]}},
     "train.schedule: milestones must rise: each a later epoch than the one before", "write milestones: [1, 2]"),
    ({"schedule": {"kind": "step", "milestones": [1], "warmup": 2}},
     "train.schedule: the first milestone, epoch 1, lies within the warm-up of 2", "a later milestone, or a shorter warmup"),
    ({"epochs": 10, "schedule": {"kind": "step", "milestones": [30, 60, 80]}},
     "train: schedule.milestones reaches epoch 80, but training has 10",
     "schedule: cosine, schedule.milestones: [3.3, 6.7, 8.9], or more than 80 epochs"),
    ({"epochs": 5, "schedule": {"warmup": 5}}, "train: schedule.warmup reaches epoch 5, but training has 5",
     "a shorter warmup, or more epochs"),
    ({"augment": {"flip": True}}, "train: a mirrored digit is not a digit", "leave augment.flip out, or write false"),
    ({"augment": {"flip": "True"}}, "train.augment.flip needs one of auto true false, this is the text 'True'",
     "did you mean 'true'?"),
    ({"augment": 3}, "train.augment is a mapping of keys, this is the number 3", ""),
    ({"augment": {"crop_padding": 100_000}}, "train.augment.crop_padding needs a whole number from 0 to 10000, this is the number 100000", ""),
    ({"epochs": "3"}, "train.epochs needs a whole number, this is the text '3'", "'3' in quotes is text: leave the quotes out"),
    ({"batch": True}, "train.batch needs a whole number, this is true (true or false)", ""),
    ({"optimizer": {"weight_decay": 5}}, "train.optimizer.weight_decay needs a number from 0 to 1, this is the number 5", ""),
    ({"normalize": {"std": 0}}, "train.normalize.std needs a number above 0, at most 1000000, this is the number 0", ""),
    ({"normalize": {"mean": []}}, "train.normalize.mean needs 1 to 1000 values, these are 0", "each is a number from 0 to 1000000"),
    ({"normalize": {"mean": [1] * 1001}}, "train.normalize.mean needs 1 to 1000 values, these are 1001", "each is a number from 0 to 1000000"),
    ({"checkpoint": {"keep": 1}}, "train.checkpoint.keep needs a whole number from 2 to 1000, this is the number 1", ""),
    ({"learning_rate": 0.1}, "train has no key 'learning_rate'", "did you mean train.schedule.learning_rate?"),
    ({"lr": 0.1}, "train has no key 'lr'", "did you mean train.schedule.learning_rate?"),
    ({"kind": "sgd"}, "train has no key 'kind'", "did you mean train.optimizer.kind or train.schedule.kind?"),
    ({"batch_size": 8}, "train has no key 'batch_size'", "did you mean 'batch'?"),
    ({"epoch": 8}, "train has no key 'epoch'", "did you mean 'epochs'?"),
    ({"schedule": {"gamma": 0.1, "kind": "step", "milestones": [1]}}, "train.schedule has no key 'gamma'", "did you mean 'factor'?"),
    ({"zzz": 8}, "train has no key 'zzz'", "it has data epochs batch optimizer schedule normalize augment label_smoothing "
     "auxiliary_weight init seed strategy sync_batch_norm checkpoint"),
])
def test_a_mistake_is_said_with_a_way_out(written: dict[str, Any], message: str, hint: str) -> None:
    assert mistakes(**written) == [(message, hint)]


@pytest.mark.parametrize(("given", "hint"), [
    ({"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
     "times 255: mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375]"),
    ({"mean": 0.5, "std": 0.5}, "times 255: mean: 127.5, std: 127.5"),
    ({"mean": [0.485, 0.456, 0.406]}, "times 255: mean: [123.675, 116.28, 103.53]"),
    ({"mean": 127.5, "std": 0.5}, "times 255: std: 127.5"),
])
def test_statistics_of_pixels_from_0_to_1(given: dict[str, Any], hint: str) -> None:
    assert mistakes(normalize=given) == [("train.normalize: these are statistics of pixels from 0 to 1, and pixels are 0 to "
                                          "255 here", hint)]


@pytest.mark.parametrize("given", [{"mean": 0, "std": 1}, {"mean": 0}, {"std": 255, "mean": 0}, {"mean": [103.9, 116.8, 123.7], "std": 1}])
def test_other_statistics_are_believed(given: dict[str, Any]) -> None:
    assert section_of(Recipe, {"normalize": given}).normalize != section_of(Recipe, {}).normalize


def test_all_mistakes_at_once() -> None:
    assert len(mistakes(epochs=0, batch="x", data="y")) == 3
    assert len(mistakes(epochs=3, augment={"flip": True}, schedule={"kind": "step", "milestones": [5, 6]})) == 2


def test_a_rule_about_a_key_that_cannot_be_read_says_nothing() -> None:
    assert len(mistakes(epochs=0, schedule={"kind": "step", "milestones": [50]})) == 1


@pytest.mark.parametrize(("formats", "message", "hint"), [
    (["tflite", "tflite"], "export.formats names the text 'tflite' twice", "keep one of them"),
    ("savedmodel", "export.formats needs a list, this is the text 'savedmodel'", "write [savedmodel]"),
    (["tf"], "export.formats needs one of savedmodel tflite, this is the text 'tf'", "did you mean 'savedmodel'?"),
])
def test_formats(formats: object, message: str, hint: str) -> None:
    with pytest.raises(SpecError) as error:
        section_of(ExportSection, {"formats": formats}, "export")
    assert [(problem.message, problem.hint) for problem in error.value.problems] == [(message, hint)]
