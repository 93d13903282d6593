"""A request belongs to a login, or to an address where nobody logs in by name."""

from __future__ import annotations

from typing import Any

import gradio as gr
import pytest
from starlette.requests import Request

from mergelab.ui.page.visitor import client_of, owner_of
from mergelab.ui.session.queueing.job_limits import NOBODY, Client, Owner


def request(**scope: Any) -> Request:
    return Request({"type": "http", "client": ("10.0.0.7", 1), "headers": [], **scope})


@pytest.mark.parametrize(
    ("asked", "client"),
    [
        (request(user="ada"), Client("ada", is_login=True)),
        (request(user=""), Client("10.0.0.7")),
        (request(), Client("10.0.0.7")),
        (request(client=None), NOBODY),
        (None, NOBODY),
    ],
)
def test_the_client_is_the_login_or_the_address(asked: Request | None, client: Client) -> None:
    assert client_of(asked) == client
    assert owner_of(gr.Request(asked, session_hash="page")) == Owner("page", client)
