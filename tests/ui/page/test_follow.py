"""What an event shows whose form cannot be read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ui.fake_worker import lab

from mergelab.ui.page.follow import Follower

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
