"""What the worker is asked for a form, and what follows every knob."""

from __future__ import annotations

import pytest
from ui.fake_worker import form, last, opened

from mergelab.evaluation import small_models

pytestmark = pytest.mark.usefixtures("one_task")


def test_live_scores_follow_small_models_only_and_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    session, worker = opened()
    list(session.preview(form()))
    assert list(session.live(form(live=False))) == []
    with monkeypatch.context() as smaller:
        smaller.setattr(small_models, "MOST", 10)
        assert list(session.live(form())) == []
    assert worker.named("merge") == []
    assert last(session.live(form())).scores is not None


def test_saving_asks_for_an_archive_and_hands_back_its_path() -> None:
    session, worker = opened()
    view = last(session.save(form(), "/private/merged"))
    assert view.saved == "/private/merged.zip"
    assert worker.named("save")[0]["archive"] is True


def test_models_read_again_from_the_same_place_are_sketched_again() -> None:
    session, worker = opened()
    again = form().models.__class__("tiny", form().models.titles, edition=1)
    list(session.preview(form()))
    list(session.preview(form(models=again)))
    assert len(worker.named("sketch")) == 2


def test_validation_rows_are_limited_as_asked_and_test_rows_never() -> None:
    session, worker = opened()
    list(session.merge(form(rows=200)))
    list(session.test(form(rows=200)))
    assert [call["rows"] for call in worker.named("merge")] == [200, None]
