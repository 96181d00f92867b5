"""Which images are meant: files, folders, patterns, a list of names, standard input; read one after another."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from glob import has_magic, iglob
from pathlib import Path
from typing import IO

from archspec.data.names import Names
from archspec.data.sources.files import Files
from archspec.data.sources.listing import LeftOut, images_below
from archspec.errors import InputError, visible
from archspec.io.places import kind_of
from archspec.preprocess.check import MAX_BYTES

STDIN = "-"
MOST_NAME = 1 << 16
"""Bytes of a line that names an image."""


@dataclass(frozen=True)
class Image:
    """What an image is called, and how its bytes come; `read` raises OSError."""

    name: str
    read: Callable[[], bytes]


def images(named: Sequence[str], listed: str | None) -> Iterator[Image]:
    """The images of a command line, in its order: `named`, then those whose names are the lines of the file `listed`.

    `-` is an image on standard input; as `listed`, names on it. A folder stands for all images in it and below, a pattern
    for the files it matches. A file that is not there is found out when it is read; so is, where more is named, a folder
    without images or a pattern without files. Raises InputError where nothing can be meant.
    """
    if not named and listed is None:
        raise InputError("no image is named\n  hint: archspec predict MODEL IMAGE..., or --from FILE with a name a line")
    if listed == STDIN and STDIN in named:
        raise InputError("standard input holds an image or names, not both\n  hint: leave '-' or '--from -' out")
    alone = len(named) == 1 and listed is None
    for text in named:
        try:
            yield from _meant(text)
        except InputError as error:
            if alone:
                raise
            yield _none(text, str(error).removeprefix(f"{visible(text)}: "))
    if listed is not None:
        yield from map(_file, _names(listed))


def _meant(text: str) -> Iterator[Image]:
    if text == STDIN:
        return iter([Image(STDIN, cache(_from_stdin))])
    kind = kind_of(Path(text))
    if kind == "folder":
        return _folder(text)
    return _matches(text) if kind == "none" and has_magic(text) else iter([_file(os.fsencode(text))])


def _folder(text: str) -> Iterator[Image]:
    """The images in a folder; of those of kinds that are not read how many there are, as one that cannot be read."""
    root = os.fsencode(text)
    out = LeftOut(root)
    found = images_below(root, out)
    if not found:
        raise InputError(f"{visible(text)}: no images in it" + (f"; left out: {out}" if out.counts else ""))
    yield from map(_file, found)
    if (unread := out.unread()).counts:
        yield _none(text, str(unread).partition("\n")[0])


def _matches(text: str) -> Iterator[Image]:
    found = sorted(os.fsencode(path) for path in iglob(text, recursive=True) if kind_of(Path(path)) == "file")
    if not found:
        raise InputError(f"{visible(text)}: no file matches (seen from {Path.cwd()})")
    return map(_file, found)


def _names(listed: str) -> Iterator[bytes]:
    """The lines of a file, without those that are empty. Raises InputError where it cannot be read."""
    if listed == STDIN:
        yield from _lines(sys.stdin.buffer, "standard input")
        return
    try:
        with open(listed, "rb") as file:
            yield from _lines(file, listed)
    except OSError as error:
        raise InputError(f"--from {visible(listed)}: {error.strerror}") from None


def _lines(file: IO[bytes], called: str) -> Iterator[bytes]:
    while line := file.readline(MOST_NAME):
        if len(line) == MOST_NAME or b"\0" in line:
            raise InputError(f"--from: {visible(called)} holds no names of files, one a line\n"
                             "  hint: an image itself is read from standard input as '-'")
        if name := line.rstrip(b"\r\n"):
            yield name


def _file(path: bytes) -> Image:
    return Image(os.fsdecode(path), lambda: Files(b"", Names.of([path])).item(0))


def _none(text: str, why: str) -> Image:
    """What cannot be read, as an image that cannot."""
    def read() -> bytes:
        raise OSError(errno.ENOENT, why)
    return Image(text, read)


def _from_stdin() -> bytes:
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return data


def together(found: Iterable[Image], count: int) -> Iterator[list[Image]]:
    """The images in lists of `count`, the last perhaps shorter."""
    group = list[Image]()
    for image in found:
        group.append(image)
        if len(group) == count:
            yield group
            group = []
    if group:
        yield group
