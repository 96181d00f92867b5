"""Tries the properties of tests/properties with as many examples as one wants; the suite has a few, the same each time.

    python tools/properties.py 5000
    python tools/properties.py 5000 -k spoiled

What follows the number goes to pytest. An example that fails is made smaller, and printed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Runs the properties; the exit code is pytest's, or 2 without a number."""
    if len(sys.argv) < 2 or not sys.argv[1].isdecimal():
        print(__doc__, file=sys.stderr)
        return 2
    os.environ["ARCHSPEC_EXAMPLES"] = sys.argv[1]
    return int(pytest.main([str(ROOT / "tests" / "properties"), "-q", "-p", "no:cacheprovider", *sys.argv[2:]]))


if __name__ == "__main__":
    sys.exit(main())
