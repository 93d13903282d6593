"""The page's modules: all of them are served as JavaScript for ever, and nothing else of their folder is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mergelab.ui.page.serving.module_files import FOLDER, ROUTE
from mergelab.ui.web import BEFORE_GRADIO, HERE, modules, read, version


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=[ROUTE])) as made:
        yield made


@pytest.mark.parametrize("name", modules())
def test_a_module_is_served_as_javascript_that_browsers_may_keep(client: TestClient, name: str) -> None:
    answer = client.get(f"/{FOLDER}/{name}")
    assert (answer.status_code, answer.text) == (200, read(name))
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "name", ["__init__.py", "panel.html", "messages.d.ts", *BEFORE_GRADIO, "../page/lab_page.py", "", "lab"]
)
def test_nothing_else_of_the_folder_is_served(client: TestClient, name: str) -> None:
    assert (HERE / name).exists()
    assert client.get(f"/{FOLDER}/{name}").status_code == 404


def test_changed_modules_have_another_address(monkeypatch: pytest.MonkeyPatch) -> None:
    before = version()
    assert before == version() and before in FOLDER
    monkeypatch.setattr("mergelab.ui.web.read", lambda name: f"{read(name)}// changed")
    assert version() != before
