"""A classifier as convolutions: nothing changes at the network's own size, and at another one it is seen everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from archspec.artifact.artifact import shapes
from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.graph.ops import Conv, Dense, Flatten
from archspec.graph.passes import Network
from archspec.graph.passes.convolutional import MEAN, convolutional
from archspec.graph.weights import Weights
from archspec.model import operations
from archspec.network import load, lower


def drawn(graph: Graph) -> Weights:
    draw = np.random.default_rng(0)
    return {key: draw.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape).astype(np.float32) if len(shape) > 1
            else draw.uniform(0.5, 1.5, shape).astype(np.float32) for key, shape in shapes(graph).items()}


def logits(network: Network, images: np.ndarray) -> np.ndarray:
    output = network.graph.output.name
    return np.asarray(operations.compute(network.graph, network.weights, images, [output])[output])


@pytest.mark.parametrize(("spec", "size"), [("vgg11", 64), ("alexnet", 67), ("cifar_nin", 32), ("resnet18", 64), ("se_vgg16", 64)])
def test_at_its_own_size_nothing_changes(spec: str, size: int) -> None:
    graph = lower(load(spec, [f"input={size}x{size}x3", "classes=10"]))
    own = Network(graph, drawn(graph))
    found = convolutional(own)
    images = np.random.default_rng(1).normal(size=(2, size, size, 3)).astype(np.float32)
    expected = logits(own, images)
    np.testing.assert_allclose(logits(found, images), expected, atol=1e-5 * np.abs(expected).max())
    assert not any(isinstance(node.op, Flatten) for node in found.graph.nodes)


def test_each_place_of_a_larger_image_is_a_crop() -> None:
    """Of a network without padding: the mean over the map is that of the logits of all crops, a stride apart."""
    graph = lower(load("cifar_nin", {"input": "8x8x3", "classes": 5, "stages": [], "stem": [{"conv": "3x3 4 /2 padding=0"}],
                                     "head": ["flatten", {"dense": "6 act=relu"}, {"dropout": 0.5}, {"dense": "$classes"}]}))
    own = Network(graph, drawn(graph))
    found = convolutional(own)
    image = np.random.default_rng(1).normal(size=(1, 12, 14, 3)).astype(np.float32)
    crops = np.concatenate([image[:, top:top + 8, left:left + 8] for top in (0, 2, 4) for left in (0, 2, 4, 6)])
    np.testing.assert_allclose(logits(found, image)[0], logits(own, crops).mean(axis=0), atol=1e-5)
    dense = [node for node in graph.nodes if isinstance(node.op, Dense)]
    assert [found.graph.node(node.name).op for node in dense] == [Conv(6, (3, 3), padding=(0, 0, 0, 0), bias=True),
                                                                 Conv(5, (1, 1), padding=(0, 0, 0, 0), bias=True)]
    assert found.graph.output.name == MEAN


@pytest.mark.parametrize("head", [
    ["flatten", "norm", {"dense": "$classes"}], ["flatten", {"act": "softmax"}, {"dense": "$classes"}],
    ["flatten", {"dense": 8}, {"pad_channels": 12}, {"dense": "$classes"}], [{"branches": [["flatten"], ["flatten"]]}, {"dense": "$classes"}]])
def test_a_vector_that_is_taken_as_a_whole_by_more_than_dense_layers_is_refused(head: list[Any]) -> None:
    """As a map it would be another thing, and the numbers would be others without a word."""
    spec = {"input": "8x8x3", "classes": 5, "stages": [], "stem": [{"conv": "3x3 4 /2"}], "head": head}
    graph = lower(load("cifar_nin", spec))
    with pytest.raises(InputError, match="cifar_nin cannot be seen as convolutions: head_"):
        convolutional(Network(graph, drawn(graph)))


def test_a_network_that_needs_one_size_is_refused() -> None:
    graph = lower(load("mixer_small", ["input=64x64x3", "classes=10"]))
    with pytest.raises(InputError, match=r"mixer_small cannot be seen as convolutions: stage1_block1_mix_tokens\w*: the size"):
        convolutional(Network(graph, drawn(graph)))
