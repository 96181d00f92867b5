"""The files that the studio opens and writes: those below its folder, links resolved; what ships can be looked at."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from dataclasses import dataclass
from pathlib import Path

from archspec.errors import InputError, shorten, visible
from archspec.io.files import opened, replacing
from archspec.io.places import kind_of, reached, shipped
from archspec.spec.source import MAX_BYTES

SUFFIXES = (".yaml", ".yml")
SHIPPED = "shipped:"
"""How a file that ships is called, by its path from the folder of the specs."""
NEW = re.compile(r"(?:[\w.+ -]{1,60}/){0,20}[\w+-][\w.+ -]{0,59}\.ya?ml")
"""What a new file may be called: what `extends` can name."""
BOM = "\ufeff"


class Missing(InputError):
    """There is no such file."""


class Conflict(InputError):
    """The file on the disk is another one than that which was opened; `disk` is that, None where it is gone."""

    def __init__(self, disk: Held | None) -> None:
        super().__init__("the file has changed on the disk" if disk else "the file is no longer on the disk")
        self.disk = disk


@dataclass(frozen=True, slots=True)
class Held:
    """A text whose lines end as Unix has them, and its file's digest.

    `before` and `ends` are what the file has ahead of it, and at the end of lines.
    """

    text: str
    digest: str
    before: str = ""
    ends: str = "\n"

    @classmethod
    def of(cls, raw: bytes, name: str) -> Held:
        """Of the bytes of a file that is called so. Raises InputError where they are too many, or no text."""
        if len(raw) > MAX_BYTES:
            raise InputError(f"{name}: the file is larger than {MAX_BYTES} bytes")
        try:
            whole = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            line = raw[:error.start].count(b"\n") + 1
            raise InputError(f"{name}:{line}: the file is not UTF-8 text\n  hint: save it as UTF-8") from None
        text = whole.removeprefix(BOM)
        ends = "\r\n" if "\r\n" in text and text.count("\r\n") == text.count("\n") else "\n"
        return cls(text.replace("\r\n", "\n").replace("\r", "\n"), hashlib.sha256(raw).hexdigest(),
                   whole[:len(whole) - len(text)], ends)

    def bytes_of(self, text: str) -> bytes:
        """Another text as this file would have it."""
        return encoded(self.before + text.replace("\n", self.ends))


def encoded(text: str) -> bytes:
    """Raises InputError for what is no text, or more than a spec may have."""
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError as error:
        line = text[:error.start].count("\n") + 1
        raise InputError(f"line {line}: half of a sign, which no file can hold\n  hint: write the line anew") from None
    if len(raw) > MAX_BYTES:
        raise InputError(f"the text is larger than {MAX_BYTES} bytes\n  hint: a spec has less; extend another file")
    return raw


class Folder:
    """The folder that the studio works in. `file` is the one that it was started with, which may be called anyhow."""

    def __init__(self, root: Path, file: Path | None = None) -> None:
        self.root, self.file = root.resolve(), None if file is None else file.resolve()
        self._writing = threading.Lock()

    def name(self, path: Path) -> str:
        """What a file below the folder is called."""
        return path.relative_to(self.root).as_posix()

    def path(self, name: str) -> Path:
        """The file of a name, links resolved; it need not be there. Raises InputError for one that is not for the studio."""
        if not name or "\0" in name or len(name) > 2000:
            raise InputError("that is no name of a file")
        found = reached(self.root / name, (self.root,))
        if found is None:
            raise InputError(f"'{visible(shorten(name))}' lies outside of the folder in which the studio was started\n"
                             f"  hint: start it there, or in a folder above both; this is {self.root}")
        if found.suffix not in SUFFIXES and found != self.file:
            raise InputError(f"'{visible(shorten(name))}' is no spec\n  hint: a spec is a file .yaml")
        return found

    def read(self, path: Path) -> Held:
        """What a file holds. Raises Missing, InputError."""
        name = visible(shorten(path.name))
        try:
            with opened(path) as file:
                return Held.of(file.read(MAX_BYTES + 1), name)
        except (FileNotFoundError, NotADirectoryError):
            raise Missing(f"there is no file '{name}'") from None
        except OSError as error:
            raise InputError(f"{name} cannot be read: {error.strerror}") from None

    def held(self, path: Path) -> Held | None:
        """The same; None where there is no such file."""
        try:
            return self.read(path)
        except Missing:
            return None

    def save(self, path: Path, text: str, digest: str | None) -> Held:
        """Writes a file whose digest is still this, None of a new one. Raises Conflict where it is not; InputError."""
        with self._writing:
            before = self.held(path)
            if before is not None and before.text == text:
                return before
            if (None if before is None else before.digest) != digest:
                raise Conflict(before)
            if before is None:
                self._refuse_new(path)
            raw = (before or Held("", "")).bytes_of(text)
            with replacing(path) as partial:
                partial.write_bytes(raw)
                if before is not None:
                    partial.chmod(path.stat().st_mode & 0o7777)
        return Held.of(raw, path.name)

    def _refuse_new(self, path: Path) -> None:
        name = self.name(path)
        if path != self.file and not NEW.fullmatch(name):
            raise InputError(f"'{visible(shorten(name))}' cannot name a spec\n"
                             "  hint: letters, digits, spaces and . _ + -, up to 60 a folder, and .yaml at its end")
        if kind_of(path.parent) != "folder":
            raise InputError(f"there is no folder '{visible(shorten(self.name(path.parent)))}'\n  hint: make it first")
        if os.path.lexists(path):
            raise InputError(f"'{visible(shorten(name))}' is no file that can be written\n  hint: choose another name")


def shipped_file(name: str) -> Path:
    """A spec that ships, or a file of blocks, by its name or its path from their folder. Raises InputError."""
    places = (f"{name}.yaml", f"blocks/{name}.yaml", name)
    found = next((path for each in places if (path := reached(shipped() / each, (shipped(),))) is not None
                  and path.suffix == ".yaml" and kind_of(path) == "file"), None) if "\0" not in name else None
    if found is None:
        raise Missing(f"nothing of the name '{visible(shorten(name))}' ships")
    return found
