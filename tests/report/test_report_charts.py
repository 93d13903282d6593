"""Which charts a report has, and in which order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tiny_folders import folders, recipe_for

from mergelab.charts.report_chart import REPORT_CHARTS
from mergelab.jobs import workbench
from mergelab.report.report_charts import charts_of
from mergelab.runtime.progress import finish


def test_the_reports_own_charts_come_first() -> None:
    assert list(REPORT_CHARTS)[:6] == ["conflict", "density", "sizes", "pairs", "maps", "features"]


def test_charts_at_the_settings_need_known_figures_and_the_others_do_not(tmp_path: Path) -> None:
    folders(tmp_path)
    found = finish(workbench.inspection_report(recipe_for(tmp_path, "ties"), device="cpu"))
    settings = [chart.name for chart in charts_of("settings", found)]
    assert settings == ["conflict", "density", "sizes", "pair-conflict", "pair-cosine"]
    unknown = replace(found, preview=replace(found.preview, label="unknown"))
    assert charts_of("settings", unknown) == [] and charts_of("models", unknown) != []
