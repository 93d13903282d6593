from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from mergelab.ui.page.serving.kept_answers import KeptAnswers

BROWSER = {"accept-encoding": "gzip, deflate, br"}


def served() -> tuple[TestClient, list[str]]:
    """A server with files and a page, and the paths that it was asked for."""
    asked: list[str] = []

    async def answer(request: Request) -> Response:
        asked.append(request.url.path)
        if request.url.path.endswith("missing.js"):
            return Response(status_code=404)
        text = PlainTextResponse("x" * 5000)
        if request.url.path.endswith("own.js"):
            text.set_cookie("visitor", "1")
        return text

    middleware = [Middleware(KeptAnswers), Middleware(GZipMiddleware)]
    return TestClient(Starlette(routes=[Route("/{path:path}", answer)], middleware=middleware)), asked


def test_a_file_is_read_and_compressed_once() -> None:
    client, asked = served()
    first, second = (client.get("/assets/a.js", headers=BROWSER) for _ in range(2))
    assert asked == ["/assets/a.js"]
    assert first.text == second.text == "x" * 5000
    assert first.headers == second.headers and second.headers["content-encoding"] == "gzip"


def test_each_encoding_has_an_answer_of_its_own() -> None:
    client, asked = served()
    client.get("/web/1/main.js", headers=BROWSER)
    assert "content-encoding" not in client.get("/web/1/main.js", headers={"accept-encoding": "identity"}).headers
    client.get("/web/1/main.js", headers={"accept-encoding": "gzip, deflate"})
    assert len(asked) == 3


@pytest.mark.parametrize(
    "path",
    ["/", "/config", "/assets/missing.js", "/assets/own.js", "/assets/a.js?v=1", "/assets/.a.js", "/assets//a.js"],
)
def test_nothing_else_is_kept(path: str) -> None:
    client, asked = served()
    for _ in range(2):
        client.get(path, headers=BROWSER)
    assert len(asked) == 2


@pytest.mark.parametrize("condition", [{"range": "bytes=0-9"}, {"if-none-match": '"1"'}])
def test_a_request_for_less_than_the_file_reaches_the_server(condition: dict[str, str]) -> None:
    client, asked = served()
    client.get("/assets/a.js", headers=BROWSER)
    client.get("/assets/a.js", headers=BROWSER | condition)
    assert len(asked) == 2
