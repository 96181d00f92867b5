"""What somebody meant: other libraries' words, other spellings, keys of other sections."""

from __future__ import annotations

import pytest

from archspec.schema.kinds import plainly
from archspec.schema.words import meant, suggestion
from archspec.spec.augment import OPERATIONS as OPERATIONS_OF_AUGMENT
from archspec.spec.data import CACHES
from archspec.spec.export import FORMAT_WORDS
from archspec.spec.operations import ACT_WORDS, NORM_WORDS, OPERATIONS
from archspec.spec.preprocess import OTHER_PRESETS, RESIZES
from archspec.spec.recipe import BALANCED
from archspec.spec.sections import BLOCK, SPEC, STAGE, everywhere


@pytest.mark.parametrize(("operation", "word", "hint"), [
    ("conv", "activation", "did you mean 'act'?"), ("conv", "out_channels", "did you mean 'filters'?"), ("conv", "units", "did you mean 'filters'?"),
    ("conv", "kernelSize", "did you mean 'kernel'?"), ("conv", "strides", "did you mean 'stride'?"), ("conv", "use_bias", "did you mean 'bias'?"),
    ("conv", "bn", "did you mean 'norm'?"), ("dense", "filters", "did you mean 'units'?"), ("dropout", "dropout_rate", "did you mean 'rate'?"),
    ("conv", "filtres", "did you mean 'filters'?"), ("conv", "zzz", ""),
])
def test_arguments(operation: str, word: str, hint: str) -> None:
    assert meant(word, OPERATIONS[operation].arguments) == hint


@pytest.mark.parametrize(("word", "hint"), [
    ("lr", "did you mean train.schedule.learning_rate?"), ("epochs", "did you mean train.epochs or train.checkpoint.epochs?"),
    ("num_classes", "did you mean 'classes'?"), ("stage", "did you mean 'stages'?"), ("formats", "did you mean export.formats?"), ("qqq", ""),
])
def test_sections(word: str, hint: str) -> None:
    assert suggestion(word, SPEC, everywhere) == hint


def test_a_key_of_the_same_name_elsewhere_is_told_by_its_place() -> None:
    assert suggestion("input", STAGE, everywhere) == "did you mean input at the top of the spec?"


def test_no_word_means_two_keys_of_one_place() -> None:
    """A synonym is neither a key beside it nor a synonym of another."""
    places = [SPEC, STAGE, BLOCK, *(each.arguments for each in OPERATIONS.values()), *(entry.owner.declared for entry in everywhere() if entry.owner)]
    for keys in places:
        words = [word for name, key in keys.items() for word in (name, *key.synonyms)]
        assert len(words) == len(set(words)), [word for word in words if words.count(word) > 1]


def test_no_word_means_two_sections_of_one_place() -> None:
    for kinds in (OPERATIONS_OF_AUGMENT.item.kinds(), RESIZES.kinds()):
        words = [plainly(word) for name, each in kinds.items() for word in (name, *each.synonyms)]
        assert len(words) == len(set(words)), [word for word in words if words.count(word) > 1]


def test_what_is_said_instead_of_a_key_hides_no_key() -> None:
    for owner in {entry.owner for entry in everywhere() if entry.owner}:
        words = {plainly(word) for name, key in owner.declared.items() for word in (name, *key.synonyms)}
        assert all(word == plainly(word) for word in owner.instead)
        assert not words & owner.instead.keys()


@pytest.mark.parametrize(("word", "hint"), [
    ("share", "did you mean train.preprocess.resize.fraction.share?"), ("crop_pct", "did you mean train.preprocess.resize.fraction.share?"),
    ("ratio", "did you mean train.augment: random_resized_crop: aspect or train.augment: random_erasing: aspect?"),
    ("max_value", "did you mean train.data.white?"), ("recipe", "did you mean train.recipe?"),
])
def test_a_key_below_a_word_is_told_as_it_is_written(word: str, hint: str) -> None:
    assert suggestion(word, SPEC, everywhere) == hint


def test_synonyms_of_kinds_are_written_plainly() -> None:
    for words in (ACT_WORDS, NORM_WORDS, FORMAT_WORDS, OTHER_PRESETS, CACHES, BALANCED):
        assert all(word == plainly(word) for word in words)
