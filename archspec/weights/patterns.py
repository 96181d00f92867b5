"""Names by pattern: `stage{s}_block{b}_conv{i}` to `layer{s}.{b - 1}.conv{i}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from archspec.spec.expressions import ExpressionError, evaluate

Words = Mapping[str, Mapping[str, str | int]]
"""Captures that stand for one of several words: what is written in our names, and its value."""
HOLE = re.compile(r"\{([^{}]*)\}|(\*)")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A name with holes: `{s}` takes a number, a capture of `words` one of its words, `*` and `{rest*}` anything."""

    expression: re.Pattern[str]
    words: Words
    texts: frozenset[str]
    """The holes that take anything."""

    def match(self, name: str) -> dict[str, str | int] | None:
        """What the holes hold, if the name is of this form."""
        found = self.expression.fullmatch(name)
        if found is None:
            return None
        return {hole: self._value(hole, text) for hole, text in found.groupdict().items()}

    def _value(self, hole: str, text: str) -> str | int:
        if hole in self.texts:
            return text
        return self.words[hole][text] if hole in self.words else int(text)


def pattern(text: str, words: Words) -> Pattern:
    """Reads a pattern. Raises ValueError where a hole is not named."""
    parts: list[str] = []
    end = 0
    for hole in HOLE.finditer(text):
        parts += [re.escape(text[end:hole.start()]), _hole(hole, words, "".join(parts))]
        end = hole.end()
    texts = frozenset(hole[1][:-1] for hole in HOLE.finditer(text) if hole[1] and hole[1].endswith("*"))
    return Pattern(re.compile("".join(parts) + re.escape(text[end:])), words, texts)


def _hole(hole: re.Match[str], words: Words, before: str) -> str:
    if hole[2]:
        return ".*"
    name = hole[1].removesuffix("*")
    if not name.isidentifier():
        raise ValueError(f"{{{name}}} is no name: a pattern has holes such as {{s}}")
    if f"(?P<{name}>" in before:
        return f"(?P={name})"
    if name != hole[1]:
        return f"(?P<{name}>.*)"
    longest_first = sorted(words.get(name, ()), key=len, reverse=True)
    return f"(?P<{name}>{'|'.join(map(re.escape, longest_first)) if name in words else '[0-9]+'})"


def render(template: str, names: Mapping[str, str | int]) -> str:
    """A name with each `{expression}` replaced by its value. Raises ValueError where one has none."""
    parts, end = _split(template)
    return "".join(text + _value(expression, names) for text, expression in parts) + end


@lru_cache(maxsize=4096)
def _split(template: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """What stands ahead of each hole, with its expression, and what stands behind the last: each layer asks for it anew."""
    parts, end = list[tuple[str, str]](), 0
    for hole in HOLE.finditer(template):
        parts.append((template[end:hole.start()], hole[1] or ""))
        end = hole.end()
    return tuple(parts), template[end:]


def _value(expression: str, names: Mapping[str, str | int]) -> str:
    try:
        value = evaluate(f"$({expression})", names)
    except ExpressionError as error:
        raise ValueError(f"{{{expression}}}: {error}") from None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"{{{expression}}} is neither a whole number nor a text")
    return str(value)
