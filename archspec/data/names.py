"""Many file names in little memory: one string of bytes and where each begins; a list of str takes three times as much."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from archspec.errors import visible


@dataclass(frozen=True, eq=False)
class Names:
    """Names as the file system has them: bytes in any encoding. Indexing gives them as a person can read them."""

    blob: bytes
    offsets: np.ndarray
    """(n + 1,) int64."""

    @classmethod
    def of(cls, names: Iterable[bytes]) -> Names:
        """From single names."""
        held = list(names)
        return cls(b"".join(held), np.cumsum([0, *map(len, held)], dtype=np.int64))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> str:
        return readable(self.raw(index))

    def raw(self, index: int) -> bytes:
        """The i-th as it is on the disk."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self.blob[self.offsets[index]:self.offsets[index + 1]]

    def all_raw(self) -> Iterator[bytes]:
        """One after another."""
        edges = self.offsets.tolist()
        return (self.blob[begin:end] for begin, end in pairwise(edges))


def readable(name: bytes | str) -> str:
    r"""A name for a message: what is not UTF-8 as \xe9, line feeds as \n; never an error when it is printed."""
    return visible(os.fsencode(name).decode("utf-8", "backslashreplace"))
