"""A tool as a module: tools are run as files, and are no package."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).parent.parent / "tools"


def tool(name: str) -> ModuleType:
    """The tool of this name, loaded under it, from beside the tools that it imports."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(TOOLS)
        return import_module(name)
