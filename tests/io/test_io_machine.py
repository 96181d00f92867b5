"""What the machine refuses is told in its words, whichever library says it; what is a mistake of ours is not."""

from __future__ import annotations

import errno

import pytest

from archspec.io.machine import advice, refusal


class ResourceExhaustedError(Exception):
    """As TensorFlow's: no OSError, its text the C library's."""


@pytest.mark.parametrize(("error", "words"), [
    (OSError(errno.ENOSPC, "", "model.keras"), "No space left on device: model.keras"),
    (OSError(errno.EFBIG, ""), "File too large"),
    (OSError(errno.ELOOP, "", b"cat/x.jpg"), "Too many levels of symbolic links: cat/x.jpg"),
    (OSError(errno.EXDEV, "", "a", None, "b"), "Invalid cross-device link: a"),
    (OSError(errno.ENAMETOOLONG, "", "aaa"), "File name too long: aaa"),
    (OSError("Can't write data (file write failed: errno = 28, error message = 'No space left on device')"),
     "No space left on device"),
    (ResourceExhaustedError("{{function_node x}} saved_model.pb.tmp1; No space left on device"), "No space left on device"),
    (MemoryError(), "Cannot allocate memory"),
    (ResourceExhaustedError("OOM when allocating tensor with shape[8]"), ""),
    (ValueError("Input 0 is incompatible with the layer"), ""),
    (OSError(errno.EBADF, "Bad file descriptor"), ""),
    (KeyError("train"), ""),
])
def test_refusals(error: Exception, words: str) -> None:
    assert refusal(error) == words


@pytest.mark.parametrize(("error", "hint"), [
    (OSError(errno.ENOTDIR, "", "notes.txt/models"), "a part of that path is a file and no folder: name another place"),
    (OSError(errno.EROFS, "", "/mnt/x"), "that disk can only be read: name another place"),
    (OSError("Can't write data (error message = 'No space left on device')"), "free some room on that disk, or name another place"),
    (FileNotFoundError(errno.ENOENT, "", "/proc/models"), "nothing is there, and nothing can be made there: name another place"),
    (MemoryError(), "end other programs, or ask for less at once, such as smaller batches")])
def test_what_to_do(error: Exception, hint: str) -> None:
    assert advice(error) == f"\n  hint: {hint}"


def test_nothing_is_advised_about_what_is_ours() -> None:
    assert advice(KeyError("No such file")) == advice(OSError(errno.EXDEV, "", "a")) == ""


def test_the_cause_counts() -> None:
    try:
        try:
            raise OSError(errno.EDQUOT, "", "x")
        except OSError as error:
            raise RuntimeError("Unable to create file") from error
    except RuntimeError as error:
        assert refusal(error) == "Disk quota exceeded: x"
