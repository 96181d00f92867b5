"""All of the studio's server but HTTP: what is asked, by whom it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from archspec.errors import InputError
from archspec.io.packages import own_version
from archspec.io.places import shipped
from archspec.studio.apart import apart
from archspec.studio.budget import budget, keep_budget
from archspec.studio.checker import Bug, Lane, Superseded, Workers
from archspec.studio.documents import Conflict, Folder
from archspec.studio.drafts import Drafts
from archspec.studio.listing import specs_in
from archspec.studio.opening import Opening, key_of
from archspec.studio.places import Json
from archspec.studio.tabs import Tabs

LAST = 2.0
"""Seconds for what is not kept yet, at the end."""
NEWEST = ("check", "at", "complete")
"""Requests of which a tab waits for the newest alone."""

SLOW = ("tries", "export", "runs")
"""Those that hold up neither checks nor what is asked at each move of the cursor; a worker for them starts with the first."""


class Studio:
    """All of a server but HTTP."""

    def __init__(self, folder: Folder, drafts: Drafts) -> None:
        self.folder, self.drafts = folder, drafts
        self.workers = Workers(folder.root, folder.file)
        self.checks, self.rest, self.slow = Lane(self.workers), Lane(self.workers), Lane(self.workers)
        self.tabs = Tabs(folder)
        self.opening = Opening(folder, drafts, self.tabs.shown)
        self.own: Mapping[str, Callable[[Json], Any]] = {
            "open": self.opening.open, "view-file": self.opening.view_file, "save": self._save, "draft/drop": self._drop,
            "stop": self._stop, "leave": self._leave, "files": self._files, "budget": self._budget}

    async def answer(self, name: str, request: Json) -> Json:
        """The answer to a request. Raises InputError, Bug."""
        if name in self.own:
            found: Json = await self.own[name](request)
            return found
        if name == "check":
            self.opening.type(request)
        lane = self.checks if name == "check" else self.slow if name in SLOW else self.rest
        tab = str(request.get("tab") or request.get("path") or request.get("name") or "")
        again = {"version": request["version"]} if "version" in request else {}
        if name == "check" and (unkept := self.opening.unkept.get(key_of(request))):
            again["unkept"] = unkept
        if name == "complete":  # what was asked of a place is of a text that is typed in by now
            self.rest.stop(f"at {tab}")
        try:
            return {**again, **await lane.ask({**request, "ask": name}, f"{name} {tab}" if name in NEWEST else None)}
        except Superseded:
            return {**again, "superseded": True}

    def config(self) -> Json:
        """What the page asks for first."""
        return {"file": self.folder.name(self.folder.file) if self.folder.file else None, "folder": str(self.folder.root),
                "version": own_version(), "specs_folder": str(shipped())}

    async def _save(self, request: Json) -> Json:
        try:
            return await self.opening.save(request)
        except Conflict as error:
            disk = error.disk
            try:
                found = await self.slow.ask({"ask": "difference", "a": disk.text if disk else "", "b": request["text"]})
            except (Superseded, InputError):
                found = {"difference": []}
            return {"conflict": True, "error": str(error), "disk": disk.text if disk else None,
                    "digest": disk.digest if disk else None, "difference": found["difference"]}

    async def _files(self, request: Json) -> Json:
        return await apart(specs_in, self.folder)

    async def _budget(self, request: Json) -> Json:
        if "budget" in request:
            await apart(keep_budget, self.drafts.place, request["budget"])
        return {"budget": await apart(budget, self.drafts.place)}

    async def _drop(self, request: Json) -> Json:
        await self.opening.drop(request)
        return {}

    async def _stop(self, request: Json) -> Json:
        self.checks.stop(f"check {request['tab']}")
        return {}

    async def _leave(self, request: Json) -> Json:
        self.tabs.leave(request["tab"])
        return {}

    def begin(self) -> None:
        """Starts a worker; where no file is opened, what the start page shows is made ready."""
        self.workers.prepare()
        if self.folder.file is None:
            self._ready = asyncio.create_task(self._prepare())

    async def _prepare(self) -> None:
        with suppress(InputError, Bug):
            await self.rest.ask({"ask": "zoo"})

    async def close(self) -> None:
        """Writes what is not kept yet, and ends the workers."""
        with suppress(TimeoutError):  # of a disk that does not answer
            await asyncio.wait_for(self.opening.close(), LAST)
        await asyncio.gather(self.checks.close(), self.rest.close(), self.slow.close())
        await self.workers.close()
