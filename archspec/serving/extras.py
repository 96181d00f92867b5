"""What lies beside a graph: labels, and the configurations that a server is started with."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from archspec.errors import some, visible
from archspec.export.versions import versions
from archspec.serving.rules import Fault
from archspec.serving.warmups import WARMUP

OPTIONAL = ("batching", "config", "labels", "warmup")
"""The rules of files that need not be there."""
LABELS = ("assets.extra/labels.txt", "assets/labels.txt")
CONFIG, BATCHING = "model.config", "batching.config"
OWN_BATCHING = "batching_params.pbtxt"
"""A version's own, which a server reads with --enable_per_model_batching_parameters."""
MOST_TEXT = 1 << 26
DEFAULT_SIZE = 1000
"""max_batch_size where nothing is said."""
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|[\w.+/-]+|[{}:<>,;\[\]]|#[^\n]*|\s+')
_NUMBER = re.compile(r"-?(0[xX][0-9a-fA-F]{1,16}|0[0-7]{0,22}|[1-9][0-9]{0,18})")

Message = list[tuple[str, "str | Message"]]


def labels_of(version: Path) -> list[str] | None:
    """The lines of labels.txt; None where there is none that can be read."""
    path = next((version / name for name in LABELS if (version / name).is_file()), None)
    if path is None or path.stat().st_size > MOST_TEXT:
        return None
    text = path.read_text(encoding="utf-8-sig", errors="replace")  # only these two part lines, see artifact.labels
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []


def labels(version: Path) -> Iterator[Fault]:
    """Of labels.txt alone."""
    found = labels_of(version)
    if found is None:
        return
    if blank := [number for number, line in enumerate(found, 1) if not line.strip()]:
        yield Fault("labels", f"labels.txt:{blank[0]}", "is empty")
    if twice := [name for name, times in Counter(found).items() if times > 1]:
        yield Fault("labels", "labels.txt", f"names twice {some(map(visible, twice))}")


def beside(base: Path) -> set[str]:
    """Of these rules those that speak of something in a model's folder."""
    return {rule for rule, there in (("batching", _batchings(base)), ("config", (base / CONFIG).is_file())) if there}


def inside(version: Path) -> set[str]:
    """Of these rules those that speak of something in a version."""
    labelled = any((version / name).is_file() for name in LABELS)
    return {rule for rule, there in (("labels", labelled), ("warmup", (version / WARMUP).is_file())) if there}


def configs(base: Path) -> Iterator[Fault]:
    """Of the configurations beside the versions, and of a version's own."""
    for path in _batchings(base):
        yield from _batching(path)
    if (base / CONFIG).is_file():
        yield from _config(base / CONFIG, list(versions(base)))


def _batchings(base: Path) -> list[Path]:
    paths = (base / BATCHING, *(version / OWN_BATCHING for version in versions(base).values()))
    return [path for path in paths if path.is_file()]


def _batching(path: Path) -> Iterator[Fault]:
    try:
        found = _parsed(path)
        sizes = [_number(text) for text in _values(found, "allowed_batch_sizes")]
        said = [_number(text) for each in _inner(found, "max_batch_size") for text in _values(each, "value")]
    except ValueError as error:
        yield Fault("batching", path.name, visible(str(error)))
        return
    most = said[0] if said else DEFAULT_SIZE
    if sizes and (sizes != sorted(set(sizes)) or sizes[-1] != most or sizes[0] < 1):
        yield Fault("batching", path.name, f"allowed_batch_sizes are {some(map(str, sizes))}, max_batch_size is {most}")


def _config(path: Path, numbers: Sequence[int]) -> Iterator[Fault]:
    try:
        models = [each for listed in _inner(_parsed(path), "model_config_list") for each in _inner(listed, "config")]
    except ValueError as error:
        yield Fault("config", path.name, visible(str(error)))
        return
    names = [next(_values(each, "name"), "") for each in models]
    if not models or len(set(names)) < len(names):
        yield Fault("config", path.name, f"its models are {some(map(visible, names)) or 'none'}")
    for name, each in zip(names, models, strict=True):
        where = f"{path.name}, {visible(name)}"
        if not re.fullmatch(r"[^/:]+", name):
            yield Fault("config", where, "is no name that can stand in an address")
        if next(_values(each, "model_platform"), "") != "tensorflow":
            yield Fault("config", where, "model_platform is not tensorflow")
        base = next(_values(each, "base_path"), "")
        if not (os.path.isabs(base) or "://" in base):
            yield Fault("config", where, f"base_path {visible(base)} is not absolute")
        if os.path.basename(base.rstrip("/")) == path.parent.resolve().name:
            try:
                yield from _served(where, each, numbers)
            except ValueError as error:
                yield Fault("config", where, visible(str(error)))


def _served(where: str, model: Message, there: Sequence[int]) -> Iterator[Fault]:
    """The versions and labels of the model beside whose versions, the lowest first, the file lies."""
    policies = list(_inner(model, "model_version_policy"))

    def numbers(kind: str, key: str) -> list[int]:
        return [_number(text) for policy in policies for each in _inner(policy, kind) for text in _values(each, key)]
    chosen, counts = numbers("specific", "versions"), numbers("latest", "num_versions")
    every = any(True for policy in policies for _ in _inner(policy, "all"))
    if missing := sorted(set(chosen) - set(there)):
        yield Fault("config", where, f"there are no versions {some(map(str, missing))}")
    served = set(chosen or (there if every else there[-max((counts or [1])[0], 1):]))
    labelled = {_number(text) for each in _inner(model, "version_labels") for text in _values(each, "value")}
    if unserved := sorted(labelled - served):
        yield Fault("config", where, f"labels name versions that are not served: {some(map(str, unserved))}")


def _number(text: str) -> int:
    """As protobuf's text form has them: decimal, 0x10, 010. Raises ValueError for anything else."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is no number")
    return int(text, 8 if re.fullmatch(r"-?0[0-7]+", text) else 0)


def _values(message: Message, name: str) -> Iterator[str]:
    return (value for key, value in message if key == name and isinstance(value, str))


def _inner(message: Message, name: str) -> Iterator[Message]:
    return (value for key, value in message if key == name and isinstance(value, list))


def _parsed(path: Path) -> Message:
    """protobuf's text form. Raises ValueError where it is not that."""
    if path.stat().st_size > MOST_TEXT:
        raise ValueError("is too large to be read")
    text = path.read_text(encoding="utf-8", errors="replace")
    tokens, place = list[str](), 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise ValueError(f"line {text.count(chr(10), 0, place) + 1} is no protobuf text")
        if not found[0].isspace() and not found[0].startswith("#"):
            tokens.append(found[0])
        place = found.end()
    return _message(tokens)


def _message(tokens: list[str]) -> Message:
    top: Message = []
    levels, key, several = [top], "", False
    for token in tokens:
        if token in "{<":
            inner: Message = []
            levels[-1].append((key, inner))
            levels.append(inner)
            key = ""
        elif token in "}>":
            if len(levels) == 1:
                raise ValueError("a bracket is closed that was not opened")
            levels.pop()
        elif token in "[]":
            several, key = token == "[", key if token == "[" else ""
        elif token in ":,;":
            continue
        elif not key:
            key = token
        else:
            levels[-1].append((key, token[1:-1] if token[0] in "\"'" else token))
            key = key if several else ""
    if len(levels) > 1 or key:
        raise ValueError("it ends in the middle")
    return top
