"""Who may ask: this machine's browser, on the studio's own page, by the token in its address. And the headers of answers."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'{nonce}; img-src 'self' blob: data:; connect-src 'self'; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
HEADERS = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cross-origin-opener-policy": "same-origin",
           "cross-origin-resource-policy": "same-origin", "cache-control": "no-store"}
JSON = "application/json"


class Guard:
    """Lets through what may be, with the path behind the token."""

    def __init__(self, app: App, token: str, port: int) -> None:
        self.app, self.token = app, token
        self.hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        self.origins = tuple(f"http://{host}" for host in self.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        nonce = secrets.token_urlsafe(16)

        async def sent(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                policy = POLICY.format(nonce=f" 'nonce-{nonce}'")
                more = {**HEADERS, "content-security-policy": policy}
                message["headers"] = [*message["headers"], *((name.encode(), value.encode()) for name, value in more.items())]
            await send(message)

        refused = self._refused(scope)
        if refused:
            await Response(status_code=refused)(scope, receive, sent)
            return
        begun = f"/{self.token}"
        await self.app({**scope, "path": scope["path"][len(begun):], "nonce": nonce}, receive, sent)

    def _refused(self, scope: Scope) -> int:
        """The status of what may not be; 0 of what may."""
        headers = Headers(scope=scope)
        if [value.lower() for value in headers.getlist("host")] not in [[host] for host in self.hosts]:
            return 421
        token, slash, _ = scope["path"].removeprefix("/").partition("/")
        if not secrets.compare_digest(token.encode(errors="replace"), self.token.encode()) or not slash:
            return 404
        if any(origin.lower() not in self.origins for origin in headers.getlist("origin")):
            return 403
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return 403
        if scope["method"] == "POST" and headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            return 415
        return 0
