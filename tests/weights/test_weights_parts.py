"""Parts of tensors, and the projections of an attention."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from archspec.graph.ir import Graph
from archspec.graph.learned import Attention
from archspec.weights.convert import conversion
from archspec.weights.parts import whole, with_parts
from archspec.weights.tensors import Stored

ARRAY = np.arange(24.0).reshape(6, 4)
TENSORS = {"qkv": Stored((6, 4), lambda: ARRAY), "one": Stored((), lambda: np.zeros(()))}


def test_a_part_is_along_the_first_axis() -> None:
    part = with_parts(TENSORS, ["qkv[1 of 3]", "one"])["qkv[1 of 3]"]
    assert part.shape == (2, 4)
    np.testing.assert_array_equal(part.read(), ARRAY[2:4])
    assert (whole("a.qkv[1 of 3]"), whole("a.qkv")) == ("a.qkv", "a.qkv")


@pytest.mark.parametrize("name", ["qkv[3 of 3]", "qkv[0 of 4]", "qkv[0 of 0]", "one[0 of 1]", "other[0 of 3]"])
def test_a_part_that_is_none(name: str) -> None:
    assert with_parts(TENSORS, [name]) == TENSORS


def test_the_projections_of_an_attention(chain: Callable[..., Graph]) -> None:
    heads, key, channels = 2, 3, 8
    node = chain(Attention(heads, key), shape=(5, 7, channels)).nodes[-1]
    draw = np.random.default_rng(0)
    x = draw.normal(size=channels)
    into, out = draw.normal(size=(heads * key, channels)), draw.normal(size=(channels, heads * key))
    theirs = {"query_kernel": into, "query_bias": draw.normal(size=heads * key), "attention_output_kernel": out}
    ours = {}
    for weight in node.weights:
        if weight.name in theirs:
            way = conversion("torch", node, weight, theirs[weight.name].shape, None)
            assert way is not None
            assert conversion("torch", node, weight, (5, 7), None) is None
            ours[weight.name] = way(theirs[weight.name])
    np.testing.assert_allclose(np.einsum("c,chk->hk", x, ours["query_kernel"]).reshape(-1), into @ x, rtol=1e-5)
    np.testing.assert_allclose(ours["query_bias"].reshape(-1), theirs["query_bias"], rtol=1e-6)
    values = draw.normal(size=(heads, key))
    np.testing.assert_allclose(np.einsum("hk,hkc->c", values, ours["attention_output_kernel"]), out @ values.reshape(-1), rtol=1e-5)
