"""Lets nobody in who has not logged in: without the cookie of a login, every address of the server answers with a refusal."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mergelab.ui.form.labels import seconds
from mergelab.ui.page.serving.entry.accounts import Accounts
from mergelab.ui.page.serving.entry.guesses import Guesses
from mergelab.ui.page.serving.entry.login_cookie import LASTS, LoginCookie
from mergelab.ui.page.serving.entry.login_page import login_page, query_of

LOGIN, LOGOUT = "/login", "/logout"
STARTUP = "/gradio_api/startup-events"
"""What Gradio asks its own server for while it starts."""
MOST_BYTES = 4096
"""The longest form that is read."""
REFUSAL = "log in first: open this server in a browser, or give gradio_client an auth"


@dataclass
class Entrance:
    """What the login knows: the accounts, wrong guesses, and whether the start is over."""

    accounts: Accounts
    guesses: Guesses = field(default_factory=Guesses)
    cookie: LoginCookie = field(default_factory=LoginCookie)
    started: threading.Event = field(default_factory=threading.Event)


class Login:
    """ASGI middleware in front of everything. It hands the user's name on as `scope["user"]`.

    Gradio's own `auth` protects only some of its routes: /gradio_api/cancel, /reset, /app_id, the stream's files and all
    routes of other apps, such as /plotly, answer without it. It also counts no guesses.
    """

    def __init__(self, app: ASGIApp, entrance: Entrance) -> None:
        self.app, self.entrance = app, entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        asked = HTTPConnection(scope)
        user = self.entrance.cookie.user(asked.cookies.get(_cookie_name(scope), ""))
        response = await self._response(asked, user, receive)
        if response is not None:
            return await response(scope, receive, send)
        return await self.app({**scope, "user": user}, receive, send)

    async def _response(self, asked: HTTPConnection, user: str | None, receive: Receive) -> Response | None:
        """What is answered here; None for what the page's own routes answer."""
        path, method = asked.scope["path"], asked.scope.get("method", "")  # asked.url would believe the Host header
        if (path, method) == (LOGIN, "POST"):
            return await self._log_in(Request(asked.scope, receive))
        if (path, method) == (LOGOUT, "GET"):
            return _without_cookie(asked)
        if user is not None:
            return RedirectResponse(_home(asked), 303) if path == LOGIN else None
        if path == STARTUP and not self.entrance.started.is_set():
            return None
        if path in ("/", LOGIN) and method in ("GET", "HEAD"):
            return login_page(self.entrance.accounts, asked)
        return PlainTextResponse(REFUSAL, 401, {"cache-control": "no-store"})

    async def _log_in(self, asked: Request) -> Response:
        """Check what a person typed. Nothing is awaited between the lock and the count, so no guesses slip through at once."""
        typed, address = await _typed(asked), asked.client.host if asked.client else ""
        accounts, guesses = self.entrance.accounts, self.entrance.guesses
        if locked := guesses.locked(address):
            told = f"Too many wrong tries from your address. Try again in {seconds(locked)}."
            return login_page(accounts, asked, told, 429, {"retry-after": str(int(locked) + 1)})
        user = accounts.user(typed.get("username", ""), typed.get("password", ""))
        if user is None:
            guesses.wrong(address)
            wrong = "This user and password do not match." if accounts.code is None else "This is not the access code."
            return login_page(accounts, asked, wrong)
        guesses.right(address)
        return self._with_cookie(asked, user)

    def _with_cookie(self, asked: Request, user: str) -> Response:
        """The way into the page for a browser; programs get a plain yes, because they follow no redirects."""
        in_browser = "text/html" in asked.headers.get("accept", "")
        response = RedirectResponse(_home(asked), 303) if in_browser else PlainTextResponse("logged in")
        response.set_cookie(
            _cookie_name(asked.scope),
            self.entrance.cookie.value(user),
            max_age=LASTS,
            httponly=True,
            samesite="lax",  # a link to a recipe, followed from a mail, must find its visitor logged in
            secure=asked.scope["scheme"] == "https",
        )
        return response


def _cookie_name(scope: Scope) -> str:
    """Browsers share cookies between the ports of a host, and two servers must not end each other's logins."""
    return f"mergelab-{(scope.get('server') or ('', 0))[1]}"


def _home(asked: HTTPConnection) -> str:
    """The page with the same query, which may hold a recipe; relative, so it is right behind any reverse proxy."""
    return f"./{query_of(asked)}"


def _without_cookie(asked: HTTPConnection) -> Response:
    response = RedirectResponse("./", 303)
    response.delete_cookie(_cookie_name(asked.scope))
    return response


async def _typed(asked: Request) -> dict[str, str]:
    """The fields of a form; nothing for one that is too long."""
    body = b""
    async for chunk in asked.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
