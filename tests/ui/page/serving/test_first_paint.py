"""What a page's HTML holds before Gradio runs: scripts, and a picture of the page."""

from __future__ import annotations

import re

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from mergelab.ui.page.serving.first_paint import PICTURE, FirstPaint, completed
from mergelab.ui.page.serving.module_files import FOLDER
from mergelab.ui.page.serving.plotly_file import ADDRESS
from mergelab.ui.web import BEFORE_GRADIO, ENTRY, modules, read

GRADIO = '<html><head><base href="./"><script type="module" src="gradio.js"></script></head><body><gradio-app></gradio-app></body></html>'
PAGE = completed(GRADIO.encode()).decode()
HEAD, BODY = PAGE.split("</head>")


def served(text: str, kind: type[PlainTextResponse | HTMLResponse] = HTMLResponse) -> TestClient:
    route = Route("/", lambda _: kind(text))
    return TestClient(Starlette(routes=[route], middleware=[Middleware(FirstPaint)]))


def test_what_gradio_is_to_find_stands_in_the_head_before_it() -> None:
    places = [HEAD.index(f"<script>{read(name)}</script>") for name in BEFORE_GRADIO]
    assert len(places) == 2 and max(places) < HEAD.index("gradio.js")
    assert not {*BEFORE_GRADIO} & {*modules()}


def test_every_module_is_fetched_ahead_and_the_entry_runs_after_gradio() -> None:
    assert re.findall(r'rel="modulepreload" href="([^"]+)"', HEAD) == [f"{FOLDER}/{name}" for name in modules()]
    assert HEAD.index("gradio.js") < HEAD.index(f'<script type="module" src="{FOLDER}/{ENTRY}"></script>')


def test_nothing_waits_for_plotly() -> None:
    assert f'<script async src="{ADDRESS}"></script>' in HEAD


def test_a_picture_of_the_page_stands_in_front_of_the_app_in_both_themes() -> None:
    assert BODY.index(PICTURE) < BODY.index("<gradio-app>")
    assert '#ml-first[data-theme="dark"]' in PICTURE and 'aria-hidden="true"' in PICTURE


def test_the_page_takes_the_picture_away_and_it_goes_by_itself_where_the_page_does_not_start() -> None:
    assert 'getElementById("ml-first")?.remove()' in read(ENTRY)
    assert "animation: ml-first-end 0s 15s forwards" in PICTURE


def test_a_page_is_completed_under_its_new_length() -> None:
    answer = served(GRADIO).get("/")
    assert answer.text == PAGE and int(answer.headers["content-length"]) == len(PAGE.encode())
    assert served(GRADIO).head("/").status_code == 200


def test_other_answers_pass_as_they_are() -> None:
    assert served("<html><head></head></html>").get("/").text == "<html><head></head></html>"
    assert served(GRADIO, PlainTextResponse).get("/").text == GRADIO
