"""The table of published results: what it names is there, and each network can be evaluated by the protocol of its result."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tooling import tool

from archspec.evaluate.views import refuse_sizes, rule_of
from archspec.network import load
from archspec.preprocess.rule import preprocess_of
from archspec.spec.files import recipe_names
from archspec.spec.protocol import load_protocol
from archspec.views.recipes import recipe

RESULTS = tool("results")
ERROR = re.compile(r"([0-9]{1,2}(\.[0-9]{1,3})?|-)( / [0-9]{1,2}(\.[0-9]{1,3})?)?|23 to 24")
PUBLISHED_NOWHERE = {"digits", "resnext_cifar_2017"}


def test_every_recipe_with_a_published_result_is_there() -> None:
    assert {section.recipe.name for section in RESULTS.sections()} == {*recipe_names()} - PUBLISHED_NOWHERE


@pytest.mark.parametrize("section", RESULTS.sections(), ids=lambda section: section.recipe.name)
def test_results_are_of_networks_and_protocols_that_there_are(section: Any) -> None:
    trained = recipe(section.recipe.name)
    runs: dict[str, str] = {}
    for result in section.results:
        assert ERROR.fullmatch(result.errors), result
        assert result.source
        spec = load(result.network, [f"train.recipe={result.recipe}", *result.settings])
        assert spec.train.data == (trained.data if not result.settings else spec.train.data)
        assert runs.setdefault(result.run, result.trained) == result.trained
        if result.crops != RESULTS.OWN:
            protocol, shape = load_protocol(result.crops), tuple(map(int, str(spec.resolved.tree.entries["input"].text).split("x")))
            refuse_sizes(protocol, rule_of(protocol, preprocess_of(spec.train, shape)))


def test_commands_name_what_is_not_the_networks_own() -> None:
    one = RESULTS.Result("rsb_a1", "resnet50", (), "19.6", "1", "", "a paper", "")
    assert one.trained == "archspec train resnet50 --run runs/resnet50_rsb_a1 --set train.recipe=rsb_a1"
    assert one.evaluated == "archspec evaluate runs/resnet50_rsb_a1"
    other = RESULTS.Result("resnet_2015", "resnet50", (), "22.9", "vgg-dense", "384", "a paper", "")
    assert other.trained == "archspec train resnet50 --run runs/resnet50"
    assert other.evaluated == "archspec evaluate runs/resnet50 --crops vgg-dense --sizes 384"


def test_the_length_of_a_training_is_reckoned() -> None:
    """ResNet-50: 90 epochs of 1,281,167 images, three times 4.089e9 multiply-adds each."""
    (section,) = (each for each in RESULTS.sections() if each.recipe.name == "tfm_resnet50")
    told = "| `archspec train resnet50 --run runs/resnet50_tfm_resnet50 --set train.recipe=tfm_resnet50` | 1.41e18 | 1.6 |"
    assert told in list(RESULTS._section(section))
