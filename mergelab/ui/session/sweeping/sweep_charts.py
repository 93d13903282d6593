"""The chart of a sweep: what varies decides its form, unless the visitor chooses another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import nan

import pandas

from mergelab.charts import (
    Picture,
    SettingAxis,
    fills_a_grid,
    objective_front,
    parallel_settings,
    score_over_setting,
    setting_heatmap,
    setting_plane,
)
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.jobs.sweeping.sweep_outcome import Point, PointState
from mergelab.sweeps import SweepError
from mergelab.sweeps.dimension import Dimension, Span
from mergelab.sweeps.objective import TASK
from mergelab.sweeps.point_grid import values_of
from mergelab.ui.form.labels import counted
from mergelab.ui.messages import SweepChart, SweepChartRequest, SweepForm
from mergelab.ui.session.sweeping.point_figure import PointFigure, point_figure
from mergelab.ui.session.sweeping.swept import STATES, Swept

SEED = "seed"
FORMS: dict[SweepForm, str] = {
    "line": "one setting",
    "map": "two settings",
    "parallel": "all settings",
    "front": "both objectives",
}
MOST_STEPS = 30
"""A setting with more values has no steps of its own on an axis."""
AS_IT_FITS = SweepChartRequest(None, None, None, None, 100)
OPENS = "Click {} to open its recipe in the Lab."
ABSENT = " –: the setting does not count for the recipe."
LEFT = " A recipe that left the race was scored on fewer rows."


def sweep_chart(swept: Swept, wanted: SweepChartRequest = AS_IT_FITS) -> SweepChart | None:
    """The chart that is wanted, as far as it fits the sweep; None without points that have scores."""
    points = sorted(swept.top(wanted.share), key=lambda point: point.number)
    return _Drawing(swept, points, wanted).chart() if points else None


@dataclass(frozen=True)
class _Drawing:
    swept: Swept
    points: Sequence[Point]
    wanted: SweepChartRequest

    def chart(self) -> SweepChart:
        picture, note = {"line": self._line, "map": self._map, "parallel": self._parallel, "front": self._front}[
            self.form
        ]()
        axes = (
            self._axes
            if self.form == "parallel"
            else [self._axes[self.x], *([self._axes[self.y]] if self._is_plane else [])]
        )
        can = (
            self.form != "front" and (self.form != "map" or self._is_plane) and any(a.can_be_logarithmic for a in axes)
        )
        is_logarithmic = can and any(axis.uses_logarithm for axis in axes)
        forms = {str(form): FORMS[form] for form in self.forms}
        share = self.wanted.share
        return SweepChart(
            self.form, forms, self.x, self.y, is_logarithmic, can, share, picture, self.summary, note + self._left
        )

    @property
    def forms(self) -> list[SweepForm]:
        """The forms that fit, the most telling first."""
        by_setting: list[SweepForm] = (
            ["map", "parallel", "line"] if len(self._main) == 2 else ["parallel", "map", "line"]
        )
        found: list[SweepForm] = by_setting if len(self._main) > 1 else ["line", *by_setting[:-1]]
        found = found if len(self.swept.paths) > 1 else ["line"]
        return ["front", *found] if len(self.swept.sought) > 1 else found

    @property
    def form(self) -> SweepForm:
        return self.wanted.form if self.wanted.form in self.forms else self.forms[0]

    @property
    def x(self) -> int:
        return self._main[0] if self.wanted.x is None else min(self.wanted.x, len(self.swept.paths) - 1)

    @property
    def y(self) -> int:
        """The wanted column, or else the next after that of x."""
        count = len(self.swept.paths)
        if self.wanted.y is not None and self.wanted.y < count and self.wanted.y != self.x:
            return self.wanted.y
        return next((at for at in [*self._main, *range(count)] if at != self.x), self.x)

    @property
    def summary(self) -> str:
        """How many points are shown, and which is the best."""
        swept, count = self.swept, len(self.swept.scored)
        shown = (
            f"{len(self.points)} of {counted(count, 'recipe')}"
            if len(self.points) < count
            else counted(count, "recipe")
        )
        best = [point for point in swept.scored if point.number in swept.best] or swept.scored[:1]
        if len(swept.sought) > 1:
            told = "; ".join(f"{swept.name(point)}: {self._figures(point)}" for point in best)
            return f"{shown}. On the front: {told}."
        so_far = "" if swept.outcome else " so far"
        return f"{shown}. Best{so_far}: {swept.name(best[0])}, {self._figures(best[0])}."

    def _line(self) -> tuple[Picture, str]:
        axis, seeds = self._axes[self.x], self._seeds
        has_band = self._main == [self.x] and self.swept.paths[self.x] != SEED and seeds > 1
        counts = [value is not None for value in axis.values]
        x = [value if axis.is_numeric else text for value, text in zip(axis.values, axis.texts, strict=True)]
        table = self._table.assign(x=pandas.Series(x, dtype=object))[counts].infer_objects()
        picture = score_over_setting(
            table, axis.title, self._score_title(0), self._figure(0).is_share, axis.uses_logarithm, has_band
        )
        dot = (
            "A dot is a recipe, the mean over its seeds,"
            if any(each.repeats for each in self.points)
            else "A dot is a recipe"
        )
        note = f"{dot} with its 95 % interval on validation rows. The line goes through the means of equal settings."
        band = f" The band goes from the lowest to the highest of {counted(seeds, 'seed')}." if has_band else ""
        return picture, f"{note}{band} {OPENS.format('a dot')}"

    def _map(self) -> tuple[Picture, str]:
        x, y = self._axes[self.x], self._axes[self.y]
        if self._is_plane:
            note = f"A dot is a recipe: the stronger its colour, the better its “{self.swept.sought[0]}” on validation rows; ★ is the best."
            return setting_plane(self._table, x, y), f"{note} {OPENS.format('a dot')}"
        note = f"Colours show “{self.swept.sought[0]}” on validation rows; ★ is the best cell."
        return setting_heatmap(self._table, x, y, self._figure(0).is_share), f"{note} {OPENS.format('a cell')}"

    def _parallel(self) -> tuple[Picture, str]:
        scores = [
            SettingAxis(title, [f.value for f in figures], [f.text for f in figures], is_share=figures[0].is_share)
            for at, title in enumerate(self.swept.sought)
            for figures in [self._figures_by(at)]
        ]
        absent = ABSENT if any(axis.has_absent for axis in self._axes) else ""
        note = "A line is a recipe: the stronger its colour, the better. Drag along an axis, or focus it and use the arrow keys, to"
        return (
            parallel_settings(self._table, [*self._axes, *scores]),
            f"{note} keep only recipes in that range; Escape clears. {OPENS.format('a dot')}{absent}",
        )

    def _front(self) -> tuple[Picture, str]:
        columns = dict[str, list[float]]()
        for at, name in enumerate("xy"):
            figures = self._figures_by(at)
            columns |= {name: [f.value for f in figures], f"{name}_worth": [f.worth for f in figures]}
            columns |= {f"{name}_low": [f.low for f in figures], f"{name}_high": [f.high for f in figures]}
        shares = [self._figure(at).is_share for at in range(2)]
        picture = objective_front(self._table.assign(**columns), [self._score_title(at) for at in range(2)], shares)
        note = "Large dots are on the front, with 95 % intervals on validation rows: no other recipe is better in both. Grey dots are dominated."
        return picture, f"{note} {OPENS.format('a dot')}"

    @property
    def _seeds(self) -> int:
        """With how many seeds recipes of equal settings were merged."""
        varied = {point.settings.get(SEED) for point in self.points}
        return max(len(varied), *(len(point.repeats) for point in self.points))

    @property
    def _is_plane(self) -> bool:
        if self.form != "map":
            return False
        x, y = self._axes[self.x], self._axes[self.y]
        return not (x.steps and y.steps and fills_a_grid(x, y, max(self.swept.asked.points, len(self.points))))

    @property
    def _left(self) -> str:
        return LEFT if any(point.state is PointState.OUT for point in self.points) else ""

    @cached_property
    def _main(self) -> list[int]:
        """The columns of the settings with several values, without the seed where there are others."""
        paths = self.swept.paths
        varying = [at for at, axis in enumerate(self._axes) if len(axis.steps) != 1]
        return [at for at in varying if paths[at] != SEED] or varying or list(range(len(paths)))

    @cached_property
    def _axes(self) -> list[SettingAxis]:
        return [self._axis(dimension) for dimension in self.swept.asked.space.dimensions]

    def _axis(self, dimension: Dimension) -> SettingAxis:
        path, wanted = dimension.path, self.wanted.logarithmic
        is_logarithmic = (isinstance(dimension, Span) and dimension.log) if wanted is None else wanted
        values = [point.settings.get(path) for point in self.points]
        texts = [self.swept.text(point, path) for point in self.points]
        steps = [(value, self.swept.words.value(path, value)) for value in self._steps(dimension)]
        return SettingAxis(self.swept.label(path), values, texts, is_logarithmic, steps)

    def _steps(self, dimension: Dimension) -> list[int | float | str]:
        """The values of a setting if they are few."""
        if isinstance(dimension, Span) and dimension.high - dimension.low > MOST_STEPS * (dimension.step or 1):
            return []
        try:
            values = values_of(dimension)
        except SweepError:  # a range without steps
            return []
        return [round(value, 12) if isinstance(value, float) else value for value in values]

    @cached_property
    def _table(self) -> pandas.DataFrame:
        figures = self._figures_by(0)
        return pandas.DataFrame(
            {
                "number": [point.number + 1 for point in self.points],
                "value": [figure.value for figure in figures],
                "worth": [figure.worth for figure in figures],
                "low": [figure.low for figure in figures],
                "high": [figure.high for figure in figures],
                "lowest": [figure.lowest for figure in figures],
                "highest": [figure.highest for figure in figures],
                "best": [point.number in self.swept.best for point in self.points],
                "out": [point.state is PointState.OUT for point in self.points],
                "words": [self._words(point) for point in self.points],
            }
        )

    def _words(self, point: Point) -> str:
        settings = [
            f"{self.swept.label(path)}: {self.swept.text(point, path)}"
            for path in self.swept.paths
            if path in point.settings
        ]
        scores = [
            f"{title}: {figure.text}"
            for at, title in enumerate(self.swept.sought)
            if (figure := point_figure(point, self.swept.asked.objectives, at))
        ]
        return "\n".join(
            [f"Point {point.number + 1}, {STATES[point.state]}", *settings, *scores, f"n = {point.n} rows per task"]
        )

    def _figures(self, point: Point) -> str:
        found = [point_figure(point, self.swept.asked.objectives, at) for at in range(len(self.swept.sought))]
        return f"{' and '.join(figure.text for figure in found if figure)}, n = {point.n} per task"

    def _figures_by(self, at: int) -> list[PointFigure]:
        found = [point_figure(point, self.swept.asked.objectives, at) for point in self.points]
        return [figure or PointFigure(nan, nan, nan, nan, "", True, nan, nan) for figure in found]

    def _figure(self, at: int) -> PointFigure:
        return self._figures_by(at)[0]

    def _score_title(self, at: int) -> str:
        """The title of an objective's axis, with what it is measured in where that says which way is better."""
        objective = self.swept.asked.objectives[at]
        metrics = [score.metric for score in self.points[0].scores if objective == TASK + score.task]
        scale = f" ({find_metric(metrics[0]).notation.scale})" if metrics and not self._figure(at).is_share else ""
        return f"{self.swept.sought[at]}, validation{scale}"
