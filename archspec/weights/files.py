"""Opens a file of weights by what it holds, not by its name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from archspec.errors import InputError
from archspec.weights import archives, keras_file, safetensors_file, torch_file
from archspec.weights.tensors import Unreadable, WeightsFile, shown

Reader = Callable[[Path], AbstractContextManager[WeightsFile]]

READ = "Keras's .keras, .weights.h5 and .h5, .safetensors, and state dicts in .pth or .pt are read"
MOST_TENSORS, LONGEST = 100_000, 1024
"""Of a file, and of a name."""
HDF5, ZIP = b"\x89HDF\r\n\x1a\n", b"PK"


@contextmanager
def open_weights(path: Path) -> Iterator[WeightsFile]:
    """The tensors of a file, which can be read within. Raises InputError where it is no file of weights."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such file of weights\n  hint: {READ}")
    with reader_of(path)(path) as file:
        check(path, file.tensors)
        yield file


def check(path: Path, names: Collection[str]) -> None:
    """Raises Unreadable where there are no tensors, more than in any network, or names that are no text to read."""
    if not names:
        raise Unreadable(path, "there are no weights in it", READ)
    if len(names) > MOST_TENSORS:
        raise Unreadable(path, f"it has {len(names):,} tensors, more than {MOST_TENSORS:,}")
    for name in names:
        if len(name) > LONGEST or not name.isprintable():
            raise Unreadable(path, f"a tensor in it has no name to print of up to {LONGEST:,} characters: {shown(name)}")


def reader_of(path: Path) -> Reader:
    """What reads a file. Raises Unreadable where nothing does."""
    with path.open("rb") as file:
        start = file.read(64)
    if start.startswith(HDF5):
        return keras_file.hdf5
    if start.startswith(ZIP):
        return _archive_reader(path)
    if torch_file.MAGIC in start:
        return torch_file.legacy
    if start[8:9] == b"{":
        return safetensors_file.reader
    raise Unreadable(path, "this is no file of weights", READ)


def _archive_reader(path: Path) -> Reader:
    with archives.opened(path) as archive:
        names = archive.namelist()
    if keras_file.MEMBER in names:
        return keras_file.archive
    if any(name.endswith(torch_file.PICKLE) for name in names):
        return torch_file.archive
    raise Unreadable(path, "this archive holds no weights", READ)
