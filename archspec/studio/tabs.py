"""The tabs that are open, and what they are told: of one another, of files that change on the disk, of life."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from archspec.errors import InputError
from archspec.studio.apart import apart
from archspec.studio.documents import Folder
from archspec.studio.known import Stamp, stamp
from archspec.studio.places import Json
from archspec.studio.run_folders import progress

ALIVE, LOOK = 5.0, 1.0
"""Seconds between two signs of life, and between two looks at the disk."""
NO_TEXT = ""
"""In place of the digest of a file that is no text; opening it has told so already."""

Event = tuple[str, Json]


@dataclass(frozen=True)
class Tab:
    """A page in a browser, and what it has open: a file, or a text under a name that is none yet."""

    id: str
    path: str | None
    name: str


class Tabs:
    """Those that listen."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.open: dict[asyncio.Event, Sequence[Tab]] = {}
        """The tabs of each stream, by what wakes it."""
        self.left = set[str]()
        """Tabs that are gone, whatever stream still has them."""
        self.ended = False
        self._looking = asyncio.Lock()
        self._progress: tuple[float, object] = -LOOK, ()
        """When runs were looked at, and how far they were."""

    def shown(self) -> set[tuple[str | None, str, str]]:
        """What is open: path, name and tab."""
        return {(tab.path, tab.name, tab.id) for tabs in self.open.values() for tab in tabs if tab.id not in self.left}

    def end(self) -> None:
        """Ends the streams."""
        self.ended = True
        self._tell()

    async def stream(self, tabs: Sequence[Tab]) -> AsyncIterator[Event]:
        """What the tabs of a browser are told, each under its id, until they are others or the server ends."""
        news = asyncio.Event()
        self.open[news] = tabs
        self._tell()
        try:
            async for event in self._events(tabs, news):
                yield event
        finally:
            del self.open[news]
            self._tell()

    def leave(self, tab_id: str) -> None:
        """A tab is closed, or loaded anew: what it had open is free at once, whenever its browser's stream ends."""
        self.left.add(tab_id)
        self._tell()

    def others(self, tab: Tab) -> int:
        """How many other tabs have the same open as a tab."""
        same = {each for path, name, each in self.shown() if (path, name) == (tab.path, tab.name)}
        return len(same - {tab.id}) if tab.path or tab.name else 0

    def _tell(self) -> None:
        for news in self.open:
            news.set()

    async def _events(self, tabs: Sequence[Tab], news: asyncio.Event) -> AsyncIterator[Event]:
        others, alive = dict.fromkeys(tabs, -1), 0.0
        watches = [(tab, await apart(Watch, self.folder, tab.path)) for tab in tabs]  # whose links are resolved
        runs = await self._runs()
        while not self.ended:
            for tab, watch in watches:
                if (count := self.others(tab)) != others[tab]:
                    others[tab] = count
                    yield "tabs", {"tab": tab.id, "others": count}
                if (changed := await apart(watch.look)) is not None:
                    yield "disk", {"tab": tab.id, **changed}
            if runs != (runs := await self._runs()):
                yield "runs", {}
            if time.monotonic() - alive >= ALIVE:
                alive = time.monotonic()
                yield "alive", {}
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), LOOK)
            if not self.ended:
                news.clear()

    async def _runs(self) -> object:
        """How far the runs are: one look for all tabs."""
        async with self._looking:
            if time.monotonic() - self._progress[0] >= LOOK / 2:
                found = await apart(progress, self.folder.root)
                self._progress = time.monotonic(), found
            return self._progress[1]


class Watch:
    """A file on the disk, and what was told of it last.

    The first look tells what it is: it may have changed between the opening of a tab and this.
    """

    def __init__(self, folder: Folder, name: str | None) -> None:
        self.folder = folder
        self.path = self._path(name)
        self.stamp: Stamp | None = None
        self.digest: str | None = NO_TEXT

    def _path(self, name: str | None) -> Path | None:
        try:
            return None if name is None else self.folder.path(name)
        except InputError:
            return None

    def _digest(self) -> str | None:
        try:
            held = None if self.path is None else self.folder.held(self.path)
        except InputError:  # no text any more, or too large
            return NO_TEXT
        return None if held is None else held.digest

    def look(self) -> Json | None:
        """What it is now, where that is something else than was told."""
        if self.path is None or (now := stamp(self.path)) == self.stamp:
            return None
        self.stamp, before = now, self.digest
        self.digest = self._digest()
        return None if self.digest == before else {"digest": self.digest, "gone": self.digest is None}
