"""Every key of data, preprocess, augment, schedule and what is kept with values that it does not take, and what the user then reads.

The declarations are walked. ARCHSPEC_UPDATE=1 writes the messages anew; read each before it is committed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import archspec
from archspec.errors import SpecError
from archspec.schema.keys import Key, ListOf, Named, OneOf, Section
from archspec.schema.kinds import Choice, Each, Flag, FlagOr, Kind, Number, OrNone, Text, Whole
from archspec.schema.quantities import RateKind, SpanKind
from archspec.spec.augment import OPERATIONS
from archspec.spec.data import SOURCES, Csv
from archspec.spec.preprocess import RESIZES, PreprocessKeys
from archspec.spec.saving import Checkpoint, Rollback, StopEarly
from archspec.spec.schedules import SCHEDULES

GOLDEN = Path(__file__).parents[1] / "golden" / "bad_values.txt"
SPEC = "input: 300x300x3\nclasses: 2\ntrain: {train}\nhead: [global_avg_pool, dense: $classes]\n"
OTHER = {"path": "x", "name": "cifar10", "pixels": 300, "margin": 2, "milestones": [10], "factor": 0.5}
"""What keys without a default hold while another one is wrong."""


def sections() -> Iterator[tuple[str, type[Section]]]:
    """Every section by what the list of messages calls it."""
    yield from ((f"data {word}", section) for word, section in SOURCES.kinds().items())
    yield "preprocess", PreprocessKeys
    yield from ((f"resize {each.word}", each) for each in RESIZES.sections)
    yield from ((f"augment {each.word}", each) for each in OPERATIONS.item.sections)
    yield from ((f"schedule {word}", section) for word, section in SCHEDULES.kinds().items())
    yield from (("checkpoint", Checkpoint), ("stop_early", StopEarly), ("on_divergence rollback", Rollback))


def bad(kind: Kind) -> Iterator[object]:
    """Values of another kind, and just outside the bounds."""
    match kind:
        case OrNone():
            yield from bad(kind.kind)
        case Whole():
            yield from (kind.least - 1, kind.most + 1, kind.least + 0.5, "many")
        case Number():
            yield from (each for each in (kind.above, kind.below) if each is not None)
            yield from (value + step for value, step in ((kind.least, -1), (kind.most, 1)) if value is not None)
            yield "much"
        case RateKind():
            yield from (0, "0.1/256", "fast", "0.1 per 0", [0.1])
        case SpanKind():
            yield from (*bad(kind.epochs), "101%", "30 epochs", "400 steps")
        case Flag():
            yield from ("maybe", 2)
        case FlagOr():
            yield from ("maybe", 0)
        case Choice():
            yield from (kind.words[0][:-1] + "x", 3, [kind.words[0]])
        case Text():
            yield from ("", ["a", "b"], {"a": 1})
        case Each():
            yield from (["x"] * max(kind.least, 1), [], *([[next(bad(kind.kind))] * kind.least] if kind.least else []))
            if kind.least:
                yield 0.5
        case Named() | OneOf() | ListOf():
            yield from ("nothing", 3, ["nothing"])
        case _:
            raise AssertionError(f"no bad values are known of {kind}")


def written(title: str, section: type[Section], name: str, value: object) -> str:
    """A spec with that value."""
    what, _, word = title.partition(" ")
    beside = {each: OTHER[each] for each, key in section.declared.items() if key.default == "required" and each != name}
    if section is Csv and name not in ("test", "holdout"):
        beside["holdout"] = 0.25
    keys: dict[str, Any] = {**beside, name: value}
    train: dict[str, Any] = {"data": {"source": "folder", "path": "x"}}
    if what == "data":
        train["data"] = {"source": word, **keys}
    elif what in ("schedule", "on_divergence"):
        train[what] = {"kind": word, **keys}
    elif what in ("checkpoint", "stop_early"):
        train[what] = keys
    elif what == "augment":
        train["augment"] = [{word: keys}]
    else:
        train["preprocess"] = keys if what == "preprocess" else {"resize": {word: keys}}
    return SPEC.replace("{train}", json.dumps(train))


def message(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(SpecError) as error:
        archspec.load(str(path))
    assert all(problem.where.line == 3 for problem in error.value.problems)
    return "; ".join(problem.message + f" ({problem.hint})" * bool(problem.hint) for problem in error.value.problems)


def keys() -> Iterator[tuple[str, type[Section], str, Key]]:
    """Each declaration once, however many sections have it."""
    seen = set[Key]()
    for title, section in sections():
        for name, key in section.declared.items():
            if key not in seen and not (isinstance(key.kind, Choice) and len(key.kind.words) == 1):
                seen.add(key)
                yield title, section, name, key


def test_every_bad_value_has_its_message(tmp_path: Path) -> None:
    found = [f"{title}, {name}: {json.dumps(value)}\n    {message(tmp_path / 'net.yaml', written(title, section, name, value))}"
             for title, section, name, key in keys() for value in bad(key.kind)]
    said = "\n".join(found) + "\n"
    if os.environ.get("ARCHSPEC_UPDATE"):
        GOLDEN.write_text(said, encoding="utf-8")
    assert said == GOLDEN.read_text(encoding="utf-8")
