"""A split whose images are files of their own."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from archspec.data.names import Names, readable
from archspec.data.source import Split
from archspec.io.files import opened
from archspec.preprocess.check import MAX_BYTES, Look, look


@dataclass(frozen=True)
class Files:
    """Files below a folder, read by number; a name may also be a whole path."""

    root: bytes
    names: Names

    def item(self, index: int) -> bytes:
        """All bytes of the i-th."""
        with opened(self.file(index), buffered=False) as file:
            if os.fstat(file.fileno()).st_size > MAX_BYTES:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), os.fsdecode(self.file(index)))
            return file.read()

    def head(self, index: int) -> Look:
        """What its beginning and its end say."""
        try:
            with opened(self.file(index), buffered=False) as file:
                return look(file)
        except OSError as error:
            return Look(0, b"", error.strerror or str(error))

    def file(self, index: int) -> bytes:
        """The path of the i-th."""
        return os.path.join(self.root, self.names.raw(index))


def in_files(name: str, labels: np.ndarray, root: bytes, names: Names, white: float,
             where: Callable[[int], str] | None = None) -> Split:
    """A split of the files `names` below `root`; `white` is 0 where of more than 8 bits the upper 8 are used."""
    files = Files(root, names)
    return Split(name, labels, names, files.item, files.head, readable(root), encoded=True, eight_bits=not white, white=white,
                 file=files.file, where=where)
