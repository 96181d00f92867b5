"""What is kept of a bug of ours: its traceback, in a file that can be sent."""

from __future__ import annotations

import tempfile
from pathlib import Path


def keep_trace(trace: str) -> Path | None:
    """The file that a traceback was written to; None where none can be written."""
    try:
        with tempfile.NamedTemporaryFile("wb", prefix="archspec-", suffix=".txt", delete=False) as file:
            file.write(trace.encode(errors="backslashreplace"))
    except OSError:
        return None
    return Path(file.name)
