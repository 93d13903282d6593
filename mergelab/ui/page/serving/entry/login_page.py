"""The page that asks for a password or an access code, in one response: it may use nothing else of the server."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from string import Template

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response

from mergelab.ui.page.serving.entry.accounts import Accounts
from mergelab.ui.web import read

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; font-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
}
THEMES = ("light", "dark")
FONTS = {400: "Regular", 700: "Bold"}


def login_page(
    accounts: Accounts,
    asked: HTTPConnection,
    wrong: str = "",
    status: int = 401,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The page, in the theme that the address asks for. `wrong` says why the last try failed."""
    theme = asked.query_params.get("__theme", "")
    text = Template(read("login/login.html")).substitute(
        theme=theme if theme in THEMES else "",
        style=_style(),
        action=escape(f"login{query_of(asked)}"),
        wrong=f'<p class="wrong" role="alert">{escape(wrong)}</p>' if wrong else "",
        fields=read("login/code.html" if accounts.code else "login/password.html"),
    )
    return HTMLResponse(text, status, {**HEADERS, **(headers or {})})


def query_of(asked: HTTPConnection) -> str:
    """The query of the address with its question mark, or nothing."""
    query = asked.scope["query_string"].decode("latin-1")
    return f"?{query}" if query else ""


@cache
def _style() -> str:
    """The colours of the page's own style sheet, light and dark, with the fonts and the rules of this page."""
    light, dark = read("styles/colours.css").split(".dark {")
    chosen = f":root.dark {{{dark}"
    preferred = f"@media (prefers-color-scheme: dark) {{ :root:not(.light) {{{dark} }}"
    faces = [_face(weight, name) for weight, name in FONTS.items()]
    return "\n".join((light, chosen, preferred, *faces, read("login/login.css")))


def _face(weight: int, name: str) -> str:
    """A font as the page has it from Gradio, which a stranger must not ask for."""
    font = files("gradio") / "templates/frontend/static/fonts/IBMPlexSans" / f"IBMPlexSans-{name}.woff2"
    if not font.is_file():
        return ""
    data = b64encode(font.read_bytes()).decode()
    return f'@font-face {{ font-family: "IBM Plex Sans"; font-weight: {weight}; src: url(data:font/woff2;base64,{data}); }}'
