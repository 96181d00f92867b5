"""What an exported file cannot say itself: how images are prepared for it, and what its classes are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archspec.artifact.facts import RENEW, read_facts
from archspec.artifact.folder import FACTS, SPEC, said, spec_in
from archspec.errors import InputError, SpecError
from archspec.network import load
from archspec.preprocess.rule import Preprocess
from archspec.spec.arch import Spec
from archspec.spec.data import Encoded

WANTED = ("name", "fingerprint", "classes", "several", "preprocess", "metrics")


@dataclass(frozen=True)
class Described:
    """Names of classes, how images are prepared, the value of white as in data.source.Split; artifact.json and the spec.

    The spec is None where it does not lie beside that.
    """

    classes: tuple[str, ...]
    rule: Preprocess
    white: float
    facts: Mapping[str, Any]
    spec: Spec | None


def described(model: Path, places: Iterable[Path]) -> Described:
    """What the first of some folders says that holds an artifact.json. Raises InputError where none does."""
    tried = list(places)
    for folder in tried:
        if (folder / FACTS).is_file():
            facts = read_facts(folder / FACTS, WANTED)
            spec = _spec(folder)
            white = 0.0 if spec is None else white_of(spec)
            return Described(tuple(facts["classes"]), Preprocess.from_json(facts["preprocess"]), white, facts, spec)
    raise InputError(f"{model} is none of archspec's, or was taken from its place: no {FACTS}, which says how images are "
                     f"prepared for it, is in {' or '.join(map(str, tried))}\n"
                     f"  hint: put {FACTS} of the run or of the export there; or name the run itself")


def of_file(path: Path) -> Described:
    """What a .keras file of archspec's holds beside its weights. Raises InputError where it is none."""
    text, facts = said(path)
    try:
        spec = spec_in(text)
    except SpecError as error:
        raise InputError(f"{path} holds a spec that cannot be read: {error.problems[0].message}\n  hint: {RENEW}") from None
    return Described(tuple(facts["classes"]), Preprocess.from_json(facts["preprocess"]), white_of(spec), facts, spec)


def white_of(spec: Spec) -> float:
    """What is white in images of more than 8 bits, as a spec has it for its data; 0 where nothing is said."""
    data = spec.train.data
    return data.white if isinstance(data, Encoded) else 0.0


def _spec(folder: Path) -> Spec | None:
    """The spec beside it; None where there is none."""
    try:
        return load(str(folder / SPEC)) if (folder / SPEC).is_file() else None
    except SpecError as error:
        raise InputError(f"{folder / SPEC} cannot be read: {error}") from None
