"""SavedModels that take no files, for tests of all else: the functions that decode them take seconds to trace, to save and to load.

What these do is held in tests/preprocess/test_preprocess_encoded.py, tests/export/test_signatures.py and test_proof.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from archspec.export import proof, signatures


@contextmanager
def fileless() -> Iterator[None]:
    """While it lasts, an export has no such functions, and nobody compares them: as of a network of other channels."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (signatures, proof):
            patch.setattr(module, "CHANNELS", ())
        yield
