"""First values that a recipe asks for."""

from __future__ import annotations

import pytest

from archspec.errors import InputError
from archspec.graph.branches import last_norms
from archspec.model.emit import build
from archspec.network import load, lower
from archspec.train.step.initial import quiet_branches

SMALL = ["input=32x32x3", "stages.widths=[4, 8, 8, 8]"]


@pytest.mark.parametrize(("name", "count", "last"), [
    ("resnet50", 16, "stage4_block3_conv3_norm"), ("resnet18", 8, "stage4_block2_conv2_norm"),
    ("se_resnet50", 16, "stage4_block3_conv3_norm"), ("regnet_y_4gf", 22, "stage4_block2_conv3_norm"),
    ("resnet50_v2", 0, ""), ("densenet121", 0, ""), ("vgg16_bn", 0, ""), ("inception_resnet_v2", 0, "")])
def test_the_norms_in_which_branches_end(name: str, count: int, last: str) -> None:
    found = last_norms(lower(load(name)))
    assert (len(found), found[-1] if found else "") == (count, last)


def test_branches_start_as_nothing() -> None:
    graph = lower(load("resnet18", SMALL))
    model = build(graph)
    quiet_branches(graph, model)
    quiet = {layer.name for layer in model.layers if hasattr(layer, "gamma") and not layer.gamma.value.numpy().any()}
    assert quiet == set(last_norms(graph))


def test_a_network_without_such_branches() -> None:
    graph = lower(load("vgg11_bn"))
    with pytest.raises(InputError) as error:
        quiet_branches(graph, build(lower(load("resnet18", SMALL)), initialize=False))
    assert str(error.value) == ("train.zero_init_residual: no residual branch of this network ends in a norm with a scale\n"
                                "  hint: leave it out")
