"""What an event shows whose form cannot be read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ui.fake_worker import lab

from mergelab.ui.page import follow
from mergelab.ui.page.follow import EXPIRED, Follower
from mergelab.ui.session.server import Lab

pytestmark = pytest.mark.usefixtures("one_task")


def test_a_form_that_cannot_be_read_is_refused_until_another_one_comes() -> None:
    server, _ = lab()
    session = server.session("visitor")
    session.opened.set()

    def unreadable(_: Any) -> Any:
        raise ValueError("two experts have one name")

    state: Any = SimpleNamespace(lab=server, form=unreadable)
    (update,) = Follower(state).updates("visitor", lambda *_: pytest.fail("the work began"))
    assert update.status and (update.status.kind, update.status.problems) == ("refused", ("two experts have one name",))
    assert session.screen.resting() == update.status


def test_a_page_that_was_forgotten_for_another_hears_so_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "OPENING", "a time that nobody may wait")
    server = Lab(job_cache=lab()[0].job_cache, sessions=1)
    server.session("forgotten").opened.set()
    server.session("newcomer").opened.set()
    state: Any = SimpleNamespace(lab=server)
    (update,) = Follower(state).updates("forgotten", lambda *_: pytest.fail("the work began"))
    assert update.status and update.status.problems == (EXPIRED,)
