"""What visitors of one server share, and what is their own."""

from __future__ import annotations

import pytest
from ui.fake_worker import form, lab

pytestmark = pytest.mark.usefixtures("one_task")


def test_visitors_have_sessions_of_their_own_and_share_results() -> None:
    server, worker = lab()
    session, other = server.session("visitor"), server.session("other")
    list(session.merge(form()))
    list(other.merge(form()))
    assert other is not session
    assert server.session("visitor") is session
    assert len(worker.named("merge")) == 1
