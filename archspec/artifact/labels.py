"""Names of classes in a text: one a line, in the order of the network's outputs. Whoever reads such a file does it by this."""

from __future__ import annotations

from pathlib import Path

from archspec.artifact.facts import MOST_BYTES
from archspec.errors import InputError, visible
from archspec.io.files import opened

HINT = "a text in UTF-8 with the name of a class a line is expected, in the order of the network's outputs"


def read_labels(path: Path, count: int | None = None) -> tuple[str, ...]:
    """The lines of a file, `count` of them where that is known. Raises InputError as `labels_in`, or if none can be read."""
    try:
        with opened(path) as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{visible(str(path))}: {error.strerror}\n  hint: {HINT}") from None
    return labels_in(data, visible(str(path)), count)


def labels_in(data: bytes, called: str, count: int | None = None) -> tuple[str, ...]:
    """The names that bytes hold. Only LF and CR LF part lines; a byte order mark at the beginning is not of a name.

    Raises InputError where they are no such text, a name is none (see Artifact), is there twice, or there are not `count`.
    """
    if len(data) > MOST_BYTES:
        raise InputError(f"{called} is larger than {MOST_BYTES >> 20} MiB\n  hint: {HINT}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{called}:{line}: is no text in UTF-8\n  hint: {HINT}") from None
    names = tuple(line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")) if text else ()
    _refuse_wrong(names, called)
    if count is not None:
        refuse_other_count(called, len(names), count)
    return names


def refuse_other_count(called: str, names: int, classes: int) -> None:
    """Raises InputError where there are not as many names as classes."""
    if names != classes:
        has, tells = (f"{count} {word}{ending * (count > 1)}" for count, word, ending in (
            (names, "name", "s"), (classes, "class", "es")))
        raise InputError(f"{called} has {has}, one a line, but the network tells {tells} apart\n  hint: {HINT}")


def _refuse_wrong(names: tuple[str, ...], called: str) -> None:
    if not names:
        raise InputError(f"{called} is empty\n  hint: {HINT}")
    seen = dict[str, int]()
    for line, name in enumerate(names, 1):
        where = f"{called}:{line}"
        if not name.strip():
            raise InputError(f"{where}: the name of a class is missing\n  hint: remove the line, or write the name into it")
        if not name.isprintable():
            raise InputError(f"{where}: {visible(name)} holds what cannot be printed\n  hint: {HINT}")
        if name in seen:
            raise InputError(f"{where}: {name} is the name of line {seen[name]}, too\n"
                             "  hint: give each class a name of its own, say with a word in brackets")
        seen[name] = line
