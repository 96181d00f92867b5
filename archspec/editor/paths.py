"""Paths into a spec: keys, and places in lists from 0. Which lists hold operations, and which call a path leads into."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.spec.operations import ITEMS, OPERATIONS, PATHS, SHORTCUT

Path = tuple[str | int, ...]
OF_STAGES = ("between", "before", "after")
"""Keys of stages that hold operations."""
CASES = ("matching", "differing")
"""Keys of a shortcut that hold operations."""


def _begins(path: Path) -> int:
    """How much of a path leads to its first list of operations; 0 where it leads to none."""
    match path:
        case ("stem" | "head", *_):
            return 1
        case ("auxiliary" | "let" | "parameters", _, *_):
            return 2
        case ("blocks", _, "body", *_):
            return 3
        case ("blocks", _, "let" | "parameters", _, *_):
            return 4
        case ("blocks", _, "edit", _, _, *_):
            return 5
        case ("stages", *rest):
            return next((number + 2 for number, part in enumerate(rest) if part in OF_STAGES), 0)
    return 0


def _lists(path: Path) -> Iterator[int]:
    """How much of a path leads to each list of operations on its way, the outermost first."""
    at = _begins(path)
    while at:
        yield at
        if len(path) < at + 2 or not isinstance(path[at], int) or not isinstance(path[at + 1], str):
            return
        at = _below(path, str(path[at + 1]), at + 2)


def _below(path: Path, name: str, at: int) -> int:
    """How much of a path leads to the list that an argument of a call is; its arguments begin at `at`. 0 of none."""
    signature = OPERATIONS.get(name)
    if at < len(path) and isinstance(path[at], int):
        argument = "" if signature is None else signature.main or ""
    elif at < len(path):
        argument, at = str(path[at]), at + 1
    else:
        argument = "" if signature is None else signature.main or ""
    if signature is None:  # a block: a list that it is given is one of operations, or of lists of them
        while len(path) > at + 1 and isinstance(path[at + 1], int):
            at += 1
        return at
    kind = signature.arguments[argument].kind if argument in signature.arguments else None
    if kind == PATHS:
        return at + 1 if at < len(path) else 0
    if kind == SHORTCUT and path[at:at + 1] and path[at] in CASES:
        return at + 1
    return at if kind in (ITEMS, SHORTCUT) else 0


def item_of(path: Path) -> Path:
    """The innermost entry of a list of operations that a path leads to or into; () of none."""
    found = [at for at in _lists(path) if at < len(path) and isinstance(path[at], int)]
    return path[:found[-1] + 1] if found else ()


def is_item(path: Path) -> bool:
    """Whether a path leads to an entry of a list of operations."""
    return bool(path) and item_of(path) == path


def call_of(path: Path) -> tuple[str, Path] | None:
    """The operation or block that this entry names, and what of the path lies behind its name; None outside of such."""
    item = item_of(path)
    name, *behind = path[len(item):] or (None,)
    return (name, tuple(behind)) if item and isinstance(name, str) else None


def names_of(path: Path) -> list[str]:
    """The keys of a path alone."""
    return [part for part in path if isinstance(part, str)]


def dotted(path: Path) -> str:
    """A path as problems and nodes have it: stages.widths[2]."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
