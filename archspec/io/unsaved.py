"""Texts that an editor holds and has not saved yet. Where there are any, they count instead of the files on the disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class _Held:
    texts: Mapping[Path, str]
    asked: set[Path]


_HELD: ContextVar[_Held | None] = ContextVar("held", default=None)


@contextmanager
def unsaved(texts: Mapping[Path, str]) -> Iterator[set[Path]]:
    """Within, the files at these paths, links resolved, are what these texts are. Gives the files that are asked for."""
    held = _Held(texts, set())
    token = _HELD.set(held)
    try:
        yield held.asked
    finally:
        _HELD.reset(token)


def unsaved_text(path: Path) -> str | None:
    """What an editor holds for a file that is about to be read; None where it holds nothing."""
    held = _HELD.get()
    if held is None:
        return None
    whole = path.resolve()
    held.asked.add(whole)
    return held.texts.get(whole)
