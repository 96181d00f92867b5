"""What is opened, typed and saved: documents with the unsaved texts beside them."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from archspec.editor.cursor import NO_BREAKS
from archspec.errors import InputError, one_line, visible
from archspec.io.machine import refusal
from archspec.io.places import kind_of
from archspec.spec.files import spec_names
from archspec.studio.apart import apart
from archspec.studio.documents import SHIPPED, SUFFIXES, Folder, Held, Missing, shipped_file
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


Key = tuple[str | None, str, str]
"""Of a text that is kept: its file, or its name where it is none yet, and the tab it stands in."""


def key_of(request: Json) -> Key:
    """Of the text of a request."""
    path = request.get("path")
    return path, "" if path else request.get("name") or "", request.get("tab") or ""


class Opening:
    """Opens, keeps and saves; files are read and written beside the loop of the server, and none keeps another waiting.

    `shown` tells of which texts a tab is open, which are not for another tab to take over.
    """

    def __init__(self, folder: Folder, drafts: Drafts, shown: Callable[[], Collection[Key]] = tuple) -> None:
        self.folder, self.drafts, self.shown = folder, drafts, shown
        self._waiting: dict[Key, Json] = {}
        """Texts that are to be written."""
        self._typed: dict[Key, int] = defaultdict(int)
        """How often one was typed into."""
        self._written: dict[Key, float] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._alone: dict[Key | str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """Of each unsaved text, and of each file."""
        self.unkept: dict[Key, str] = {}
        """Why the last text of a document could not be written, where it could not."""
        self._tasks = set[asyncio.Task[None]]()

    # -- opening ---------------------------------------------------------------------------------------------------------

    async def open(self, request: Json) -> Json:
        """A document: a file, a variant of a shipped spec, a shipped file to look at, an unsaved text; else the start."""
        await asyncio.gather(*(self._keep(key) for key in [*self._waiting] if key[2] == request.get("tab")))
        return await apart(self._open, request)

    def _open(self, request: Json) -> Json:
        if "file" in request:
            return self._file(request)
        if "zoo" in request:
            return self._variant(request)
        if "shipped" in request:
            return self.shipped(shipped_file(request["shipped"]))
        if "name" in request:
            found = self._new(request["name"], "", request)
            if found["draft"] is None:
                raise Missing(f"there is no unsaved text '{visible(request['name'])}'")
            return {**found, "text": found["draft"]["text"], "draft": None}
        kept = [_listed(each) for each in self.drafts.all() if self._is_free(each, request)]
        return {"path": None, "start": True, "folder": str(self.folder.root), "drafts": kept}

    def _file(self, request: Json) -> Json:
        """A file. One that is gone, or cannot be read any more, is opened for the sake of an unsaved text of it."""
        path = self.folder.path(request["file"])
        own = self.folder.name(path)
        held, refused = self._read(path)
        begun = refused is None and path == self.folder.file  # by the command line
        if held is None and not begun and not self.drafts.about(own, ""):
            raise refused or Missing(f"there is no file '{visible(path.name)}'")
        text = "" if held is None else held.text
        return {"path": own, "name": path.stem, "text": text, "saved": None if held is None else text,
                "digest": None if held is None else held.digest, "read_only": False,
                "unread": None if refused is None else str(refused).partition("\n")[0],
                "folder": str(self.folder.root), **self._kept(own, path.stem, text, request)}

    def _read(self, path: Path) -> tuple[Held | None, InputError | None]:
        """A file; or why it cannot be read, None where there is none."""
        try:
            return self.folder.held(path), None
        except InputError as error:
            return None, error

    def _kept(self, path: str | None, name: str, text: str, request: Json) -> Json:
        """The unsaved text of a document that a tab goes on with: that which it asks for, else its own, else the newest.

        `drafts` are more of them. What another tab has open is a copy.
        """
        tab, found = request.get("tab") or "", list[Draft]()
        for each in self.drafts.about(path, name):
            if each.text.translate(NO_BREAKS) != text.translate(NO_BREAKS):
                found.append(each)
            elif each.tab == tab or self._is_free(each, request):
                self.drafts.drop(path, name, each.tab)
        mine = [each for each in found if each.tab == tab or self._is_free(each, request)]
        chosen = next((each for each in found if each.tab == request.get("draft")),
                      next((each for each in mine if each.tab == tab), mine[0] if mine else None))
        if chosen is None:
            return {"draft": None, "drafts": []}
        if chosen in mine and tab:
            with suppress(OSError):  # it stays as it was
                self.drafts.give(chosen, tab)
        more = [_listed(each) for each in self.drafts.about(path, name) if each.tab not in (tab, chosen.tab) and each in found]
        return {"draft": {"text": chosen.text, "at": chosen.at, "digest": chosen.digest}, "drafts": more}

    def _is_free(self, draft: Draft, request: Json) -> bool:
        """Whether nobody but the tab of a request has it open."""
        shown = draft.path, "" if draft.path else draft.name, draft.tab
        return not draft.foreign and (draft.tab == request.get("tab") or shown not in self.shown())

    def _variant(self, request: Json) -> Json:
        name = request["zoo"]
        if name not in spec_names():
            raise Missing(f"no spec of the name '{visible(name)}' ships")
        hiding = self.folder.root / f"{name}.yaml"
        if kind_of(hiding) == "file" and not hiding.samefile(shipped_file(name)):
            raise InputError(f"{hiding.name} lies in this folder, so that extends: {name} would mean that file\n"
                             "  hint: open that one, or start the studio in another folder")
        return self._new(self._free(f"{name}_variant"), VARIANT.format(name=name), request)

    def _free(self, name: str) -> str:
        """A name that no file here has."""
        names = (name, *(f"{name}_{number}" for number in range(2, 1000)))
        taken = {path.stem for suffix in SUFFIXES for path in self.folder.root.glob(f"*{suffix}")}
        return next((each for each in names if each not in taken), name)

    def _new(self, name: str, text: str, request: Json) -> Json:
        return {"path": None, "name": name, "text": text, "saved": None, "digest": None, "read_only": False,
                "folder": str(self.folder.root), **self._kept(None, name, text, request)}

    def shipped(self, path: Path) -> Json:
        """A shipped file, to be looked at."""
        return {"path": None, "name": path.stem, "text": self.folder.read(path).text, "saved": None, "digest": None,
                "read_only": True, "draft": None, "drafts": [], "folder": str(self.folder.root)}

    async def view_file(self, request: Json) -> Json:
        """A file that a place is in, to be looked at."""
        name = request["file"]
        shipped = name.startswith(SHIPPED)
        path = shipped_file(name.removeprefix(SHIPPED)) if shipped else await apart(self.folder.path, name)
        held = await apart(self.folder.read, path)
        return {"text": held.text, "read_only": True, "name": path.name}

    # -- typing ----------------------------------------------------------------------------------------------------------

    def type(self, request: Json) -> None:
        """Keeps the text of a check as unsaved, at most once in a while."""
        key = key_of(request)
        self._waiting[key] = request
        self._typed[key] += 1
        if key not in self._timers:
            wait = max(0.0, self._written.get(key, 0.0) + EVERY - time.monotonic())
            self._timers[key] = asyncio.get_running_loop().call_later(wait, self._begin, key)

    def _begin(self, key: Key) -> None:
        self._timers.pop(key, None)
        task = asyncio.get_running_loop().create_task(self._keep(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self, key: Key) -> None:
        async with self._alone[key]:
            request = self._waiting.pop(key, None)
            self._written[key] = time.monotonic()
            if request is not None:
                with suppress(InputError):  # no file of the studio: the check tells
                    await apart(self._write, key, request)

    def _write(self, key: Key, request: Json) -> None:
        """Where the text is that of the file, or a variant as it was opened, nothing of it is unsaved."""
        path, name, tab = key
        try:
            if UNTOUCHED.fullmatch(request["text"]) if path is None else request["text"] == self._on_disk(path):
                self.drafts.drop(path, name, tab)
            else:
                self.drafts.keep(path, name, request["text"], request.get("digest"), tab)
            self.unkept.pop(key, None)
        except OSError as error:
            self.unkept[key] = f"what is not saved is not kept: {refusal(error) or one_line(error)}"

    def _on_disk(self, name: str) -> str | None:
        """The text of a file; None where there is none, or none that can be read."""
        path = self.folder.path(name)
        with suppress(InputError):
            return self.folder.read(path).text
        return None

    async def drop(self, request: Json) -> None:
        """Forgets a tab's unsaved text; where no tab is named, all of the document that no tab has open."""
        path, name, tab = key_of(request)
        tabs = [tab] if tab else ["", *[each.tab for each in await apart(self.drafts.about, path, name)
                                        if self._is_free(each, request)]]
        for each in tabs:
            await self._forget((path, name, each))

    async def _forget(self, key: Key) -> None:
        self._waiting.pop(key, None)
        async with self._alone[key]:
            await apart(self.drafts.drop, *key)

    async def close(self) -> None:
        """Writes what waits."""
        await asyncio.gather(*(self._keep(key) for key in [*self._waiting]))

    # -- saving ----------------------------------------------------------------------------------------------------------

    async def save(self, request: Json) -> Json:
        """Writes a file; `name` is what the text was called while it was none. Raises Conflict, InputError.

        The unsaved text of its tab goes, where nothing was typed meanwhile. So does that of the name.
        """
        typed = dict(self._typed)
        path = await apart(self.folder.path, request["path"])
        own, tab = self.folder.name(path), request.get("tab") or ""
        saved: list[Key] = [(own, "", tab), *([(None, request["name"], tab)] if request.get("name") else [])]
        async with self._alone[own]:
            if await apart(self.folder.in_place, path):
                await self._ahead(path, saved[0], typed.get(saved[0], 0), request)
            held = await apart(self.folder.save, path, request["text"], request.get("digest"))
        for key in saved:
            if self._typed[key] == typed.get(key, 0):
                await self._forget(key)
        return {"path": own, "name": path.stem, "digest": held.digest, "text": held.text}


    async def _ahead(self, path: Path, key: Key, typed: int, request: Json) -> None:
        """Keeps what is about to be written over a file, half of which would be left of a kill. Raises InputError.

        What was typed since, of which `typed` counts, and is kept already, stays.
        """
        async with self._alone[key]:
            if self._typed[key] != typed and key not in self._waiting:
                return
            try:
                await apart(self.drafts.keep, key[0], key[1], request["text"], request.get("digest"), key[2])
            except OSError as error:
                raise InputError(f"{visible(path.name)} is not written: it has several names, and so is written in place, and "
                                 f"what is new cannot be kept beside it first: {refusal(error) or one_line(error)}") from None


def _listed(draft: Draft) -> Json:
    """An unsaved text as it is offered; `draft` is what it is opened by."""
    return {"path": draft.path, "name": draft.name, "at": draft.at, "draft": draft.tab}
