"""A file of weights as named tensors whose shapes are known before any of them is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from archspec.errors import InputError

Format = Literal["keras", "torch"]
Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor in a file; `read` gives the array, of this shape, while the file is open."""

    shape: Shape
    read: Callable[[], np.ndarray]


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """The tensors of a file by name: `conv1/kernel` in Keras's format, `conv1.weight` in PyTorch's."""

    path: Path
    format: Format
    tensors: Mapping[str, Stored]
    notes: tuple[str, ...] = ()
    """What is to be said of the file beside its tensors."""
    network: tuple[str, ...] | None = None
    """The lines of the graph that it was saved from, where it says them; see graph.text."""


def shown(name: str | None) -> str:
    """A name of a stranger's file for a message: short, and nothing in it that a terminal obeys."""
    return ascii(name or "")[1:-1][:60]


class Unreadable(InputError):
    """A file that is damaged, or holds what is not read from a stranger's file."""

    def __init__(self, path: Path, why: str, hint: str = "") -> None:
        self.why = why + (f"\n  hint: {hint}" if hint else "")
        super().__init__(f"{path}: {self.why}")
