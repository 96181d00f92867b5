"""The workers of a server: one for checks, one for the rest, and one that stands ready should either have to be ended."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from archspec.errors import InputError
from archspec.io.python import command, environment
from archspec.studio.places import Json
from archspec.studio.worker import HEAD

LIMIT = 60.0
"""Seconds by the clock for one answer; the worker itself gives up what is much work before that (worker.TIME)."""
GRACE = 0.3
"""Seconds that a worker has to give up what it is at."""
START = 60.0
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}  # each of its threads takes address space, of which a worker has not much


class Gone(InputError):
    """The worker has ended."""

    def __init__(self) -> None:
        super().__init__("the checker ended in the midst of this, and was started anew\n  hint: try again")


class Superseded(Exception):
    """Something newer was asked, or nobody waits for an answer any more."""


class Bug(Exception):
    """A worker ran into a bug of ours; the traceback is its second argument."""


class Worker:
    """A process, and what is said with it."""

    def __init__(self, process: Process) -> None:
        self.process = process

    @classmethod
    async def start(cls, folder: Path, file: Path | None) -> Worker:
        """A process that is ready. It has a session of its own: Ctrl C in the terminal is the server's."""
        process = await asyncio.create_subprocess_exec(
            *command("-m", "archspec.studio.worker", str(folder), *([str(file)] if file else [])),
            stdin=PIPE, stdout=PIPE, env=environment(ENVIRONMENT), start_new_session=True, cwd="/")
        found = cls(process)
        try:
            await asyncio.wait_for(found.read(), START)
        except TimeoutError:
            await found.end()
            raise Gone from None
        except asyncio.CancelledError:
            await found.end()
            raise
        return found

    async def read(self) -> Json:
        """The next frame. Raises Gone."""
        assert self.process.stdout is not None
        try:
            head = await self.process.stdout.readexactly(HEAD.size)
            found: Json = json.loads(await self.process.stdout.readexactly(HEAD.unpack(head)[0]))
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Gone from None
        return found

    async def write(self, request: Json) -> None:
        """Sends a frame. Raises Gone."""
        assert self.process.stdin is not None
        raw = json.dumps(request).encode("ascii")
        try:
            self.process.stdin.write(HEAD.pack(len(raw)) + raw)
            await self.process.stdin.drain()
        except ConnectionError:
            raise Gone from None

    def interrupt(self) -> None:
        """Asks it to give up what it is at."""
        self._send(signal.SIGINT)

    async def end(self) -> None:
        """Ends it."""
        self._send(signal.SIGKILL)
        await self.process.wait()

    def _send(self, number: signal.Signals) -> None:
        """As its transport would, which asks first how the process is: should it have ended by now, nobody else learns that."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, number)


class Workers:
    """Starts workers; the next one is ready when it is asked for, most often."""

    def __init__(self, folder: Path, file: Path | None) -> None:
        self.folder, self.file = folder, file
        self._spare: asyncio.Task[Worker] | None = None
        self._ends = set[asyncio.Task[None]]()
        self._closed = False

    def prepare(self) -> None:
        """Begins to start one."""
        if self._spare is None and not self._closed:
            self._spare = asyncio.create_task(Worker.start(self.folder, self.file))

    async def take(self) -> Worker:
        """The spare one, and begins to start the next."""
        while True:
            self.prepare()
            if self._spare is None:
                raise Gone
            spare, self._spare = self._spare, None
            found = await asyncio.shield(spare)
            self.prepare()
            if found.process.returncode is None:
                return found

    def end(self, worker: Worker) -> None:
        """Ends one; nobody waits for that."""
        task = asyncio.create_task(worker.end())
        self._ends.add(task)
        task.add_done_callback(self._ends.discard)

    async def close(self) -> None:
        """Ends the spare one; no more are started."""
        self._closed = True
        await asyncio.gather(*self._ends)
        if self._spare is not None:
            self._spare.cancel()
            with suppress(asyncio.CancelledError, Gone):
                await (await self._spare).end()


class Lane:
    """One worker, and who waits for it: of one tab the newest request alone, those of several tabs in turn."""

    def __init__(self, workers: Workers, limit: float = LIMIT, grace: float = GRACE) -> None:
        self.workers, self.limit, self.grace = workers, limit, grace
        self._worker: Worker | None = None
        self._turn = asyncio.Lock()
        self._newest: dict[str, object] = {}
        self._stop: Callable[[], None] | None = None
        self._at_work: str | None = None

    async def ask(self, request: Json, tab: str | None = None) -> Json:
        """The answer to a request; what is asked for a tab gives up what was before. Raises Superseded, InputError, Bug."""
        mine = object()
        if tab is not None:
            self.stop(tab)
            self._newest[tab] = mine
        try:
            async with self._turn:
                if tab is not None and self._newest.get(tab) is not mine:
                    raise Superseded
                self._at_work = tab
                try:
                    try:
                        return await self._answer(request)
                    except Gone:  # whoever ended it; what ends each worker is told
                        if tab is not None and self._newest.get(tab) is not mine:
                            raise Superseded from None
                        return await self._answer(request)
                finally:
                    self._at_work, self._stop = None, None
        finally:
            if tab is not None and self._newest.get(tab) is mine:
                del self._newest[tab]

    def stop(self, tab: str) -> None:
        """Gives up what is asked for a tab."""
        if self._newest.pop(tab, None) is not None and self._at_work == tab and self._stop is not None:
            self._stop()

    async def _answer(self, request: Json) -> Json:
        """What a worker says; one that is gone, or does not give up, is ended, and the spare one takes its place."""
        if self._worker is None or self._worker.process.returncode is not None:
            self._worker = await self.workers.take()
        worker = self._worker
        stopped = asyncio.Event()
        self._stop = stopped.set
        reading = asyncio.create_task(self._exchange(worker, request))
        stopping = asyncio.create_task(stopped.wait())
        try:
            await asyncio.wait({reading, stopping}, timeout=self.limit, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                return self._told(await reading)
            worker.interrupt()
            await asyncio.wait({reading}, timeout=self.grace)
            if stopped.is_set():
                raise Superseded
            raise InputError(f"this took longer than {self.limit:g} s, and was given up\n  hint: try again")
        finally:
            stopping.cancel()
            if not reading.done() or reading.cancelled() or reading.exception() is not None:
                reading.cancel()
                self._drop()

    async def _exchange(self, worker: Worker, request: Json) -> Json:
        await worker.write(request)
        return await worker.read()

    def _told(self, found: Json) -> Json:
        if found.get("ends"):
            self._drop()
        if "bug" in found:
            raise Bug(found["bug"], found["traceback"])
        if "refused" in found:
            raise InputError(found["refused"])
        if "stopped" in found:
            raise Superseded
        answer: Json = found["answer"]
        return answer

    def _drop(self) -> None:
        """Ends the worker; the spare one takes its place."""
        worker, self._worker = self._worker, None
        if worker is not None:
            self.workers.end(worker)
            self.workers.prepare()

    async def close(self) -> None:
        """Ends the worker, once: a process that is ended twice may be waited for by nobody."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.end()
