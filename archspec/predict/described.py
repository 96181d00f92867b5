"""What an exported file cannot say itself: how images are prepared for it, and what its classes are called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from archspec.artifact.facts import read_facts
from archspec.artifact.folder import FACTS, SPEC
from archspec.errors import InputError, SpecError
from archspec.network import load
from archspec.preprocess.rule import Preprocess
from archspec.spec.data import Encoded

WANTED = ("classes", "preprocess")


@dataclass(frozen=True)
class Described:
    """The names of the classes, how images are prepared, and the value of white as in data.source.Split."""

    classes: tuple[str, ...]
    rule: Preprocess
    white: float


def described(model: Path, places: Iterable[Path]) -> Described:
    """What the first of some folders says that holds an artifact.json. Raises InputError where none does."""
    tried = list(places)
    for folder in tried:
        if (folder / FACTS).is_file():
            facts = read_facts(folder / FACTS, WANTED)
            return Described(tuple(facts["classes"]), Preprocess.from_json(facts["preprocess"]), white_of(folder))
    raise InputError(f"{model} is none of archspec's, or was taken from its place: no {FACTS}, which says how images are "
                     f"prepared for it, is in {' or '.join(map(str, tried))}\n"
                     f"  hint: put {FACTS} of the run or of the export there; or name the run itself")


def white_of(folder: Path) -> float:
    """What is white in images of more than 8 bits, as the spec of a folder has it for its data; 0 where nothing is said."""
    if not (folder / SPEC).is_file():
        return 0.0
    try:
        data = load(str(folder / SPEC)).train.data
    except SpecError as error:
        raise InputError(f"{folder / SPEC} cannot be read: {error}") from None
    return data.white if isinstance(data, Encoded) else 0.0
