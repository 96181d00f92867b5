"""The tabs that are open, and what they are told: of one another, of files that change on the disk, of life."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from archspec.errors import InputError
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

    async def stream(self, tab_id: str, path: str | None, name: str, closing: asyncio.Event) -> AsyncIterator[Event]:
        """What a tab is told, until it is closed or the server ends."""
        tab = Tab(tab_id, path, "" if path else name)
        self.open.append(tab)
        self._tell()
        try:
            async for event in self._events(tab, closing):
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

    async def _events(self, tab: Tab, closing: asyncio.Event) -> AsyncIterator[Event]:
        others, alive = -1, 0.0
        watch = await asyncio.to_thread(Watch, self.folder, tab.path)
        runs = await asyncio.to_thread(progress, self.folder.root)
        while not closing.is_set():
            if self.others(tab) != others:
                others = self.others(tab)
                yield "tabs", {"others": others}
            if (changed := await asyncio.to_thread(watch.look)) is not None:
                yield "disk", changed
            if runs != (runs := await asyncio.to_thread(progress, self.folder.root)):
                yield "runs", {}
            if time.monotonic() - alive >= ALIVE:
                alive = time.monotonic()
                yield "alive", {}
            tab.news.clear()
            await _first(tab.news, closing, LOOK)


async def _first(news: asyncio.Event, closing: asyncio.Event, seconds: float) -> None:
    """Waits for either, so long at most."""
    waiting = [asyncio.create_task(each.wait()) for each in (news, closing)]
    await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()


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
