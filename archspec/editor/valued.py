"""What expressions come to where they stand: by stage where it differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archspec.editor.places import word_at
from archspec.errors import Where, shorten
from archspec.network import evaluated
from archspec.schema.tree import plain
from archspec.spec.arch import Spec
from archspec.spec.arguments import Quoted
from archspec.spec.dump import to_inline
from archspec.spec.expressions import UNKNOWN, Datum, describe
from archspec.spec.reading import end_of

FEW = 4
"""Values of one stage that are told; of more the first and the last ones."""


def expression_at(line: str, column: int) -> tuple[str, int] | None:
    """The `$name` or `$(…)` at a column of a line, both from 1, and where it begins."""
    begin = line.find("$")
    while 0 <= begin < column:
        end = end_of(line, begin + 1)
        if column <= end + 1:
            return line[begin:end], begin + 1
        begin = line.find("$", end)
    return None


def worth(spec: Spec, where: Where, column: int) -> Iterator[str]:
    """What the expression at a column of the line of a place comes to, and in `$(…)` what the name under the cursor stands for.

    Nothing of one that is never evaluated. The spec is one without problems.
    """
    found = expression_at(where.text, column)
    if found is None:
        return
    text, begin = found
    seen = [each for each in evaluated(spec, lambda at: at.line == where.line and at.file == where.file)
            if each.tree.text == text and begin - 1 <= each.tree.where.column <= begin]  # a quote may stand ahead
    told = _told(spec, ((each.stage, each.value) for each in seen))
    if told:
        yield f"`{shorten(text)}`: {told}"
    word, _ = word_at(where.text, column)
    if text.startswith("$(") and word:
        named = ((each.stage, known.value) for each in seen if (known := each.scope.find(word)) is not None)
        told = _told(spec, named)
        if told:
            yield f"`{word}`: {told}"


def _told(spec: Spec, values: Iterable[tuple[int | None, Datum]]) -> str:
    """Values by stage, each once; without stages where all are alike."""
    found: dict[int | None, dict[str, None]] = {}
    for stage, value in values:
        if value is not UNKNOWN:
            found.setdefault(stage, {})[_shown(value)] = None
    alike: dict[str, list[str]] = {}
    for stage, each in found.items():
        alike.setdefault(_in_turn([*each]), []).append("stem or head" if stage is None else spec.stages[stage].name)
    return "; ".join(told if len(alike) == 1 else f"{told} in {', '.join(places)}" for told, places in alike.items())


def _in_turn(values: list[str]) -> str:
    """The values of one stage in the order in which they come."""
    return ", then ".join(values if len(values) <= FEW else [*values[:FEW - 2], "…", values[-1]])


def _shown(value: Datum) -> str:
    return shorten(to_inline(plain(value.tree))) if isinstance(value, Quoted) else describe(value)
