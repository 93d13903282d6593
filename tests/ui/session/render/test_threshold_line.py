"""The line that is a knob: what the browser needs to move it by itself."""

from __future__ import annotations

import pytest
from ui.fake_worker import charts

from mergelab.ui.form.form import KnobPlace
from mergelab.ui.session.render.threshold_line import render_threshold_line


def test_the_line_names_the_widget_of_its_knob_and_its_value() -> None:
    line = render_threshold_line(charts(knobs={KnobPlace("method", "ties", "density"): 0.4}))
    assert line is not None
    assert (line.elem_id, line.value, line.low, line.high) == ("knob-method-ties-density", 0.4, 0.0, 1.0)
    assert len(line.thresholds) == len(line.shares) == 3
    assert all(sum(shares) == pytest.approx(1, abs=0.02) for shares in line.shares)


def test_the_browsers_threshold_agrees_with_the_servers() -> None:
    """The page interpolates the histogram from the top; within a bin both stand at the same place."""
    line = render_threshold_line(charts(knobs={KnobPlace("method", "ties", "density"): 0.4}))
    assert line is not None
    for shares, threshold in zip(line.shares, line.thresholds, strict=True):
        above = sum(share for share, edge in zip(shares, line.edges[:-1], strict=True) if edge >= threshold)
        assert above == pytest.approx(0.4, abs=max(shares))


def test_a_density_of_zero_keeps_its_handle() -> None:
    assert render_threshold_line(charts(knobs={KnobPlace("method", "ties", "density"): 0.0})) is not None


def test_the_line_stays_that_of_the_model_when_one_tensor_is_looked_at() -> None:
    whole, narrowed = render_threshold_line(charts()), render_threshold_line(charts(at=("1", "mlp.down")))
    assert whole is not None
    assert whole == narrowed
