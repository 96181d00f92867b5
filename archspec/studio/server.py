"""The server of the studio: the page and what it asks for, on 127.0.0.1. Starlette and uvicorn speak HTTP."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import socket
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from archspec.errors import InputError, one_line
from archspec.io.bugs import keep_trace
from archspec.io.files import opened
from archspec.io.packages import own_version
from archspec.io.places import shipped
from archspec.io.streams import aside
from archspec.studio.asked import ASKED, Malformed, fields
from archspec.studio.checker import Bug, Lane, Superseded, Workers
from archspec.studio.documents import Conflict, Folder, Missing
from archspec.studio.drafts import Drafts, place_of_drafts
from archspec.studio.guard import Guard
from archspec.studio.opening import Opening
from archspec.studio.places import Json, told
from archspec.studio.run_folders import image
from archspec.studio.tabs import Tabs

MOST = 2_000_000
"""Bytes of a request."""
MOST_OF_IMAGE, PNG = 64 << 20, b"\x89PNG\r\n\x1a\n"
PAGE = Path(__file__).parent / "page"
TYPES: Mapping[str, str] = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".png": "image/png",
                            ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
                            ".txt": "text/plain; charset=utf-8"}
"""Of the files of the page."""
NONCE = "{nonce}"
"""Where index.html has it: <meta name="nonce" content="{nonce}">."""


NEWEST = ("check", "at", "complete")
"""Requests of which a tab waits for the newest alone."""


class Studio:
    """All of a server but HTTP."""

    def __init__(self, folder: Folder, drafts: Drafts) -> None:
        self.folder, self.drafts = folder, drafts
        self.workers = Workers(folder.root, folder.file)
        self.checks, self.rest = Lane(self.workers), Lane(self.workers)
        self.tabs = Tabs(folder)
        self.opening = Opening(folder, drafts)
        self.own: Mapping[str, Callable[[Json], Any]] = {
            "open": self.opening.open, "view-file": self.opening.view_file, "save": self._save, "draft/drop": self._drop,
            "stop": self._stop}

    async def answer(self, name: str, request: Json) -> Json:
        """The answer to a request. Raises InputError, Bug."""
        if name in self.own:
            found: Json = await self.own[name](request)
            return found
        if name == "check":
            self.opening.type(request)
        lane = self.checks if name == "check" else self.rest
        tab = str(request.get("tab") or request.get("path") or request.get("name") or "")
        again = {"version": request["version"]} if "version" in request else {}
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
                found = await self.rest.ask({"ask": "difference", "a": disk.text if disk else "", "b": request["text"]})
            except (Superseded, InputError):
                found = {"difference": []}
            return {"status": 409, "conflict": True, "error": str(error), "disk": disk.text if disk else None,
                    "digest": disk.digest if disk else None, "difference": found["difference"]}

    async def _drop(self, request: Json) -> Json:
        await self.opening.drop(request)
        return {}

    async def _stop(self, request: Json) -> Json:
        self.checks.stop(f"check {request['tab']}")
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
        await self.opening.close()
        await asyncio.gather(self.checks.close(), self.rest.close(), self.workers.close())


def answered(document: Json, status: int = 200) -> Response:
    """JSON; in ASCII, so that names of files that are no text pass, too."""
    return Response(json.dumps(document), status, media_type="application/json")


def refused(error: Exception, status: int) -> Response:
    """What is wrong, in words for the user."""
    message, hint = told(error)
    return answered({"error": message, "hint": hint}, status)


def _bug(said: str, trace: str) -> Response:
    """A bug of ours, in words; the terminal says where its traceback is."""
    path = keep_trace(trace)
    aside(f"archspec studio: a bug: {said}; the traceback is in {path}" if path else f"{trace}\narchspec studio: a bug: {said}")
    where = f"its traceback is in {path}" if path else "the terminal tells more"
    return answered({"error": f"a bug of archspec: {said}", "hint": where}, 500)


class Http:
    """The routes."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.closing = asyncio.Event()

    def app(self) -> Starlette:
        """As Starlette has it."""
        return Starlette(routes=[
            Route("/", self.page), Route("/config", self.config), Route("/events", self.events),
            Route("/api/{name:path}", self.api, methods=["POST"]), Route("/runs/{run}/image/{file}", self.image),
            Route("/{file}", self.file)])

    async def page(self, request: Request) -> Response:
        """index.html with the nonce of this load."""
        path = PAGE / "index.html"
        if not path.is_file():
            return Response("the page is not installed", 404, media_type="text/plain")
        return Response(path.read_text(encoding="utf-8").replace(NONCE, request.scope["nonce"]), media_type="text/html")

    async def file(self, request: Request) -> Response:
        """A file of the page."""
        name = request.path_params["file"]
        path = next((each for each in PAGE.glob("*") if each.name == name and each.suffix in TYPES), None)
        if path is None or name == "index.html":
            return Response(status_code=404)
        return Response(path.read_bytes(), headers={"content-type": TYPES[path.suffix]})

    async def image(self, request: Request) -> Response:
        """A picture of a run."""
        found = await asyncio.to_thread(_image, self.studio.folder.root, **request.path_params)
        return Response(status_code=404) if found is None else Response(found, media_type="image/png")

    async def config(self, request: Request) -> Response:
        """What the page asks for first."""
        return answered(self.studio.config())

    async def api(self, request: Request) -> Response:
        """One request."""
        name = request.path_params["name"]
        if name not in ASKED:
            return Response(status_code=404)
        try:
            found = await self.studio.answer(name, fields(name, await _body(request)))
            return answered(found, found.pop("status", 200))
        except Malformed as error:
            return refused(error, 400)
        except _TooLong as error:
            return refused(error, 413)
        except Missing as error:
            return refused(error, 404)
        except InputError as error:
            return refused(error, 422)
        except Bug as error:
            return _bug(*error.args)
        except Exception as error:
            return _bug(one_line(error), "".join(traceback.format_exception(error)))

    async def events(self, request: Request) -> Response:
        """The stream of what happens to a tab's file."""
        query = request.query_params
        stream = self.studio.tabs.stream(query.get("tab", ""), query.get("path") or None, query.get("name") or "", self.closing)
        return StreamingResponse(_lines(stream), media_type="text/event-stream")


class _TooLong(Exception):
    """A request has too many bytes."""


async def _body(request: Request) -> Json:
    raw = b""
    try:
        async for part in request.stream():
            raw += part
            if len(raw) > MOST:
                raise _TooLong(f"a request has at most {MOST} bytes")
    except ClientDisconnect:
        raise Malformed("nobody is there any more") from None
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise Malformed("that is no JSON") from None
    if not isinstance(found, dict):
        raise Malformed("a request is an object")
    return found


def _image(root: Path, run: str, file: str) -> bytes | None:
    """The bytes of a run's picture; None where there is none, or it is no PNG, or too large."""
    path = image(root, run, file)
    if path is None:
        return None
    try:
        with opened(path) as stream:
            raw = stream.read(MOST_OF_IMAGE + 1)
    except OSError:
        return None
    return raw if raw.startswith(PNG) and len(raw) <= MOST_OF_IMAGE else None


async def _lines(events: AsyncIterator[tuple[str, Json]]) -> AsyncIterator[str]:
    async for name, data in events:
        yield f"event: {name}\ndata: {json.dumps(data)}\n\n"


class _Server(uvicorn.Server):
    """One that leaves signals to `serve`."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(folder: Folder, port: int, ready: Callable[[str], None]) -> None:
    """Serves until a signal ends it; `ready` is told the address, once the page can be asked for. Raises InputError."""
    asyncio.run(_serve(folder, port, ready))


async def _serve(folder: Folder, port: int, ready: Callable[[str], None]) -> None:
    listening = _listening(port)
    port = listening.getsockname()[1]
    token = secrets.token_urlsafe(16)
    studio = Studio(folder, Drafts(place_of_drafts(), folder.root))
    http = Http(studio)
    server = _Server(uvicorn.Config(Guard(http.app(), token, port), log_level="error", access_log=False, lifespan="off",
                                    server_header=False, timeout_graceful_shutdown=1))
    studio.begin()

    def end() -> None:
        server.should_exit = True
        http.closing.set()

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(each, end)
    ready(f"http://127.0.0.1:{port}/{token}/")
    try:
        await server.serve(sockets=[listening])
    finally:
        await studio.close()


def _listening(port: int) -> socket.socket:
    """A socket on this machine alone; a free port for 0. Raises InputError."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(("127.0.0.1", port))
        found.listen(100)
    except OSError as error:
        found.close()
        raise InputError(f"port {port} of 127.0.0.1 cannot be had: {error.strerror}\n"
                         "  hint: leave --port out for a free one") from None
    return found
