"""labels.txt: the class names, one a line, in the order of the outputs."""

from __future__ import annotations

from collections.abc import Sequence

NAME = "labels.txt"


def text(classes: Sequence[str]) -> str:
    """What the file says."""
    return "".join(f"{name}\n" for name in classes)
