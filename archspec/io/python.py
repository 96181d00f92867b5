"""Another process of this Python, for what may end it, or take time and memory without end."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""Where archspec itself is imported from."""


def command(*arguments: str) -> list[str]:
    """What starts this Python with these arguments; it imports nothing from the current folder, which may be a stranger's."""
    return [sys.executable, "-P", *arguments]


def environment(own: Mapping[str, str]) -> dict[str, str]:
    """That of this process, with `own`: what is imported here is found there, too, but for what lies in the current folder."""
    path = [*filter(None, sys.path), str(ROOT)]
    return {**os.environ, **own, "PYTHONPATH": os.pathsep.join(dict.fromkeys(path))}
