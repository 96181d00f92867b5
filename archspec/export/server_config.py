"""protobuf's text form, in which a server's configurations are written, and the versions that model.config names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

CONFIG = "model.config"
MOST_TEXT = 1 << 26
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|[\w.+/-]+|[{}:<>,;\[\]]|#[^\n]*|\s+')
_NUMBER = re.compile(r"-?(0[xX][0-9a-fA-F]{1,16}|0[0-7]{0,22}|[1-9][0-9]{0,18})")

Message = list[tuple[str, "str | Message"]]


def models(path: Path) -> list[Message]:
    """The models of a model.config. Raises ValueError where it is no protobuf text, OSError where it cannot be read."""
    return [each for listed in inner(parsed(path), "model_config_list") for each in inner(listed, "config")]


def is_beside(path: Path, model: Message) -> bool:
    """Whether a model of a model.config is the one beside whose versions the file lies."""
    base = next(values(model, "base_path"), "")
    return os.path.basename(base.rstrip("/")) == path.parent.resolve().name


def chosen(model: Message) -> list[int]:
    """The versions that its policy names: `specific { versions: 2 }`. Raises ValueError."""
    return of_policy(model, "specific", "versions")


def labelled(model: Message) -> list[int]:
    """The versions that its labels name. Raises ValueError."""
    return [number(text) for each in inner(model, "version_labels") for text in values(each, "value")]


def of_policy(model: Message, kind: str, key: str) -> list[int]:
    """The numbers of a kind of policy. Raises ValueError."""
    return [number(text) for policy in inner(model, "model_version_policy") for each in inner(policy, kind)
            for text in values(each, key)]


def named(base: Path) -> set[int]:
    """The versions that the model.config beside them names, by its policy or by labels; none where there is no such file.

    Raises ValueError where it is no protobuf text, OSError where it cannot be read.
    """
    path = base / CONFIG
    if not path.exists():
        return set()
    return {version for each in models(path) if is_beside(path, each) or next(values(each, "name"), "") == base.name
            for version in (*chosen(each), *labelled(each))}


def number(text: str) -> int:
    """A number as protobuf's text form has it: decimal, 0x10, 010. Raises ValueError for anything else."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is no number")
    return int(text, 8 if re.fullmatch(r"-?0[0-7]+", text) else 0)


def values(message: Message, name: str) -> Iterator[str]:
    """The values of a field."""
    return (value for key, value in message if key == name and isinstance(value, str))


def inner(message: Message, name: str) -> Iterator[Message]:
    """The messages of a field."""
    return (value for key, value in message if key == name and isinstance(value, list))


def parsed(path: Path) -> Message:
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
            opened: Message = []
            levels[-1].append((key, opened))
            levels.append(opened)
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
