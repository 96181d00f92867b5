"""TFRecord files of encoded images."""

from __future__ import annotations

import re
from pathlib import Path

from archspec.data.source import Source
from archspec.data.sources.listed import INDEX
from archspec.data.sources.recorded import Half, source_of
from archspec.data.sources.records import Wanted
from archspec.data.sources.shards import MOST_FILES, records_in
from archspec.errors import InputError, some, visible
from archspec.io.places import expanded
from archspec.spec.data import Tfrecord

NAMES = "labels.txt"
"""The file with the names of the classes, where none is named."""
MOST_BYTES = 1 << 26
"""Of that file."""
_OF = re.compile(r"(.*)-(\d+)-of-(\d+)(.*)")
_CALLED = re.compile(r"(.*?)(\d+-of-\d+|\d*\.tfrec).*", re.IGNORECASE)
"""How TFRecord files are called; before it stands what they are."""
_MEANT = {"train": ("train",), "test": ("validation", "val", "test")}
PATTERN = "PATTERN*"


def tfrecord(section: Tfrecord) -> Source:
    """The images in the files of two patterns. Classes have the order of their numbers, or of the bytes of their names."""
    root = place(section)
    files = {name: _files(root, name, getattr(section, name)) for name in ("train", "test")}
    both = sorted(set(files["train"]) & set(files["test"]))
    if both:
        raise InputError(f"{visible(str(both[0]))} is meant by train.data.train ('{section.train}') and by train.data.test "
                         f"('{section.test}')\n  hint: patterns of different names")
    wanted = Wanted(section.image.encode(), section.label.encode(), section.several)
    train, test = (Half(name, paths, records_in(paths, wanted, root / INDEX)) for name, paths in files.items())
    return source_of(section.source, (train, test), root, section.first_label, _names(root, section), section.white,
                     section.several)


def place(section: Tfrecord) -> Path:
    """The folder that a section names. Raises InputError where there is none, or where a file is not there that is named."""
    root = expanded(section.path)
    if not root.is_dir():
        raise InputError(f"train.data.path: no folder {root} (seen from {Path.cwd()})\n"
                         "  hint: --set train.data.path=FOLDER, which holds the TFRecord files")
    if section.classes and not expanded(section.classes).is_file():
        raise InputError(f"train.data.classes: no file {section.classes} (seen from {Path.cwd()})\n"
                         "  hint: --set train.data.classes=FILE, with the name of a class in each line")
    return root


def _files(root: Path, key: str, pattern: str) -> tuple[Path, ...]:
    """The files of a pattern, by name. Raises InputError if there are none, or if some of a numbered row are missing."""
    try:
        found = sorted(path for path in root.glob(pattern) if path.is_file() and not path.name.startswith("."))
    except (ValueError, NotImplementedError):
        raise InputError(f"train.data.{key}: '{visible(pattern)}' is no pattern of names in {root}") from None
    if not found:
        there = some(sorted(visible(path.name) for path in root.iterdir())) or "nothing"
        raise InputError(f"train.data.{key}: no file in {root} is called '{visible(pattern)}'; in it: {there}\n"
                         f"  hint: --set 'train.data.{key}={guessed(root)[key]}'")
    rows: dict[tuple[str, str, str], set[int]] = {}
    for path in found:
        if parts := _OF.fullmatch(str(path)):
            rows.setdefault((parts[1], parts[3], parts[4]), set()).add(int(parts[2]))
    for (begin, count, end), numbers in rows.items():
        missing = sorted(set(range(min(int(count), MOST_FILES))) - numbers)
        if missing:
            raise InputError(f"{len(missing)} of {int(count)} files are missing: "
                             f"{some(visible(f'{begin}-{number:0{len(count)}}-of-{count}{end}') for number in missing)}")
    return tuple(found)


def record_files(root: Path) -> list[str]:
    """The names of the files in a folder that are called as TFRecord files are, sorted; hidden ones left out."""
    return sorted(path.name for path in root.iterdir()
                  if _CALLED.fullmatch(path.name) and not path.name.startswith(".") and path.is_file())


def guessed(root: Path) -> dict[str, str]:
    """By split the pattern of its files, as far as the names of the files in a folder say; PATTERN where they do not."""
    begins = [match[1] for name in record_files(root) if (match := _CALLED.fullmatch(name))]
    return {key: next((f"{begin}*" for word in words for begin in begins if word in begin.lower()), PATTERN)
            for key, words in _MEANT.items()}


def _names(root: Path, section: Tfrecord) -> tuple[str, ...] | None:
    """The names of the classes, if a file holds them."""
    path = expanded(section.classes) if section.classes else root / NAMES
    return names_in(path, section.first_label) if section.classes or path.is_file() else None


def names_in(path: Path, first: int) -> tuple[str, ...]:
    """The names in a file: one a line from class `first` on, or `number:name` as TF-slim writes them."""
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{visible(str(path))}: too large for a file with names of classes")
    try:
        return names_of(path.read_text(encoding="utf-8-sig"), first, visible(str(path)))
    except UnicodeDecodeError:
        raise InputError(f"{visible(str(path))}: it is not UTF-8") from None


def names_of(text: str, first: int, called: str) -> tuple[str, ...]:
    """The names in the text of such a file, which messages call `called`."""
    lines = [line.strip() for line in text.strip().splitlines()]
    numbered = [re.fullmatch(r"(\d{1,9}):\s*(.*)", line) for line in lines]
    if not lines or not all(numbered):
        return tuple(map(visible, lines))
    names = {int(match[1]): match[2] for match in numbered if match}
    missing = [number for number in range(first, first + len(lines)) if number <= max(names) and number not in names]
    if missing:
        raise InputError(f"{called}: no name for class {missing[0]}")
    return tuple(visible(names[number]) for number in range(first, max(names) + 1))
