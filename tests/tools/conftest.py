"""Tools are run as files, and import what lies beside them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

import pytest
from tooling import TOOLS


@pytest.fixture(scope="module")
def tool(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """The tool that a file of tests is named after, as a module, under a name by which another process finds it."""
    sys.path.insert(0, str(TOOLS))
    yield import_module(request.module.__name__.removeprefix("test_"))
    sys.path.remove(str(TOOLS))
