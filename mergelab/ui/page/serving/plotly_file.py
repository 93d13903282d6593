"""Serves plotly.js from the installed package, under an address that changes with its version."""

from __future__ import annotations

from pathlib import Path

import plotly
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from mergelab.ui.page.serving.module_files import HEADERS

FILE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
ADDRESS = f"plotly/{plotly.__version__}/plotly.min.js"
"""Where it is, relative to the page. A browser keeps it, with its compiled code, until another plotly is installed."""
SCRIPT = f'<script async src="{ADDRESS}"></script>'
"""For the page's head. It runs when it is there: nothing waits for it except the charts."""


async def _plotly(_: Request) -> Response:
    return FileResponse(FILE, headers=HEADERS, media_type="text/javascript")


ROUTE = Route(f"/{ADDRESS}", _plotly)
