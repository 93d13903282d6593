"""Puts what a page needs at once into its HTML: scripts, and a picture of the page until Gradio has built it.

What is told to Gradio as its `head` is added by Gradio's own script, after it has loaded; until then it shows "Loading…".
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mergelab.ui.page.serving.module_files import SCRIPTS
from mergelab.ui.page.serving.plotly_file import SCRIPT as PLOTLY
from mergelab.ui.web import BEFORE_GRADIO, read

HEAD_START, HEAD_END, APP = b"<head>", b"</head>", b"<gradio-app"
HEAD_FIRST = '<meta name="color-scheme" content="light dark">' + "".join(
    f"<script>{read(name)}</script>" for name in BEFORE_GRADIO
)
"""Stands at the start of the head: Gradio's scripts keep the `fetch` and the frames that they find."""
HEAD_LAST = SCRIPTS
"""Stands at the end of the head, so that the browser fetches Gradio's scripts first."""
PICTURE = read("first_paint.html")
"""The skeleton of the page in both themes. `main.js` takes it away; by itself it goes after 15 seconds, so that it cannot
hide what Gradio says when it does not start."""


class FirstPaint:
    """ASGI middleware: completes HTML that holds Gradio's app, and passes on everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, _Completed(send) if scope["type"] == "http" else send)


class _Completed:
    """A `send` that holds an HTML answer back until it is whole."""

    def __init__(self, send: Send) -> None:
        self._send, self._body = send, b""
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_html(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        body = completed(self._body)
        if self._body:  # an answer to HEAD keeps its length
            MutableHeaders(scope=start)["content-length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def completed(html: bytes) -> bytes:
    """Gradio's HTML with the scripts and the picture; other HTML as it is."""
    if APP not in html:
        return html
    before, after, picture = (text.encode() for text in (HEAD_FIRST + PLOTLY, HEAD_LAST, PICTURE))
    html = html.replace(HEAD_START, HEAD_START + before, 1).replace(HEAD_END, after + HEAD_END, 1)
    head, app, rest = html.rpartition(APP)  # the config before it may hold any text
    return head + picture + app + rest


def _is_html(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")
