"""The charts of a form: of all tensors or of one cell, with curves that are sent only when they are others."""

from __future__ import annotations

import pytest
from ui.fake_worker import form, last, opened

from mergelab.ui.form.form import KnobPlace

pytestmark = pytest.mark.usefixtures("one_task")

DENSITY = KnobPlace("method", "ties", "density")
CELL = ("1", "mlp.down")


def test_curves_are_sent_again_only_when_they_are_others() -> None:
    session, _ = opened()
    sent = [last(session.preview(form(knobs={DENSITY: density}))) for density in (0.2, 0.9)]
    assert [update.curves is not None for update in sent] == [True, False]
    assert last(session.pin(form(), "a")).curves
    assert last(session.preview(form(method="task_arithmetic"))).curves


def test_a_cell_that_is_looked_at_narrows_preview_and_exact_charts_alike() -> None:
    session, worker = opened()
    whole = last(session.first(form()))
    narrowed = last(session.narrow(form(), CELL))
    exact = last(session.live(form()))
    assert whole.charts and narrowed.charts and exact.charts
    assert narrowed.charts.at and narrowed.charts.at == exact.charts.at
    assert (narrowed.charts.at.layer, narrowed.charts.at.module) == CELL
    assert (whole.charts.label, narrowed.charts.label, exact.charts.label) == ("exact", "exact", "exact")
    assert narrowed.charts.numbers != whole.charts.numbers
    assert len(worker.calls) == 2, "one sketch and one merge answer for every cell"
    back = last(session.narrow(form(), None))
    assert back.charts and back.charts.at is None


def test_a_cell_that_other_models_do_not_have_is_not_looked_at() -> None:
    session, _ = opened()
    found = last(session.narrow(form(), ("7", "nowhere")))
    assert found.charts and found.charts.at is None
