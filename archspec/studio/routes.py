"""The routes of the studio: the page, what it asks for, and the stream of what happens, over Starlette."""

from __future__ import annotations

import json
import traceback
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from archspec.errors import InputError, one_line
from archspec.io.bugs import keep_trace
from archspec.io.files import opened
from archspec.io.streams import aside
from archspec.studio.apart import apart
from archspec.studio.asked import ASKED, Malformed, fields
from archspec.studio.checker import Bug
from archspec.studio.documents import Missing
from archspec.studio.places import Json, told
from archspec.studio.run_folders import image
from archspec.studio.studio import Studio
from archspec.studio.tabs import Tab

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
        run, file = request.path_params["run"], request.path_params["file"]
        found = await apart(_image, self.studio.folder.root, run, file)
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
            return answered(await self.studio.answer(name, fields(name, await _body(request))))
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
        """The stream of what happens to the files of tabs: of each its id, and its path or else its name."""
        query = request.query_params
        each = zip(query.getlist("tab"), query.getlist("path"), query.getlist("name"), strict=False)
        tabs = [Tab(tab, path or None, "" if path else name) for tab, path, name in each]
        return StreamingResponse(_lines(self.studio.tabs.stream(tabs)), media_type="text/event-stream")


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
