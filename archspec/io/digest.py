"""Whether a file or a folder is still what it was."""

from __future__ import annotations

import hashlib
from pathlib import Path


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, or of the names and bytes of all files in a folder, in hexadecimal digits.

    Raises OSError where it cannot be read, or is not there.
    """
    if not path.is_dir():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    names = sorted(str(each.relative_to(path)) for each in path.rglob("*") if each.is_file())
    lines = "".join(f"{digest(path / name)} {name}\n" for name in names)
    return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()
