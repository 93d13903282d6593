"""The documents as pages: every one is there, their links stay on the server, and nothing beside them is served."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mergelab.ui.page.serving.documents import ROUTE, pages


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=[ROUTE])) as made:
        yield made


@pytest.mark.parametrize("name", pages())
def test_a_document_is_a_page_whose_links_to_documents_lead_to_pages(client: TestClient, name: str) -> None:
    answer = client.get(f"/docs/{name}")
    assert answer.status_code == 200
    assert "<main><h1>" in answer.text
    folder = name.rpartition("/")[0]
    for link in re.findall(r'<main>.*href="([^":#]+)', answer.text):
        assert client.get(f"/docs/{folder}/{link}").status_code == 200, link


@pytest.mark.parametrize("name", ["nothing", "../README", "glossary.md", "..%2fpyproject.toml", "decisions"])
def test_nothing_else_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/docs/{name}").status_code == 404
