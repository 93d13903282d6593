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


def test_after_the_opening_the_worker_gets_ready_to_score() -> None:
    server, worker = lab()
    shown: list[object] = []
    server.warm(form(), shown.append).join(20)
    assert [call["model"] for call in worker.named("ready_to_score")] == ["tiny"] and shown
