"""plotly.js is delivered with the page, and browsers may keep it."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.testclient import TestClient

from mergelab.charts.plotlyjs.cartesian_bundle import FILE, version
from mergelab.ui.page.serving.plotly_file import ADDRESS, ROUTE


def test_plotly_is_served_under_the_address_of_its_version_and_kept_for_ever() -> None:
    with TestClient(Starlette(routes=[ROUTE])) as client:
        answer = client.get(f"/{ADDRESS}")
    assert version() in ADDRESS and answer.content == FILE.read_bytes()
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
