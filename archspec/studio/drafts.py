"""Texts that are not saved yet, kept where a killed server leaves them: a file each, for this user alone."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from archspec.io.files import read_json, replacing
from archspec.io.places import state_folder

SUFFIX = ".json"


def place_of_drafts() -> Path:
    """Where they lie. Raises InputError where that is somebody else's."""
    return state_folder() / "studio"


@dataclass(frozen=True, slots=True)
class Draft:
    """A text of a file, or of one that is none yet, which has a `name`; `digest` is that of the file it was made from."""

    folder: str
    path: str | None
    name: str
    text: str
    digest: str | None
    at: str = ""


class Drafts:
    """The unsaved texts of a folder."""

    def __init__(self, place: Path, folder: Path) -> None:
        self.place, self.folder = place, str(folder)

    def of(self, path: str | None, name: str) -> Draft | None:
        """That of a file or a name; None of none."""
        return _read(self._file(path, name))

    def keep(self, path: str | None, name: str, text: str, digest: str | None) -> None:
        """Writes one; what could not be written is lost with the server. Raises OSError."""
        self.place.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = Draft(self.folder, path, name, text, digest, datetime.now(UTC).isoformat(timespec="seconds"))
        with replacing(self._file(path, name)) as partial, os.fdopen(
                os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(json.dumps(asdict(draft)).encode("ascii"))

    def drop(self, path: str | None, name: str) -> None:
        """Removes one."""
        with suppress(OSError):
            self._file(path, name).unlink(missing_ok=True)

    def all(self) -> Iterator[Draft]:
        """Those of the folder, the newest first."""
        with suppress(OSError):
            found = [draft for each in self.place.glob(f"*{SUFFIX}") if (draft := _read(each)) and draft.folder == self.folder]
            yield from sorted(found, key=lambda draft: draft.at, reverse=True)

    def _file(self, path: str | None, name: str) -> Path:
        key = json.dumps([self.folder, path, None if path else name])
        return self.place / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}{SUFFIX}"


def _read(path: Path) -> Draft | None:
    """None where there is none, or none that can be read."""
    try:
        return Draft(**read_json(path))
    except (OSError, ValueError, TypeError):
        return None
