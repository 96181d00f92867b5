"""Every shipped spec's Keras model is its graph, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import pytest

from archspec.lower import load, lower
from archspec.model.audit import audit
from archspec.model.emit import build
from archspec.spec.inherit import names


@pytest.fixture(autouse=True)
def clear() -> Iterator[None]:
    """Frees the model of a test."""
    yield
    keras.backend.clear_session()


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_graph_and_model_agree(name: str) -> None:
    graph = lower(load(name))
    assert audit(graph, build(graph, auxiliary=bool(graph.auxiliary), initialize=False)) == ()
