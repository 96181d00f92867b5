"""Tries an HDF5 file in a process of its own: the library hangs or crashes over some damaged files, in C.

What it makes of a file depends on the file alone, so one that has been read to its end there can be read here.
"""

from __future__ import annotations

import subprocess
import sys
from math import prod
from pathlib import Path

from archspec.io.python import command, environment
from archspec.weights.tensors import Unreadable

SECONDS = 10
"""Of CPU for opening, importing h5py among it; a file of Keras's ResNet-152 takes one."""
BYTES_A_SECOND = 20 << 20
MEMORY = 1 << 30
"""Bytes of addresses, beside twice the file; Python, NumPy and h5py take a third of them where they start no threads."""
THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
PROGRAM = "from archspec.weights.apart import main; main()"
REFUSED = 2


def tried(path: Path, source: Path) -> None:
    """Reads all of an HDF5 file in another process; `path` is its name for the user. Raises Unreadable."""
    done = subprocess.run(command("-c", PROGRAM, str(path), str(source), str(SECONDS)), env=environment(THREADS),
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode == REFUSED:
        raise Unreadable(path, done.stdout.decode(errors="replace"))
    if done.returncode:
        raise Unreadable(path, "this HDF5 file is damaged (its library does not come to an end over it)")


def main() -> None:
    """The other process: arguments are the path for messages, the file, and the seconds of CPU."""
    from archspec.weights.keras_file import probe
    path, source, seconds = sys.argv[1:]
    size = Path(source).stat().st_size
    _limit(int(seconds) + size // BYTES_A_SECOND, MEMORY + 2 * size)
    try:
        for stored in probe(Path(path), Path(source)):
            if prod(stored.shape) <= size:  # a larger one is not all there, and read only where a network has its shape
                stored.read()
    except Unreadable as error:
        sys.stdout.write(error.why)
        sys.exit(REFUSED)


def _limit(seconds: int, memory: int) -> None:
    """Bounds this process; where the system has no such bounds, there are none."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
