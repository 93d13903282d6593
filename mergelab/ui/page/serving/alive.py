"""Tells a page whether the server that it was served by still answers."""

from __future__ import annotations

import uuid

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

START = uuid.uuid4().hex
"""A name of this start of the server. After a restart, sessions are gone and the page must open again."""


async def _alive(_: Request) -> Response:
    return PlainTextResponse(START, headers={"cache-control": "no-store"})


ROUTE = Route("/alive", _alive)
"""A request that costs nothing, which every page sends once a second."""
