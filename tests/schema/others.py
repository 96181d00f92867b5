"""For a declared key, values that it takes other than the one it has."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.schema.keys import Key, ListOf, Named, OneOf, Section, Sub, to_json
from archspec.schema.kinds import Choice, Each, Flag, FlagOr, Form, Kind, Number, OrNone, Table, Text, Whole
from archspec.schema.quantities import RateKind, SpanKind
from archspec.spec.published import Figure

FORMS: dict[str, list[object]] = {
    "pair": [5, 2], "pads": [2], "padding": ["valid", "symmetric", 1], "split": [True, [4, 4]], "norm": ["layer_norm", "none"],
    "act": ["tanh", "none"], "items": [["act"], ["flatten"], ["conv: 1x1 8 bare bias"],
                                   ["global_avg_pool: keepdims", "conv: 1x1 16 bare bias"]], "paths": [[[], ["act"]]],
    "shortcut": ["none", "projection_always", "identity"], "any": [2], "margins": [2, -1], "sizes": ["8x8x128", [64, 16, 8]], "kept": ["there"],
    "name": ["there"], "names": ["there", ["here", "there"]],
}


def others(key: Key, now: object = None) -> Iterator[object]:
    """Values that the key takes, none of them `now` or the default."""
    yield from (value for value in _values(key.kind, key.default) if value not in (now, to_json(key.default)))


def _values(kind: Kind, default: object) -> Iterator[object]:
    match kind:
        case Whole():
            yield from (value for value in (3, 2, 1, 4, 8) if kind.least <= value <= kind.most)
        case OrNone():
            yield from _values(kind.kind, default)
        case Number():
            yield from (value for value in (0.25, 0.75, 2.5) if kind.expected() == "a number" or _fits(kind, value))
        case Flag():
            yield from (True, False)
        case FlagOr():
            yield from (True, 0.25, False)
        case Choice():
            yield from kind.words
        case Text():
            yield "other"
        case RateKind():
            yield from (0.25, "0.5 per 256")
        case SpanKind():
            yield from ("25%", 2.5)
        case Figure():
            yield from (12345, "1.5M")
        case Each():
            yield from ([value] * kind.least for value in _values(kind.kind, None))
        case Table():
            yield from ({"daisy": value} for value in _values(kind.kind, None))
        case Named():
            yield from ({word: dict(_filled(section, whole=False))} for word, section in kind.kinds().items())
        case ListOf():
            yield from ([value] for value in _values(kind.item, None))
        case Form():
            yield from FORMS[kind.name]
        case Sub():
            yield dict(_filled(kind.section))
        case OneOf():
            yield from ({kind.tag: word, **dict(_filled(section))} for word, section in kind.kinds().items())


def _filled(section: type[Section], *, whole: bool = True) -> Iterator[tuple[str, object]]:
    """Keys of a section: those that are required, or, of a whole one, the first there is."""
    keys = {name: key for name, key in section.declared.items() if not (isinstance(key.kind, Choice) and len(key.kind.words) == 1)}
    required = [name for name, key in keys.items() if key.default == "required"] or list(keys)[:whole]
    yield from ((name, to_json(next(others(keys[name])))) for name in required)


def _fits(kind: Number, value: float) -> bool:
    try:
        kind.take(value)
    except ValueError:
        return False
    return True
