"""The files that the studio opens and writes: those below its folder, links resolved; what ships can be looked at."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from archspec.editor.cursor import BREAK
from archspec.editor.lines import runs
from archspec.errors import InputError, one_line, shorten, visible
from archspec.io.files import opened, replacing
from archspec.io.lock import Taken, alone
from archspec.io.machine import refusal
from archspec.io.places import kind_of, reached, shipped, state_folder
from archspec.spec.source import MAX_BYTES

SUFFIXES = (".yaml", ".yml")
SHIPPED = "shipped:"
"""How a file that ships is called, by its path from the folder of the specs."""
NEW = re.compile(r"(?:[\w.+ -]{1,60}/){0,20}[\w+-][\w.+ -]{0,59}\.ya?ml")
"""What a new file may be called: what `extends` can name."""
BOM = "\ufeff"
WAIT = 3.0
"""Seconds that a save waits for another server's of the same file."""


class Missing(InputError):
    """There is no such file."""


class Conflict(InputError):
    """The file on the disk is another one than that which was opened; `disk` is that, None where it is gone.

    `new`: whether none was opened, and one of that name is there.
    """

    def __init__(self, disk: Held | None, new: bool = False) -> None:
        super().__init__("a file of this name is there already" if new else
                         "the file has changed on the disk" if disk else "the file is no longer on the disk")
        self.disk = disk


@dataclass(frozen=True, slots=True)
class Held:
    """A text whose lines end as Unix has them, and its file's digest.

    `before` and `ends` are what the file has ahead of it, and at the end of most lines; where not all lines end alike,
    `mixed` are the ends of each.
    """

    text: str
    digest: str
    before: str = ""
    ends: str = "\n"
    mixed: tuple[str, ...] = ()

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
        found = Counter(each[0] for each in BREAK.finditer(text))
        mixed = tuple(each[0] for each in BREAK.finditer(text)) if len(found) > 1 else ()
        return cls(BREAK.sub("\n", text), hashlib.sha256(raw).hexdigest(), whole[:len(whole) - len(text)],
                   found.most_common(1)[0][0] if found else "\n", mixed)

    def bytes_of(self, text: str) -> bytes:
        """Another text as this file would have it: a line that is still there, or changed, ends as it did, others as most."""
        return encoded(self.before + (self._as_they_were(text) if self.mixed else text.replace("\n", self.ends)))

    def _as_they_were(self, text: str) -> str:
        old, new = self.text.split("\n"), text.split("\n")
        ends = [self.ends] * (len(new) - 1)
        for kind, a, end_a, b, end_b in runs(old, new):
            if kind in ("equal", "replace"):
                size = min(end_a - a, end_b - b, len(self.mixed) - a, len(ends) - b)
                ends[b:b + size] = self.mixed[a:a + size]
        found = "".join(f"{line}{end}" for line, end in zip(new, [*ends, ""], strict=True))
        if BREAK.sub("\n", found) == text:
            return found
        return text.replace("\n", self.ends)  # a lone \r ahead of an empty line that ends in \n: the two would be one end


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

    def in_place(self, path: Path) -> bool:
        """Whether a save would write over what the file holds, as of one of several names, and not beside it."""
        try:
            return kind_of(path) == "file" and path.stat().st_nlink > 1
        except OSError:  # it is gone since, which the save tells
            return False

    def save(self, path: Path, text: str, digest: str | None) -> Held:
        """Writes a file whose digest is still this, None of a new one. Raises Conflict where it is not; InputError."""
        try:
            with _alone(path):
                return self._save(path, text, digest)
        except OSError as error:
            raise InputError(f"{visible(shorten(path.name))} is not written: {refusal(error) or one_line(error)}") from None

    def _save(self, path: Path, text: str, digest: str | None) -> Held:
        before = self.held(path)
        if before is not None and before.text == text:
            return before
        if (None if before is None else before.digest) != digest:
            raise Conflict(before, digest is None)
        if before is None:
            self._refuse_new(path)
        raw = (before or Held("", "")).bytes_of(text)
        _write(path, raw)
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


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keeps every server of this user from a file. The lock lies with what the user has, not beside the file."""
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
    with ExitStack() as stack:
        try:
            stack.enter_context(alone(state_folder() / "studio" / "locks" / name, wait=WAIT))
        except Taken:
            raise InputError(f"another server is writing {visible(shorten(path.name))}\n  hint: save again") from None
        except (OSError, InputError):  # where nothing can be locked, what is on the disk is looked at all the same
            pass
        yield


def _write(path: Path, raw: bytes) -> None:
    """Writes a file in one step. One of several names is written in place, or the others would keep the old text.

    What is protected from being written is not: whoever did that meant it. Raises OSError, InputError.
    """
    there = path.stat() if path.exists() else None
    if there is not None and not there.st_mode & 0o222:
        raise InputError(f"{visible(shorten(path.name))} is protected from being written\n"
                         f"  hint: chmod u+w {shorten(path.name)}, where it may be changed")
    if there is not None and there.st_nlink > 1:
        with path.open("r+b") as file:
            file.write(raw)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        return
    with replacing(path, f"{secrets.token_hex(8)}-") as partial:
        partial.write_bytes(raw)
        if there is not None:
            partial.chmod(there.st_mode & 0o7777)


def shipped_file(name: str) -> Path:
    """A spec that ships, or a file of blocks, by its name or its path from their folder. Raises InputError."""
    places = (f"{name}.yaml", f"blocks/{name}.yaml", name)
    found = next((path for each in places if (path := reached(shipped() / each, (shipped(),))) is not None
                  and path.suffix == ".yaml" and kind_of(path) == "file"), None) if "\0" not in name else None
    if found is None:
        raise Missing(f"nothing of the name '{visible(shorten(name))}' ships")
    return found
