"""Where the files that ship with archspec lie, and which folder a user means."""

from __future__ import annotations

import re
from pathlib import Path

from archspec.errors import InputError


def shipped() -> Path:
    """The folder of the specs that ship with archspec: inside the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "specs"
    return inside if inside.is_dir() else package.parent / "specs"


def written(text: str, what: str) -> Path:
    """The path that a user wrote for `what`, `~` expanded. Raises InputError for an address such as gs://…"""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        raise InputError(f"{what} {text}: an address; only folders of this machine can be written to\n"
                         "  hint: name a folder here, and copy it afterwards, or mount the bucket")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise InputError(f"{what} {text}: there is no such user\n  hint: write ./{text} for a folder of that name") from None
