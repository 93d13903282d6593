"""Refuses requests from pages of other sites, by their Host and Origin headers."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Guard:
    """ASGI middleware: answers only under the given host names, and only to pages of this server."""

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        complaint = self._complaint(Headers(scope=scope))
        if complaint:
            return await PlainTextResponse(complaint, 403)(scope, receive, send)

        async def sniffless(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-content-type-options"] = "nosniff"
            await send(message)

        return await self.app(scope, receive, sniffless)

    def _complaint(self, headers: Headers) -> str:
        host, origin = headers.get("host", ""), headers.get("origin")
        if self.hosts is not None and _name(f"//{host}") not in self.hosts:
            return (
                "this server answers only to its own name; open it as http://127.0.0.1, or start it with --auth and "
                "--models-dir to answer under other names, as behind a reverse proxy"
            )
        if origin is not None and _name(origin) != _name(f"//{host}"):
            return "pages of other sites may not call this server"
        return ""


def _name(address: str) -> str:
    return urlsplit(address).hostname or ""
