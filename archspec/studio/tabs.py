"""The tabs that are open, and what they are told: of one another, of files that change on the disk, of life."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from archspec.errors import InputError
from archspec.studio.apart import apart
from archspec.studio.documents import Folder
from archspec.studio.known import Stamp, stamp
from archspec.studio.places import Json
from archspec.studio.run_folders import progress

ALIVE, LOOK = 5.0, 1.0
"""Seconds between two signs of life, and between two looks at the disk."""

Event = tuple[str, Json]


@dataclass
class Tab:
    """A page in a browser, and what it has open: a file, or a text under a name that is none yet."""

    id: str
    path: str | None
    name: str
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Tabs:
    """Those that listen."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.open: list[Tab] = []
        self.ended = False
        self._looking = asyncio.Lock()
        self._progress: tuple[float, object] = -LOOK, ()
        """When runs were looked at, and how far they were."""

    def shown(self) -> set[tuple[str | None, str, str]]:
        """What is open: path, name and tab."""
        return {(tab.path, tab.name, tab.id) for tab in self.open}

    def end(self) -> None:
        """Ends the streams."""
        self.ended = True
        self._tell()

    async def stream(self, tab_id: str, path: str | None, name: str) -> AsyncIterator[Event]:
        """What a tab is told, until it is closed or the server ends."""
        tab = Tab(tab_id, path, "" if path else name)
        self.open.append(tab)
        self._tell()
        try:
            async for event in self._events(tab):
                yield event
        finally:
            self.open.remove(tab)
            self._tell()

    def others(self, tab: Tab) -> int:
        """How many other tabs have the same open as a tab."""
        same = {each.id for each in self.open if (each.path, each.name) == (tab.path, tab.name)}
        return len(same - {tab.id}) if tab.path or tab.name else 0

    def _tell(self) -> None:
        for tab in self.open:
            tab.news.set()

    async def _events(self, tab: Tab) -> AsyncIterator[Event]:
        others, alive = -1, 0.0
        watch = await apart(Watch, self.folder, tab.path)
        runs = await self._runs()
        while not self.ended:
            if self.others(tab) != others:
                others = self.others(tab)
                yield "tabs", {"others": others}
            if (changed := await apart(watch.look)) is not None:
                yield "disk", changed
            if runs != (runs := await self._runs()):
                yield "runs", {}
            if time.monotonic() - alive >= ALIVE:
                alive = time.monotonic()
                yield "alive", {}
            with suppress(TimeoutError):
                await asyncio.wait_for(tab.news.wait(), LOOK)
            if not self.ended:
                tab.news.clear()

    async def _runs(self) -> object:
        """How far the runs are: one look for all tabs."""
        async with self._looking:
            if time.monotonic() - self._progress[0] >= LOOK / 2:
                found = await apart(progress, self.folder.root)
                self._progress = time.monotonic(), found
            return self._progress[1]


class Watch:
    """A file on the disk: whether it is another one than it was. One that is looked at the first time is as it was."""

    def __init__(self, folder: Folder, name: str | None) -> None:
        self.folder = folder
        self.path = self._path(name)
        self.stamp: Stamp = () if self.path is None else stamp(self.path)
        self.digest = self._digest()

    def _path(self, name: str | None) -> Path | None:
        try:
            return None if name is None else self.folder.path(name)
        except InputError:
            return None

    def _digest(self) -> str | None:
        try:
            held = None if self.path is None else self.folder.held(self.path)
        except InputError:  # no text any more, or too large
            return ""
        return None if held is None else held.digest

    def look(self) -> Json | None:
        """What it is now, where that is something else."""
        if self.path is None or (now := stamp(self.path)) == self.stamp:
            return None
        self.stamp, before = now, self.digest
        self.digest = self._digest()
        return None if self.digest == before else {"digest": self.digest, "gone": self.digest is None}
