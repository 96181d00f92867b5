"""How many examples a property is tried with: a few in the suite, as many as $ARCHSPEC_EXAMPLES says for tools/properties.py."""

from __future__ import annotations

import os

from hypothesis import settings


def examples(few: int) -> settings:
    """The same few each time; or so many others."""
    many = int(os.environ.get("ARCHSPEC_EXAMPLES", "0"))
    return settings(max_examples=many or few, derandomize=not many)
