"""The recipes that ship: what each says of itself, and which spec of the zoo names which."""

from __future__ import annotations

from dataclasses import replace

import pytest

import archspec
from archspec.errors import SpecError
from archspec.io.places import shipped
from archspec.schema.quantities import Rate
from archspec.schema.read import section_of
from archspec.schema.tree import MappingTree
from archspec.spec.files import recipe_names, spec_names
from archspec.spec.recipe import DECIDED, Recipe
from archspec.spec.source import read
from archspec.views.recipes import RecipeFile, recipe, recipes

NAMES = {"resnet_2015", "resnet_fb_torch", "resnet_cifar_2015", "resnext_2017", "resnext_cifar_2017", "densenet_2017", "densenet_cifar_2017",
         "senet_2017", "vgg_2014", "googlenet_2014", "inception_v3_2015", "inception_v4_2016", "slim_inception", "tf_inception_v3",
         "highway_2015", "wide_resnet_2016", "torchvision_v1", "torchvision_v2", "rsb_a1", "rsb_a2", "rsb_a3", "resnet_rs",
         "tfm_resnet50", "efficientnet_2019", "convnext_2022", "digits"}
CIFAR_RESNETS = [name for name in spec_names() if name.startswith(("cifar_resnet", "cifar_plain", "cifar_preact", "cifar_se_resnet", "cifar_pyramidnet")) and "resnext" not in name]
NAMED = {
    "resnet_2015": ["resnet18", "resnet18_c", "resnet34", "resnet34_a", "resnet34_c", "resnet50", "resnet50_c", "resnet50_v1", "resnet50_v1_a", "resnet50c", "resnet50d", "resnet50s", "resnet50t", "resnet101", "resnet101_c", "resnet101_v1", "resnet101_1x100d", "resnet152", "resnet152_c", "resnet152_v1", "resnet152_v1_c", "resnet200", "plain18", "plain34", "res2net50_26w_4s", "cbam_resnet50", "eca_resnet50", "sk_resnet50", "resnest50", "resnetv2_50", "resnet50_blur", "resnet50_os8", "botnet50", "keras_resnet50", "keras_resnet101", "keras_resnet152"],
    "resnet_fb_torch": ["resnet50_v2", "resnet101_v2", "resnet152_v2", "resnet200_v2", "keras_resnet50v2", "keras_resnet101v2", "keras_resnet152v2", "wide_resnet50_2", "wide_resnet101_2"],
    "resnet_cifar_2015": [*CIFAR_RESNETS, "cifar_nin", "fractalnet20"],
    "wide_resnet_2016": ["wrn_28_10", "wrn_28_10_dropout"],
    "resnext_2017": [*(name for name in spec_names() if name.startswith(("resnext", "dpn"))), "hrnet_w18"],
    "resnext_cifar_2017": [name for name in spec_names() if name.startswith("cifar_resnext")],
    "densenet_2017": [name for name in spec_names() if name.startswith(("densenet", "keras_densenet"))],
    "densenet_cifar_2017": [name for name in spec_names() if name.startswith("cifar_densenet")],
    "senet_2017": [name for name in spec_names() if name.startswith("se")],
    "vgg_2014": [*(name for name in spec_names() if name.startswith(("vgg", "keras_vgg"))), "alexnet", "alexnet_torchvision", "zfnet"],
    "googlenet_2014": ["googlenet", "googlenet_torchvision"],
    "inception_v3_2015": ["inception_v3", "keras_inception_v3", "nasnet_large", "nasnet_mobile", "keras_nasnet_large", "keras_nasnet_mobile",
                          "pnasnet5_large"],
    "inception_v4_2016": ["inception_v4", *(name for name in spec_names() if name.startswith("inception_resnet")), "keras_inception_resnet_v2"],
    "slim_inception": ["bn_inception", "xception", *(name for name in spec_names() if name.startswith(("mobilenet_v1", "mobilenet_v2"))),
                       "keras_mobilenet", "shufflenet_v2_x1_0"],
    "highway_2015": ["cifar_highway19"],
    "torchvision_v1": ["darknet53", "repvgg_a0", "squeezenet1_1", "dla34", "vovnet39", "ese_vovnet39b"],
    "torchvision_v2": [name for name in spec_names() if name.startswith("regnet")],
    "efficientnet_2019": [name for name in spec_names() if name.startswith(("efficientnet", "ghostnet", "mnasnet", "mobilenet_v3", "mobilenet_v4"))],
    "convnext_2022": [*(name for name in spec_names() if name.startswith(("convnext", "rdnet"))), "mixer_small", "convmixer_768_32", "vit_small_gap",
                      "repvit_m1_0", "shvit_s1"],
    "resnet_rs": [name for name in spec_names() if name.startswith("resnet_rs")],
    "digits": ["resnet20_digits", "unet_classifier", "bifpn_classifier"],
}
"""The recipe of each network's paper; where none ships, the nearest: of its authors' code, or a later one of its kind."""
OWN = {"squeezenet1_1": {"learning_rate": Rate(0.01, per=256)}}
"""What a spec says of the schedule itself: without norms the rate of most would be too high."""


def test_the_recipes_of_the_papers_ship() -> None:
    assert set(recipe_names()) == NAMES


def test_each_spec_of_the_zoo_is_in_the_table_once() -> None:
    assert sorted(name for names in NAMED.values() for name in names) == spec_names()


@pytest.mark.parametrize(("name", "of"), [(name, of) for of, names in NAMED.items() for name in names])
def test_a_spec_trains_as_its_recipe_says(name: str, of: str) -> None:
    """Exactly: nothing of a recipe that it extends is left."""
    expected = recipe(of)
    if name in OWN:
        expected = replace(expected, schedule=replace(expected.schedule, **OWN[name]))
    assert archspec.load(name).train == expected


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_recipe_opens_with_a_comment_and_decides_what_recipes_may(name: str) -> None:
    path = shipped() / "recipes" / f"{name}.yaml"
    assert path.read_text(encoding="utf-8").startswith("# ")
    train = read(path).entries["train"]
    assert isinstance(train, MappingTree)
    assert train.entries.keys() <= set(DECIDED) <= Recipe.declared.keys()


def test_each_says_what_was_reached_how_it_was_measured_and_from_where_it_is() -> None:
    entries = recipes()
    assert {entry.name for entry in entries} == NAMES
    for entry in entries:
        assert all((entry.description, entry.result, entry.protocol, entry.reference)), entry.name
    found = next(entry for entry in entries if entry.name == "vgg_2014")
    assert (found.epochs, found.batch, found.learning_rate) == (74, 256, "0.01 per 256")
    assert found.unknown[0] == "at which epochs the rate was divided"
    assert found.differs[0] == "the rate falls at epochs 20 40 60 instead of where the accuracy stops rising"


def test_a_recipe_of_epochs_says_how_many_it_is_written_for() -> None:
    for name in NAMES:
        found = recipe(name)
        points = (found.schedule.warmup, *getattr(found.schedule, "milestones", ()), *([found.schedule.every] if hasattr(found.schedule, "every") else []))
        if any(each.amount and not each.percents for each in points):
            assert found.schedule.written_for == found.epochs, name


def test_a_file_of_recipes_is_read_key_by_key() -> None:
    written = {"archspec": 1, "description": "d", "reference": "r", "result": "x", "protocol": "p", "train": {}}
    assert section_of(RecipeFile, written).differs == ()
    with pytest.raises(SpecError) as error:
        section_of(RecipeFile, {**written, "results": "y"})
    assert "has no key 'results'" in str(error.value) and "did you mean 'result'?" in str(error.value)
