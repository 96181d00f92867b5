"""Zip archives from strangers: what they may cost is bounded before anything is unpacked."""

from __future__ import annotations

import errno
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from archspec.weights.tensors import Unreadable

MOST_DIRECTORY = 8 << 20
"""Bytes of the list of an archive's members, each of which takes about ten times its length in memory."""
MOST_RATIO = 20
"""How much larger than packed a member may be; numbers of a network hardly shrink at all."""
TAIL = 22 + 65535
END, END64 = b"PK\5\6", b"PK\6\6"
DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError,
           OverflowError, KeyError)
"""What zipfile raises over archives that are damaged, encrypted or packed in a way it does not know."""


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a disk says to what is unpacked there; no damage."""


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """An archive whose list of members is short and whose members do not overlap. Raises Unreadable."""
    with explained(path):
        if _directory(path) > MOST_DIRECTORY:
            raise zipfile.BadZipFile("the list of its members is too long")
        archive = zipfile.ZipFile(path)
    with archive:
        if sum(info.compress_size for info in archive.infolist()) > path.stat().st_size:
            raise Unreadable(path, "this archive is damaged (its members overlap)")
        yield archive


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what zipfile stumbles over into Unreadable."""
    try:
        yield
    except DAMAGED as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        raise Unreadable(path, f"this archive is damaged ({error})") from None


def _directory(path: Path) -> int:
    """Bytes of the list of members, as the archive's end says."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL))
        tail = file.read(TAIL)
    end = tail.rfind(END)
    if end < 0 or end + 16 > len(tail):
        raise zipfile.BadZipFile("its end is missing")
    listed = int.from_bytes(tail[end + 12:end + 16], "little")
    large = tail.rfind(END64, 0, end)
    if listed == 0xFFFFFFFF and 0 <= large <= len(tail) - 48:
        return int.from_bytes(tail[large + 40:large + 48], "little")
    return listed


def extract(path: Path, archive: zipfile.ZipFile, name: str, most: int, target: IO[bytes]) -> None:
    """Copies a member of at most `most` bytes; no small member that unpacks to a large one. Raises Unreadable."""
    with explained(path):
        info = archive.getinfo(name)
        if info.file_size > min(most, MOST_RATIO * info.compress_size + 4096):
            raise zipfile.BadZipFile(f"{name} unpacks from {info.compress_size:,} to {info.file_size:,} bytes")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise zipfile.BadZipFile(f"{name} is packed in an unusual way")
        with archive.open(info) as file:
            shutil.copyfileobj(file, target)
