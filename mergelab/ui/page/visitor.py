"""Which visitor and which client a request is from."""

from __future__ import annotations

import gradio as gr
from starlette.requests import Request

from mergelab.ui.session.queueing.job_limits import Client, Owner


def owner_of(request: gr.Request) -> Owner:
    """Whose event it is."""
    return Owner(request.session_hash or "", client_of(request.request))


def client_of(request: Request | None) -> Client:
    """The login of a request, or the address that it came from where nobody logs in by name."""
    if request is None:
        return Client()
    user = request.scope.get("user")
    return Client(user, is_login=True) if user else Client(request.client.host if request.client else "")
