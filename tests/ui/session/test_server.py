"""What visitors of one server share, and what is their own."""

from __future__ import annotations

import threading

import pytest
from ui.fake_worker import form, lab

from mergelab.checkpoints import Suite
from mergelab.ui.session.queueing import spare_time

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


def test_a_suite_that_was_built_here_is_not_read_before_somebody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spare_time, "QUIET", 0.0)
    server, worker = lab()
    monkeypatch.setattr(Suite, "is_delivered", False)
    earlier = set(threading.enumerate())
    server.warm(form(), lambda _: None).join(20)
    assert not [each for each in set(threading.enumerate()) - earlier if each.name == "mergelab-spare"]
    assert len(worker.named("sketch")) == 1, "that of the opening"


def test_then_it_reads_the_other_suites_so_that_changing_to_one_waits_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spare_time, "QUIET", 0.0)
    server, worker = lab()
    earlier = set(threading.enumerate())  # those of other servers may wait for work that never comes
    server.warm(form(), lambda _: None).join(20)
    for thread in set(threading.enumerate()) - earlier:
        if thread.name == "mergelab-spare":
            thread.join(20)
    first, *others = server.suites().values()
    asked = [server.opening(suite) for suite in others]
    assert [call["recipe"] for call in worker.named("sketch")[1:]] == [each.recipe().to_mapping() for each in asked]
    assert first.name == server.opening().models.base
    assert all(server.session("visitor").merge_service.known_sketch(each) for each in asked)
