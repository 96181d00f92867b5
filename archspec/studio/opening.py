"""What is opened, typed and saved: documents with the unsaved texts beside them."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from pathlib import Path

from archspec.editor.cursor import NO_BREAKS
from archspec.errors import InputError, one_line, visible
from archspec.io.machine import refusal
from archspec.io.places import kind_of
from archspec.spec.files import spec_names
from archspec.spec.source import MAX_BYTES
from archspec.studio.documents import SHIPPED, SUFFIXES, Folder, Missing, shipped_file
from archspec.studio.drafts import Draft, Drafts
from archspec.studio.places import Json

EVERY = 1.0
"""Seconds between two writings of an unsaved text."""
VARIANT = """\
archspec: 1
extends: {name}
description: a variant of {name}
# what differs is written here, such as classes: 10
"""
UNTOUCHED = re.compile(re.escape(VARIANT.replace("{name}", "NAME")).replace("NAME", r"[\w.-]+"))


class Opening:
    """Opens, keeps and saves; files are read and written beside the loop of the server."""

    def __init__(self, folder: Folder, drafts: Drafts) -> None:
        self.folder, self.drafts = folder, drafts
        self._waiting: dict[tuple[str | None, str], Json] = {}
        """Texts that are to be written, by path and name."""
        self._written: dict[tuple[str | None, str], float] = {}
        self._timers: dict[tuple[str | None, str], asyncio.TimerHandle] = {}
        self._writing = asyncio.Lock()
        self.unkept = ""
        """Why the last text could not be written; '' where it was."""
        self._tasks = set[asyncio.Task[None]]()

    # -- opening ---------------------------------------------------------------------------------------------------------

    async def open(self, request: Json) -> Json:
        """A document: a file, a variant of a shipped spec, a shipped file to look at, an unsaved text; else the start."""
        return await asyncio.to_thread(self._open, request)

    def _open(self, request: Json) -> Json:
        if "file" in request:
            return self._file(request["file"])
        if "zoo" in request:
            return self._variant(request["zoo"])
        if "shipped" in request:
            return self.shipped(shipped_file(request["shipped"]))
        if "name" in request:
            draft = self.drafts.of(None, request["name"])
            if draft is None:
                raise Missing(f"there is no unsaved text '{visible(request['name'])}'")
            return self._new(draft.name, draft.text)
        kept = [{"path": each.path, "name": each.name, "at": each.at} for each in self.drafts.all()]
        return {"path": None, "start": True, "folder": str(self.folder.root), "drafts": kept}

    def _file(self, name: str) -> Json:
        path = self.folder.path(name)
        held = self.folder.held(path)
        if held is None and path != self.folder.file:
            self.folder.read(path)  # raises Missing
        own = self.folder.name(path)
        text = "" if held is None else held.text
        return {"path": own, "name": path.stem, "text": text, "saved": None if held is None else text,
                "digest": None if held is None else held.digest, "read_only": False,
                "draft": _told(self.drafts.of(own, path.stem), text), "folder": str(self.folder.root)}

    def _variant(self, name: str) -> Json:
        if name not in spec_names():
            raise Missing(f"no spec of the name '{visible(name)}' ships")
        hiding = self.folder.root / f"{name}.yaml"
        if kind_of(hiding) == "file" and not hiding.samefile(shipped_file(name)):
            raise InputError(f"{hiding.name} lies in this folder, so that extends: {name} would mean that file\n"
                             "  hint: open that one, or start the studio in another folder")
        return self._new(self._free(f"{name}_variant"), VARIANT.format(name=name))

    def _free(self, name: str) -> str:
        """A name that no file here has."""
        names = (name, *(f"{name}_{number}" for number in range(2, 1000)))
        taken = {path.stem for suffix in SUFFIXES for path in self.folder.root.glob(f"*{suffix}")}
        return next((each for each in names if each not in taken), name)

    def _new(self, name: str, text: str) -> Json:
        return {"path": None, "name": name, "text": text, "saved": None, "digest": None, "read_only": False,
                "draft": _told(self.drafts.of(None, name), text), "folder": str(self.folder.root)}

    def shipped(self, path: Path) -> Json:
        """A shipped file, to be looked at."""
        return {"path": None, "name": path.stem, "text": self.folder.read(path).text, "saved": None, "digest": None,
                "read_only": True, "draft": None, "folder": str(self.folder.root)}

    async def view_file(self, request: Json) -> Json:
        """A file that a place is in, to be looked at."""
        name = request["file"]
        path = shipped_file(name.removeprefix(SHIPPED)) if name.startswith(SHIPPED) else self.folder.path(name)
        held = await asyncio.to_thread(self.folder.read, path)
        return {"text": held.text, "read_only": True, "name": path.name}

    # -- typing ----------------------------------------------------------------------------------------------------------

    def type(self, request: Json) -> None:
        """Keeps the text of a check as unsaved, at most once in a while."""
        if len(request["text"]) > MAX_BYTES:
            return
        key = request.get("path"), request.get("name") or ""
        self._waiting[key] = request
        if key not in self._timers:
            wait = max(0.0, self._written.get(key, 0.0) + EVERY - time.monotonic())
            self._timers[key] = asyncio.get_running_loop().call_later(wait, self._begin, key)

    def _begin(self, key: tuple[str | None, str]) -> None:
        self._timers.pop(key, None)
        task = asyncio.get_running_loop().create_task(self._keep(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self, key: tuple[str | None, str]) -> None:
        async with self._writing:
            request = self._waiting.pop(key, None)
            self._written[key] = time.monotonic()
            if request is not None:
                with suppress(InputError):  # no file of the studio: the check tells
                    await asyncio.to_thread(self._write, key, request)

    def _write(self, key: tuple[str | None, str], request: Json) -> None:
        """Where the text is that of the file, or a variant as it was opened, nothing of it is unsaved."""
        path, name = key
        try:
            if UNTOUCHED.fullmatch(request["text"]) if path is None else request["text"] == self._on_disk(path):
                self.drafts.drop(path, name)
            else:
                self.drafts.keep(path, name, request["text"], request.get("digest"))
            self.unkept = ""
        except OSError as error:
            self.unkept = f"what is not saved is not kept: {refusal(error) or one_line(error)}"

    def _on_disk(self, name: str) -> str | None:
        """The text of a file; None where there is none, or none that can be read."""
        path = self.folder.path(name)
        with suppress(InputError):
            return self.folder.read(path).text
        return None

    async def drop(self, request: Json) -> None:
        """Forgets an unsaved text."""
        key = request.get("path"), request.get("name") or ""
        async with self._writing:
            self._waiting.pop(key, None)
            await asyncio.to_thread(self.drafts.drop, *key)

    async def close(self) -> None:
        """Writes what waits."""
        for key in [*self._waiting]:
            await self._keep(key)

    # -- saving ----------------------------------------------------------------------------------------------------------

    async def save(self, request: Json) -> Json:
        """Writes a file. Raises Conflict, InputError."""
        path = self.folder.path(request["path"])
        async with self._writing:
            held = await asyncio.to_thread(self.folder.save, path, request["text"], request.get("digest"))
            own = self.folder.name(path)
            for key in ((own, path.stem), (None, request.get("name") or path.stem)):
                self._waiting.pop(key, None)
                await asyncio.to_thread(self.drafts.drop, *key)
        return {"path": own, "name": path.stem, "digest": held.digest, "text": held.text}


def _told(draft: Draft | None, text: str) -> Json | None:
    """An unsaved text that differs from what is opened."""
    if draft is None or draft.text.translate(NO_BREAKS) == text.translate(NO_BREAKS):
        return None
    return {"text": draft.text, "at": draft.at, "digest": draft.digest}
