"""What the machine refuses is told in its words, whichever library says it; what is a mistake of ours is not."""

from __future__ import annotations

import errno

import pytest

from archspec.io.machine import refusal


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


def test_the_cause_counts() -> None:
    try:
        try:
            raise OSError(errno.EDQUOT, "", "x")
        except OSError as error:
            raise RuntimeError("Unable to create file") from error
    except RuntimeError as error:
        assert refusal(error) == "Disk quota exceeded: x"
