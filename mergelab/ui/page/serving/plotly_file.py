"""Serves plotly.js under an address that changes with it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from mergelab.charts.plotlyjs.cartesian_bundle import FILE, version
from mergelab.ui.page.serving.module_files import HEADERS

ADDRESS = f"plotly/{version()}/plotly.min.js"
"""Where it is, relative to the page. A browser keeps it, with its compiled code, until another version is delivered."""
SCRIPT = f'<script async src="{ADDRESS}"></script>'
"""For the page's head. It runs when it is there: nothing waits for it except the charts."""


async def _plotly(_: Request) -> Response:
    return FileResponse(FILE, headers=HEADERS, media_type="text/javascript")


ROUTE = Route(f"/{ADDRESS}", _plotly)
