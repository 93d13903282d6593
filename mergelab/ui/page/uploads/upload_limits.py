"""Refuses uploads that are too large or that would fill the server's disk, before any byte of them is read."""

from __future__ import annotations

import shutil
import tempfile

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mergelab.ui.session.task_sets.uploads import MOST_UPLOADED, SPARE

ENDING = "/upload"
"""How the address of Gradio's uploads ends."""


class UploadLimits:
    """ASGI middleware for requests that upload files; it passes on everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = ""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].rstrip("/").endswith(ENDING):
            told = refusal(Headers(scope=scope).get("content-length", ""))
        await (PlainTextResponse(told, 413) if told else self.app)(scope, receive, send)


def refusal(length: str) -> str:
    """Why an upload with this content length is refused; empty text if it is taken."""
    if not (length.isascii() and length.isdigit()) or int(length) > MOST_UPLOADED:
        return f"an upload must say its length, of at most {MOST_UPLOADED >> 20} MB"
    if shutil.disk_usage(tempfile.gettempdir()).free - 2 * int(length) < SPARE:
        return "this server has no room left for the upload"
    return ""
