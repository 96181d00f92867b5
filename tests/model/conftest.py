"""Small graphs for the tests of the Keras side."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from graphs import Chain, Net, in_a_row

from archspec.graph.ir import Graph
from archspec.graph.ops import (
    Activation,
    Blend,
    Concat,
    Conv,
    Dense,
    Depthwise,
    Gate,
    GlobalPool,
    Input,
    LayerScale,
    LocalResponseNorm,
    PadChannels,
    Pool,
    Shuffle,
    SliceChannels,
)


@pytest.fixture
def chain() -> Chain:
    """Operations in a row as a graph; their names are kind and place: conv1, pool2."""
    return in_a_row


@pytest.fixture
def net() -> Net:
    """An empty builder."""
    return Net("net")


@pytest.fixture
def images() -> np.ndarray:
    """(2, 7, 9, 6) numbers of both signs."""
    return np.random.default_rng(0).normal(size=(2, 7, 9, 6)).astype("float32")


@pytest.fixture(params=[(9, 9, 4), (None, None, 4)], ids=["9x9", "open"])
def everything(request: pytest.FixtureRequest, net: Net) -> Graph:
    """A network that holds every custom layer, with its size given and open."""
    image = net.put(Input(request.param))
    ones = (1, 1, 1, 1)
    gaps: tuple[tuple[Literal["max", "avg"], bool], ...] = (("max", False), ("avg", False), ("avg", True))
    pools = [net.put(pool, image) for pool in (Pool("max", (3, 3), (2, 2), ones), Pool("avg", (3, 3), (2, 2), ones),
                                               Pool("avg", (3, 3), (2, 2), count_padding=True))]
    pools += [net.put(Pool(mode, (3, 3), (2, 2), (2, 2, 2, 2), count_padding=counts, dilation=(2, 2)), image)
              for mode, counts in gaps]
    x = net.put(Concat(), *pools)
    for op in (Shuffle(3), SliceChannels(1, 8), PadChannels(12), LocalResponseNorm(), LayerScale(0.5),
               Activation("gelu", approximate=True), Conv(8, (3, 3), (2, 2), "same", (2, 2)),
               Depthwise(1, (3, 3), (2, 1))):
        x = net.put(op, x)
    gate = net.put(Activation("sigmoid"), net.put(Conv(8), x))
    x = net.put(Blend(), gate, net.put(Conv(8, (3, 3)), x), x)
    x = net.put(Gate(), x, net.put(Activation("sigmoid"), net.put(GlobalPool("avg"), x)))
    return net.done(net.put(Dense(5), net.put(GlobalPool("avg"), x)))
