"""Reads a table of paths and labels; its mistakes are told with file and line.

By the csv module: of a table two columns are read, so that pandas would be a large dependency for little.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from archspec.errors import InputError, listed, nearest, visible
from archspec.spec.data import Csv

LONGEST_ROW = 1 << 20
"""Characters; of a file that is no table one line may be all of it."""
SEPARATORS = (",", ";", "\t", "|")
"""What may stand between columns: what makes the two columns out of the first line is it."""


@dataclass
class Table:
    """The rows of a table: a path, its labels, its line. `file` is what messages call the table."""

    file: str
    names: list[bytes] = field(default_factory=list)
    labels: list[tuple[str, ...]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class _Columns:
    """What stands between columns, how many there are, and which hold path and label."""

    separator: str
    count: int
    image: int
    label: int


def read_table(path: Path, section: Csv) -> Table:
    """The rows of a table, of which empty ones count for nothing. Raises InputError with file and line."""
    table = Table(visible(str(path)))
    root = os.fsencode(os.path.join(section.root or path.parent, ""))
    seen: dict[bytes, int] = {}
    for line, name, label in _rows(path, table.file, section):
        image = os.path.normpath(os.fsencode(name + section.suffix)).removeprefix(root)
        if image in seen:
            raise InputError(f"{table.file}:{line}: '{visible(name)}' is in line {seen[image]}, too\n"
                             "  hint: a row an image; several labels of one stand in its row, with train.data.separator")
        seen[image] = line
        table.names.append(image)
        table.labels.append(_labels(label, section, f"{table.file}:{line}"))
        table.lines.append(line)
    if not table.names:
        raise InputError(f"{table.file}: the table has no rows")
    return table


def _rows(path: Path, called: str, section: Csv) -> Iterator[tuple[int, str, str]]:
    """Line, path and label of each row."""
    line = 1
    with path.open(encoding="utf-8-sig", newline="") as file, _long_fields():
        try:
            lines = _Lines(file)
            columns = _columns(next(lines, ""), called, section)
            reader = csv.reader(lines, delimiter=columns.separator, strict=True)
            line = 2
            for row in reader:
                lines.left = LONGEST_ROW
                if any(map(str.strip, row)):
                    yield line, *_of_row(row, columns, f"{called}:{line}", section)
                line = reader.line_num + 2
        except UnicodeDecodeError:
            raise InputError(f"{called}:{_not_text(path)}: it is not UTF-8\n  hint: save the table as UTF-8") from None
        except csv.Error as error:
            raise InputError(f"{called}:{line}: {error}\n  hint: a quote is written twice within quotes") from None
        except _TooLong:
            raise InputError(f"{called}:{line}: the row has more than {LONGEST_ROW} characters") from None


@contextmanager
def _long_fields() -> Iterator[None]:
    """A field may be as long as a row: the outline of a mask beside a label has more than the csv module's 131,072."""
    before = csv.field_size_limit(LONGEST_ROW)
    try:
        yield
    finally:
        csv.field_size_limit(before)


class _TooLong(Exception):
    """A row is longer than LONGEST_ROW."""


class _Lines:
    """The lines of a file, of which one row may take `left` characters."""

    def __init__(self, file: TextIO) -> None:
        self.file, self.left = file, LONGEST_ROW

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.file.readline(self.left + 1)
        self.left -= len(line)
        if self.left < 0:
            raise _TooLong
        if not line:
            raise StopIteration
        return line


def _not_text(path: Path) -> int:
    """The first line that is not UTF-8."""
    data = path.read_bytes()
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return data[:error.start].count(b"\n") + 1
    return 1


def _columns(line: str, called: str, section: Csv) -> _Columns:
    """From the first line of a table."""
    heads = {each: [name.strip() for name in next(csv.reader([line], delimiter=each), [])] for each in SEPARATORS}
    wanted = (section.image, section.label)
    found = next((each for each in SEPARATORS if all(name in heads[each] for name in wanted)), None)
    if found is None:
        raise InputError(_no_column(max(heads.values(), key=len), called, section))
    head = heads[found]
    for name in wanted:
        if head.count(name) > 1:
            raise InputError(f"{called}:1: {head.count(name)} columns are called '{name}'\n  hint: rename one of them")
    return _Columns(found, len(head), head.index(section.image), head.index(section.label))


def _no_column(head: list[str], called: str, section: Csv) -> str:
    key, name = next((key, name) for key, name in (("image", section.image), ("label", section.label)) if name not in head)
    what = "paths" if key == "image" else "labels"
    hint = nearest(name, head) or f"the first line names the columns; --set train.data.{key}=NAME says which holds the {what}"
    return f"{called}:1: no column is called '{name}'; its columns are {visible(listed(head))}\n  hint: {visible(hint)}"


def _of_row(row: list[str], columns: _Columns, place: str, section: Csv) -> tuple[str, str]:
    if len(row) != columns.count:
        raise InputError(f"{place}: {len(row)} columns, but the first line has {columns.count}\n"
                         f"  hint: quotes around a text with '{visible(columns.separator)}' in it")
    name, label = row[columns.image].strip(), row[columns.label].strip()
    if not name or "\0" in name:
        raise InputError(f"{place}: {'a path with a zero byte' if name else 'no path'} in the column '{section.image}'")
    return name, label


def _labels(text: str, section: Csv, place: str) -> tuple[str, ...]:
    """One label, or any number of different ones where there is a separator."""
    if section.separator:
        separator = section.separator.strip() or None  # blanks: any number of them
        return tuple(dict.fromkeys(sys.intern(each.strip()) for each in text.split(separator) if each.strip()))
    if not text:
        raise InputError(f"{place}: no label in the column '{section.label}'\n"
                         "  hint: give it one, or remove the row; with train.data.separator an image may have none")
    return (sys.intern(text),)  # one text a class, not one a row
