"""An artifact and its folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from artifacts import artifact

from archspec.artifact.artifact import Artifact
from archspec.artifact.folder import write


@pytest.fixture
def base() -> Artifact:
    return artifact()


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed."""
    folder = tmp_path_factory.mktemp("artifact") / "small"
    write(artifact(), folder)
    return folder
