"""Where the files that ship with archspec lie."""

from __future__ import annotations

from pathlib import Path


def shipped() -> Path:
    """The folder of the specs that ship with archspec: inside the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "specs"
    return inside if inside.is_dir() else package.parent / "specs"
