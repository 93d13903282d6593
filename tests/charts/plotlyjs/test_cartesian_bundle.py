"""The plotly.js that is delivered draws what the installed plotly describes."""

from __future__ import annotations

from plotly.offline import get_plotlyjs_version

from mergelab.charts.plotlyjs.cartesian_bundle import FILE, script, version


def test_its_version_is_that_of_the_installed_plotly() -> None:
    assert version() == get_plotlyjs_version(), "run `make plotly` after another plotly was pinned"


def test_it_draws_lines_bars_and_heatmaps() -> None:
    assert [f'moduleType:"trace",name:"{kind}"' in script() for kind in ("scatter", "bar", "heatmap")] == [True] * 3


def test_its_licence_lies_beside_it() -> None:
    assert "MIT License" in FILE.with_name("plotly-cartesian.LICENSE").read_text(encoding="utf-8")
