"""Texts that are not saved yet, kept where a killed server leaves them: a file each, for this user alone.

Each tab's text of a document is one by itself: what one tab saves or drops is nothing to what stands in another.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
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
    """A text of a file, or of one that is none yet, which has a `name`; `digest` is that of the file it was made from.

    `tab` holds it, a page of the server whose process is `keeper`.
    """

    folder: str
    path: str | None
    name: str
    text: str
    digest: str | None
    at: str = ""
    tab: str = ""
    keeper: int = 0

    @property
    def foreign(self) -> bool:
        """Whether another server, which is at work, keeps it."""
        if self.keeper in (0, os.getpid()):
            return False
        try:
            os.kill(self.keeper, 0)
        except OSError:  # it has ended; or the number is another user's process's by now
            return False
        return True


class Drafts:
    """The unsaved texts of a folder."""

    def __init__(self, place: Path, folder: Path) -> None:
        self.place, self.folder = place, str(folder)

    def of(self, path: str | None, name: str, tab: str = "") -> Draft | None:
        """A tab's of a file or a name; None of none."""
        return _read(self._file(path, name, tab))

    def about(self, path: str | None, name: str) -> list[Draft]:
        """All of a file or a name, the newest first."""
        return [each for each in self.all() if each.path == path and (path is not None or each.name == name)]

    def keep(self, path: str | None, name: str, text: str, digest: str | None, tab: str = "") -> None:
        """Writes one, of the time at which its text was first so; else it is lost with the server. Raises OSError."""
        before = self.of(path, name, tab)
        at = before.at if before and before.text == text else datetime.now(UTC).isoformat(timespec="milliseconds")
        self._write(Draft(self.folder, path, name, text, digest, at, tab, os.getpid()))

    def give(self, draft: Draft, tab: str) -> None:
        """Makes it a tab's; what that tab has of the document by now stays, for any tab. Raises OSError."""
        own = None if draft.tab == tab else self.of(draft.path, draft.name, tab)
        for each, to in ((own, secrets.token_hex(8)), (draft, tab)):
            if each is not None:
                self._write(Draft(each.folder, each.path, each.name, each.text, each.digest, each.at, to, os.getpid()))
        if draft.tab != tab:
            self.drop(draft.path, draft.name, draft.tab)

    def drop(self, path: str | None, name: str, tab: str = "") -> None:
        """Removes one."""
        with suppress(OSError):
            self._file(path, name, tab).unlink(missing_ok=True)

    def all(self) -> Iterator[Draft]:
        """Those of the folder, the newest first."""
        with suppress(OSError):
            found = [draft for each in self.place.glob(f"*{SUFFIX}") if (draft := _read(each)) and draft.folder == self.folder]
            yield from sorted(found, key=lambda draft: draft.at, reverse=True)

    def _write(self, draft: Draft) -> None:
        self.place.mkdir(parents=True, exist_ok=True, mode=0o700)
        with replacing(self._file(draft.path, draft.name, draft.tab), f"{os.getpid()}-") as partial, os.fdopen(
                os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(json.dumps(asdict(draft)).encode("ascii"))

    def _file(self, path: str | None, name: str, tab: str) -> Path:
        key = json.dumps([self.folder, path, None if path else name, tab])
        return self.place / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}{SUFFIX}"


def _read(path: Path) -> Draft | None:
    """None where there is none, or none that can be read."""
    try:
        return Draft(**read_json(path))
    except (OSError, ValueError, TypeError):
        return None
