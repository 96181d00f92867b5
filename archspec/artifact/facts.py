"""artifact.json: what the numbers of a network mean. Checked when it is read: anyone may have written it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from archspec.artifact.artifact import Artifact
from archspec.errors import InputError
from archspec.io.files import read_json
from archspec.io.numbers import is_number

NAME, SPEC = "artifact.json", "spec.yaml"
FORMAT = 1
MOST_BYTES = 1 << 26
"""Of the file: room for the names of a million classes."""
RENEW = "take the folder as it was when its training ended, or train again"
TESTED: Mapping[str, tuple[type, ...]] = {"data": (str,), "split": (str,), "examples": (int,), "loss": (int, float),
                                          "top1": (int, float)}
"""The metrics of a network that was tested, and their types."""


def facts_of(artifact: Artifact) -> dict[str, Any]:
    """The document, but for what only artifact.json says of the model file beside it."""
    return {"format": FORMAT, "name": artifact.name, "fingerprint": artifact.fingerprint, "classes": list(artifact.classes),
            "several": artifact.several, "preprocess": artifact.preprocess.to_json(), "metrics": dict(artifact.metrics),
            "data": artifact.data, "versions": dict(artifact.versions)}


def with_model(facts: Mapping[str, Any], sha256: str, needs: tuple[str, ...]) -> dict[str, Any]:
    """artifact.json; `sha256` and `needs` are the digest of model.keras and the layers of archspec's in it."""
    return {**facts, "model": {"sha256": sha256, "needs": list(needs)}}


def read_facts(path: Path, wanted: Iterable[str] | None = None) -> dict[str, Any]:
    """The document of a file, each of its keys there and of its type, or those that are wanted. Raises InputError."""
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{path} is larger than {MOST_BYTES >> 20} MiB\n  hint: {RENEW}")
    try:
        facts: dict[str, Any] = read_json(path)
    except ValueError:
        raise InputError(f"{path} is damaged: it is no JSON\n  hint: {RENEW}") from None
    return checked(facts, path, wanted or KEYS)


def checked(facts: dict[str, Any], path: Path, wanted: Iterable[str]) -> dict[str, Any]:
    """A document of a file, which has the keys that are wanted. Raises InputError where it has not."""
    for key in wanted:
        what, holds = KEYS[key]
        if not isinstance(facts, dict) or not holds(facts.get(key)):
            raise InputError(f"{path}: {key} has to be {what}\n  hint: {RENEW}")
    return facts


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _mapping(*types: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(isinstance(each, types) for each in value.values())


def _metrics(value: Any) -> bool:
    """What a test found, and other numbers and texts beside it; or nothing."""
    tested = isinstance(value, dict) and all(type(value.get(key)) in types for key, types in TESTED.items())
    numbers = tested and all(isinstance(each, str) or is_number(each) for each in value.values())
    return value == {} or (numbers and not isinstance(value.get("top5"), str))


def _model(value: Any) -> bool:
    return isinstance(value, dict) and _text(value.get("sha256")) and _texts(value.get("needs"))


KEYS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "format": (f"{FORMAT}: this version of archspec reads no other", lambda value: value == FORMAT),
    "name": ("a text", _text),
    "fingerprint": ("a text", _text),
    "classes": ("a list of texts", _texts),
    "several": ("true or false", lambda value: isinstance(value, bool)),
    "preprocess": ("a mapping", _mapping(object)),
    "metrics": (f"a mapping with {', '.join(TESTED)}, or an empty one", _metrics),
    "data": ("a text", _text),
    "versions": ("a mapping to texts", _mapping(str)),
    "model": ("a mapping with sha256 and needs", _model),
}
"""The keys: what each has to be, and whether a value is that."""
OF_ARTIFACT = tuple(key for key in KEYS if key != "model")
"""Those of `facts_of`."""
