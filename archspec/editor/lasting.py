"""What was told of a text that was right, told of the one that is being written, at the lines that are the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archspec.editor.checked import Checked
from archspec.editor.cursor import BREAK
from archspec.editor.lines import runs
from archspec.editor.meaning import outputs

MOST = 200
"""Lines between the first and the last change that are put beside each other; of more the rest alone lasts."""


def shapes_beside(known: Checked, text: str) -> dict[int, str]:
    """The shapes of what the lines of a text, from 1, give: as they were in one without problems, which `known` is."""
    if known.graph is None or known.tree is None:
        return {}
    told: dict[int, list[str]] = {}
    for where, shape in outputs(known.graph, known.tree, known.tree.where.file):
        told.setdefault(where.line, []).append(shape)
    now = dict(same_lines(BREAK.split(known.text), BREAK.split(text)))
    return {now[line]: " ".join(shapes) for line, shapes in sorted(told.items()) if line in now}


def same_lines(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The lines of an old text that a new one has, too, in the same order: their numbers there and here, from 1."""
    for kind, begin, end, there, _ in runs(old, new, MOST):
        if kind == "equal":
            yield from ((begin + at, there + at) for at in range(1, end - begin + 1))
