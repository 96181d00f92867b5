"""Every shipped spec's Keras model is its graph, layer by layer."""

from __future__ import annotations

import pytest
from thinned import Known, thinned
from zoo_graphs import shipped

from archspec.model.audit import differences
from archspec.spec.files import spec_names

KNOWN: Known = set()
"""The blocks that were audited; several networks have the same."""


@pytest.mark.slow
@pytest.mark.parametrize("name", spec_names())
def test_graph_and_model_agree(name: str) -> None:
    part = thinned(shipped(name)[1], KNOWN)
    assert part is None or differences(part) == ()
