"""How PyTorch's and Keras's tensors become ours, against plain sums."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from archspec.graph.axes import Position
from archspec.graph.ir import Graph, Node
from archspec.graph.ops import Activation, Conv, Dense, Depthwise, Dropout, Flatten, LayerScale, Op
from archspec.weights.convert import conversion, flattened_maps

Chain = Callable[..., Graph]
RNG = np.random.default_rng(0)


def last(graph: Graph) -> Node:
    return graph.nodes[-1]


def convert(node: Node, array: np.ndarray, flattened: tuple[int, ...] | None = None, array_name: str = "kernel") -> np.ndarray:
    """An array of PyTorch's in our form."""
    weight = next(weight for weight in node.weights if weight.name == array_name)
    way = conversion("torch", node, weight, array.shape, flattened)
    assert way is not None
    converted = way(array)
    assert converted.shape == weight.shape
    assert converted.dtype == np.float32
    return converted


def test_convolution(chain: Chain) -> None:
    theirs = RNG.normal(size=(9, 2, 3, 5)).astype("float16")
    ours = convert(last(chain(Conv(9, (3, 5), groups=3))), theirs)
    np.testing.assert_array_equal(ours[2, 4, 1, 7], theirs[7, 1, 2, 4])


def test_depthwise_with_multiplier(chain: Chain) -> None:
    theirs = RNG.normal(size=(12, 1, 3, 3))
    ours = convert(last(chain(Depthwise(2))), theirs)
    np.testing.assert_allclose(ours[1, 2, 4, 1], theirs[4 * 2 + 1, 0, 1, 2], rtol=1e-6)


@pytest.mark.parametrize("theirs", [(4, 6), (4, 6, 1, 1)])
def test_a_dense_layer_may_be_a_1x1_convolution_and_the_other_way(theirs: tuple[int, ...], chain: Chain) -> None:
    array = RNG.normal(size=theirs)
    for op in (Conv(4), Dense(4)):
        node = last(chain(op) if isinstance(op, Conv) else chain(Flatten(), op, shape=(1, 1, 6)))
        np.testing.assert_allclose(convert(node, array).reshape(6, 4), array.reshape(4, 6).T, rtol=1e-6)


@pytest.mark.parametrize("as_map", [False, True])
def test_the_order_in_which_a_map_is_flattened(as_map: bool, chain: Chain) -> None:
    graph = chain(Flatten(), Dropout(0.5), Dense(4), Activation("relu"), Dense(3), shape=(5, 7, 6))
    assert flattened_maps(graph) == {"dense3": (5, 7, 6)}
    image, theirs = RNG.normal(size=(5, 7, 6)), RNG.normal(size=(4, 6, 5, 7))
    ours = convert(graph.nodes[3], theirs if as_map else theirs.reshape(4, -1), (5, 7, 6))
    want = theirs.reshape(4, -1) @ image.transpose(2, 0, 1).reshape(-1)
    np.testing.assert_allclose(image.reshape(-1) @ ours, want, rtol=1e-5)


@pytest.mark.parametrize("kernel", [(1, 5), (5, 1)])
def test_a_convolution_along_one_side(kernel: tuple[int, int], chain: Chain) -> None:
    theirs = RNG.normal(size=(4, 6, 5))
    np.testing.assert_allclose(convert(last(chain(Conv(4, kernel))), theirs).reshape(5, 6, 4)[2, 3, 1], theirs[1, 3, 2], rtol=1e-6)


@pytest.mark.parametrize(("shape", "axes"), [((1, 63, 6), (0, 1, 2)), ((63, 6), (0, 1, 2)), ((1, 6, 7, 9), (1, 2, 0)),
                                             ((1, 7, 9, 6), (0, 1, 2))])
def test_positions(shape: tuple[int, ...], axes: tuple[int, ...], chain: Chain) -> None:
    theirs = RNG.normal(size=shape)
    sides = (6, 7, 9) if axes == (1, 2, 0) else (7, 9, 6)
    ours = convert(last(chain(Position(), shape=(7, 9, 6))), theirs, array_name="position")
    np.testing.assert_allclose(ours, theirs.reshape(sides).transpose(axes), rtol=1e-6)


def test_sides_of_one(chain: Chain) -> None:
    theirs = RNG.normal(size=(6, 1, 1))
    np.testing.assert_allclose(convert(last(chain(LayerScale(0.1))), theirs, array_name="gamma"), theirs[:, 0, 0], rtol=1e-6)


@pytest.mark.parametrize(("op", "shape"), [
    (Conv(8, (3, 5)), (8, 6, 5, 3)), (Conv(8, (3, 3)), (8, 6)), (Depthwise(), (6, 6, 3, 3)),
    (Conv(8), (6, 8, 1, 1)), (Conv(8), (8,)), (Conv(8, (1, 3)), (8, 6, 5)), (Position(), (1, 62, 6)), (Position(), (7, 9, 5)),
])
def test_what_does_not_fit(op: Op, shape: tuple[int, ...], chain: Chain) -> None:
    node = last(chain(op))
    assert conversion("torch", node, node.weights[0], shape, None) is None


def test_keras_has_our_order(chain: Chain) -> None:
    node = last(chain(Conv(4)))
    assert conversion("keras", node, node.weights[0], (6, 4), None) is not None
    assert conversion("keras", node, node.weights[0], (1, 1, 4, 6), None) is None
