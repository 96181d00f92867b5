"""A small trained network as a value: no training, no data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.artifact.artifact import Artifact, shapes
from archspec.lower import load, lower
from archspec.preprocess.rule import Preprocess, Squash

SPEC = """\
archspec: 1
name: small
input: 8x8x4
classes: 3
memory: recompute
stem: [conv: 3x3 8 groups=2 act=prelu, shuffle: {groups: 2}, depthwise: 3x3, dropout: 0.1]
head: [global_avg_pool, dense: $classes]
"""
RULE = Preprocess(8, 8, 4, Squash(), "bilinear", True, 255.0, (120.0,), (50.0,))
Make = Callable[..., Artifact]


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    path = tmp_path_factory.mktemp("spec") / "small.yaml"
    path.write_text(SPEC)
    spec = load(str(path))
    graph = lower(spec)
    draw = np.random.default_rng(0)
    weights = {key: draw.uniform(0.5, 1.5, shape).astype(np.float32) for key, shape in shapes(graph).items()}
    return Artifact(spec.to_yaml(expand=True), graph, weights, ("cat", "dög", "owl"), RULE,
                    {"data": "folder", "split": "test", "examples": 4, "loss": 0.5, "top1": 0.75},
                    {"python": "3.11"}, "0123456789abcdef")


@pytest.fixture
def make(base: Artifact) -> Make:
    """That artifact with other parts."""
    def changed(**parts: Any) -> Artifact:
        return replace(base, **parts)
    return changed


@pytest.fixture(scope="session")
def written(base: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder; not to be changed."""
    from archspec.artifact.folder import write
    folder = tmp_path_factory.mktemp("artifact") / "small"
    write(base, folder)
    return folder
