"""Keeps the answers with files that never change while the server runs, so that each is read and compressed once.

A first visit asks for about 190 files. Gradio reads and compresses each of them again for every visitor, in the thread that
also answers everything else: plotly.js alone takes longer than the rest of the page.
"""

from __future__ import annotations

from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOLDERS = ("/assets/", "/static/", "/plotly/", "/web/")
"""Gradio's files and the page's own."""
ENCODINGS = ("gzip, deflate, br, zstd", "gzip, deflate, br", "gzip, deflate")
"""What browsers say that they can read. Other answers are not kept, so that nobody can fill the memory with variants."""
CONDITIONS = ("range", "if-none-match", "if-modified-since")
"""Headers of requests that may get something else than the file."""


class AnswerKey(NamedTuple):
    """What an answer depends on."""

    path: str
    encoding: str


class KeptAnswers:
    """ASGI middleware that stands before what compresses."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._answers: dict[AnswerKey, list[Message]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = _key_of(scope)
        if key is None:
            await self.app(scope, receive, send)
        elif key in self._answers:
            for message in self._answers[key]:
                await send(message)
        else:
            noted = _Noted(send)
            await self.app(scope, receive, noted)
            if noted.is_whole_file:
                self._answers[key] = noted.messages


class _Noted:
    """A `send` that notes what it passes on."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        self.messages.append({**message})
        if "headers" in message:
            self.messages[-1]["headers"] = list(message["headers"])  # what stands behind may add some to its own
        await self._send(message)

    @property
    def is_whole_file(self) -> bool:
        """Whether it is a successful answer for anybody, up to its end."""
        if not self.messages or self.messages[0].get("status") != 200 or self.messages[-1].get("more_body"):
            return False
        kinds = {message["type"] for message in self.messages}
        is_plain = kinds == {"http.response.start", "http.response.body"}
        return is_plain and "set-cookie" not in Headers(raw=self.messages[0]["headers"])


def _key_of(scope: Scope) -> AnswerKey | None:
    """The key of a request for a file, None for everything else."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope.get("query_string"):
        return None
    path, headers = scope["path"], Headers(scope=scope)
    encoding = headers.get("accept-encoding", "")
    is_file = path.startswith(FOLDERS) and "/." not in path and "//" not in path
    if not is_file or encoding not in ENCODINGS or any(name in headers for name in CONDITIONS):
        return None
    return AnswerKey(path, encoding)
