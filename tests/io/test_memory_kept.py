"""Memory that is freed and taken again costs no page of the system's."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

ROUNDS = """
import resource, threading
import numpy as np
from archspec.io.memory import keep_freed
keep_freed()

def work():
    for number in range(20):
        if number == 2:
            global before
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        taken = [np.full(1 << 17, 1.0) for _ in range(16)]
        del taken

thread = threading.Thread(target=work)
thread.start()
thread.join()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(**environment: str) -> int:
    """Pages that 18 rounds of 16 MiB took from the system, in a thread."""
    done = subprocess.run([sys.executable, "-c", ROUNDS], env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator alone")
def test_it_stays() -> None:
    assert faults() < 0.1 * faults(MALLOC_TOP_PAD_="131072")
