"""What the machine refuses, whichever library it is told by: a full disk, a folder without permission, no memory."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping

REFUSALS = frozenset({
    errno.EACCES, errno.EBUSY, errno.EDQUOT, errno.EEXIST, errno.EFBIG, errno.EIO, errno.EISDIR, errno.ELOOP, errno.EMFILE,
    errno.ENAMETOOLONG, errno.ENFILE, errno.ENODEV, errno.ENOENT, errno.ENOMEM, errno.ENOSPC, errno.ENOTDIR, errno.ENOTEMPTY,
    errno.ENXIO, errno.EPERM, errno.EROFS, errno.ESTALE, errno.ETIMEDOUT, errno.ETXTBSY, errno.EXDEV})
"""Of an OSError. Others, such as a closed file, are mistakes of the program."""

TOLD = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO, errno.ENAMETOOLONG)
"""What TensorFlow and HDF5 put into the text of errors of their own, in the words of the C library."""

ROOM, PLACE = "free some room on that disk", "name another place"
ADVICE: Mapping[int, str] = {
    errno.ENOSPC: f"{ROOM}, or {PLACE}", errno.EDQUOT: f"{ROOM}, which is what you may have of it, or {PLACE}",
    errno.EFBIG: f"`ulimit -f`, or the file system, allows no larger file: raise it, or {PLACE}",
    errno.EROFS: f"that disk can only be read: {PLACE}",
    errno.EACCES: f"see who may do that there (`ls -ld`), or {PLACE}", errno.EPERM: f"see who may do that there, or {PLACE}",
    errno.ENOENT: f"nothing is there, and nothing can be made there: {PLACE}",
    errno.ENOTDIR: f"a part of that path is a file and no folder: {PLACE}",
    errno.EEXIST: f"something else has that name: move it away, or {PLACE}", errno.EISDIR: "a folder is there: name a file",
    errno.ENAMETOOLONG: "choose a shorter name", errno.ELOOP: f"its links lead in a circle: {PLACE}",
    errno.EMFILE: "let this process open more files: `ulimit -n`", errno.ENFILE: "close other programs, which have files open",
    errno.ENOMEM: "end other programs, or ask for less at once, such as smaller batches",
    errno.EIO: "the disk, or the way to it, may be failing: see `dmesg`",
    errno.ESTALE: "the network disk has gone away: mount it"}
"""What to do about refusals."""


def refusal(error: BaseException) -> str:
    """What the machine refused, as `No space left on device: model.keras`; '' if the error is not of that kind."""
    return next(filter(None, map(_refusal, _causes(error))), "")


def advice(error: BaseException) -> str:
    """The hint to put behind what `refusal` gives, on a line of its own; '' where there is nothing to be said."""
    refused = refusal(error)
    number = next((number for number in ADVICE if refused == os.strerror(number) or refused.startswith(
        f"{os.strerror(number)}: ")), None)
    return "" if number is None else f"\n  hint: {ADVICE[number]}"


def _refusal(error: BaseException) -> str:
    if isinstance(error, FileNotFoundError) and error.filename is None and _nowhere():
        return "the current folder is no longer there: go to another one"
    if isinstance(error, OSError) and error.errno in REFUSALS:
        place = f": {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes | os.PathLike) else ""
        return f"{os.strerror(error.errno)}{place}"
    if isinstance(error, MemoryError):
        return os.strerror(errno.ENOMEM)
    text = str(error)
    return next((os.strerror(number) for number in TOLD if os.strerror(number) in text), "")


def _nowhere() -> bool:
    """Whether the current folder has been removed."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and those that it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
