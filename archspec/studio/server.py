"""The server of the studio, on 127.0.0.1 alone: uvicorn speaks HTTP. It ends with a signal, quietly."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from archspec.errors import InputError
from archspec.studio.documents import Folder
from archspec.studio.drafts import Drafts, place_of_drafts
from archspec.studio.guard import Guard
from archspec.studio.routes import Http
from archspec.studio.studio import Studio


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
                                    ws="none", server_header=False, timeout_graceful_shutdown=1))
    studio.begin()

    def end() -> None:
        server.should_exit = True
        studio.tabs.end()
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # it would print whom it leaves without an answer

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(each, end)
    ready(f"http://127.0.0.1:{port}/{token}/")
    try:
        await server.serve(sockets=[listening])
    finally:
        await studio.close()


def _listening(port: int) -> socket.socket:
    """A socket on this machine alone; a free port for 0. Raises InputError."""
    # of a socket that says TCP, asyncio lets no answer wait for what the browser says of its first part: 40 ms each
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(("127.0.0.1", port))
        found.listen(100)
    except OSError as error:
        found.close()
        raise InputError(f"port {port} of 127.0.0.1 cannot be had: {error.strerror}\n"
                         "  hint: leave --port out for a free one") from None
    return found
