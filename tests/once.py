"""What takes long to make is made once for all the processes that share the tests out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from archspec.io.lock import alone


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that `make` fills in the first process that asks for this name. Not to be changed."""
    own = factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "once"
    place = shared / name
    with alone(place, wait=True):
        if not place.exists():
            begun = Path(tempfile.mkdtemp(dir=shared))
            make(begun)
            begun.rename(place)
    return place
