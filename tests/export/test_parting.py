"""Where an export and the Keras model part is told by the first node whose results differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from artifacts import artifact
from fileless import fileless

from archspec.artifact.artifact import Artifact
from archspec.export.exportable import Exportable
from archspec.export.exporters import EXPORTERS
from archspec.export.parting import TAPS, first, parting
from archspec.graph.passes import Network

PIXELS = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 4)).astype(np.float32)


@pytest.fixture(scope="module", autouse=True)
def without_files() -> Iterator[None]:
    with fileless():
        yield


def changed(found: Artifact, node: str, array: str) -> Artifact:
    return replace(found, weights={**found.weights, (node, array): found.weights[node, array] * 50})


def exported(kind: str, found: Artifact, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    EXPORTERS[kind].write(Exportable(found), folder / kind)
    return folder / kind


@pytest.mark.parametrize("kind", TAPS)
def test_a_file_with_another_number_in_it(kind: str, tmp_path: Path) -> None:
    """TFLite may give no result for a node by itself: what comes next is told then."""
    right = Exportable(artifact())
    wrong = exported(kind, changed(artifact(), "stem_conv", "kernel"), tmp_path)
    assert parting(right, kind, wrong, PIXELS) in {f"the file parts from the network at {name}" for name in ("stem_conv", "stem_conv_act")}
    wrong = exported(kind, changed(artifact(), "head_dense", "bias"), tmp_path / "later")
    assert parting(right, kind, wrong, PIXELS) == "the file parts from the network at head_dense"


@pytest.mark.parametrize("kind", TAPS)
def test_an_equal_one_parts_nowhere(kind: str, tmp_path: Path) -> None:
    path = exported(kind, artifact(), tmp_path)
    assert parting(Exportable(artifact()), kind, path, PIXELS) == "no node by itself: only their results differ"


def test_a_pass_that_changes_a_number(tmp_path: Path) -> None:
    path, right = exported("savedmodel", artifact(), tmp_path), Exportable(artifact())
    network = right.network
    spoiled = dict(network.weights) | {("head_dense", "kernel"): network.weights["head_dense", "kernel"] * 2}
    right.__dict__["network"] = Network(network.graph, spoiled)
    assert parting(right, "savedmodel", path, PIXELS) == "the network as it is exported parts from the Keras model at head_dense"


def test_what_is_not_a_number_is_a_difference() -> None:
    assert first(["a", "b"], {"a": np.ones(1), "b": np.ones(1)}, {"a": np.ones(1), "b": np.array([np.nan])}) == "b"
