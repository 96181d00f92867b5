"""Files that are there whole or not at all, whenever the process is killed."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from archspec.io.places import kind_of

PARTIAL = ".partial-"
"""How the name of what is being written begins; what a kill leaves of it may be removed."""
ARCHIVE_ERRORS = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError,
                  RuntimeError, MemoryError, OverflowError)
"""What NumPy and zipfile raise for bytes that are no archive of arrays, or a damaged one, or one that lies about its sizes."""


@contextmanager
def replacing(path: Path, mark: str = "") -> Iterator[Path]:
    """Gives a path to write a file or a folder to; what was written takes the name `path` in one step.

    It is on the disk by then. An old file of that name is replaced, an old folder is not: OSError. A link or a pipe that lies
    where it is written to is removed, and nothing goes through it: a stranger's folder may have one. Several processes that
    may write one file at a time each give a `mark` of their own.
    """
    partial = path.with_name(f"{PARTIAL}{mark}{path.name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind_of(partial) != "file" or partial.is_symlink():  # a folder: what an end from outside left; writers of one keep apart
        remove(partial)
    try:
        yield partial
        settle(partial)
        partial.rename(path)
        sync(path.parent)
    finally:
        remove(partial)


def remove(path: Path) -> None:
    """Removes a file, a link, or a folder with all in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a text file, whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def append_line(path: Path, line: str) -> None:
    """Adds a line to a text file, in one piece: others may add to it at the same time, and what stands there stays.

    Behind a line that was cut short by an end from outside it begins a new one.
    """
    with path.open("a+b", buffering=0) as file:  # what is buffered is written in pieces
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        cut = size and file.read(1) != b"\n"
        file.write(("\n" * bool(cut) + line + "\n").encode("utf-8"))
        os.fsync(file.fileno())


def write_json(path: Path, document: Any) -> None:
    """Writes one JSON document, indented."""
    write_text(path, json.dumps(document, indent=2) + "\n")


def opened(path: Path | bytes, *, buffered: bool = True) -> BinaryIO:
    """A file to read from. Raises OSError for a folder, a pipe, a socket or a device, of which some would be waited for."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            code = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
            raise OSError(code, os.strerror(code) if stat.S_ISDIR(mode) else "it is no file", os.fsdecode(path))
        return os.fdopen(handle, "rb", -1 if buffered else 0)
    except OSError:
        os.close(handle)
        raise


def read_bytes(path: Path) -> bytes:
    """What a file holds. Raises ValueError for a pipe or a device, which might never end; OSError where it cannot be read."""
    if kind_of(path) == "other":
        raise ValueError("it is no file")
    return path.read_bytes()


def read_json(path: Path) -> Any:
    """The JSON document of a file. Raises ValueError where it holds none, OSError where it cannot be read."""
    try:
        return json.loads(read_bytes(path).decode("utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def settle(path: Path) -> None:
    """Waits until a file, or a folder with all in it, is on the disk."""
    for each in (*path.rglob("*"), path):
        sync(each)


def sync(path: Path) -> None:
    """Waits until a file, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
