"""Here the pictures of examples are looked at."""

from __future__ import annotations

import pytest


@pytest.fixture
def diagrams() -> None:
    """Are drawn."""
