"""Paths into a spec: keys, and places in lists from 0. Which lists hold operations, and which call a path leads into."""

from __future__ import annotations

from archspec.author.complete import WITH_CALLS

Path = tuple[str | int, ...]
OF_STAGES = ("between", "before", "after")
"""Keys of stages that hold operations."""


def is_items(path: Path) -> bool:
    """Whether a list at a path is one of operations."""
    if not path or path[0] not in (*WITH_CALLS, "blocks"):
        return False
    if path[0] == "stages":
        return any(part in OF_STAGES for part in path)
    return path[0] != "blocks" or "body" in path


def is_item(path: Path) -> bool:
    """Whether a path leads to an entry of a list of operations."""
    return len(path) > 1 and isinstance(path[-1], int) and is_items(path[:-1])


def item_of(path: Path) -> Path:
    """The innermost entry of a list of operations that a path leads to or into; () of none."""
    return next((path[:end] for end in range(len(path), 1, -1) if is_item(path[:end])), ())


def call_of(path: Path) -> tuple[str, Path] | None:
    """The operation or block that this entry names, and what of the path lies behind its name; None outside of such."""
    name, *behind = path[len(item_of(path)):] or (None,)
    return (name, tuple(behind)) if item_of(path) and isinstance(name, str) else None


def names_of(path: Path) -> list[str]:
    """The keys of a path alone."""
    return [part for part in path if isinstance(part, str)]


def dotted(path: Path) -> str:
    """A path as problems and nodes have it: stages.widths[2]."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
