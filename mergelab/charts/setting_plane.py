"""The plane of a sweep: recipes as dots over two settings that make no grid."""

from __future__ import annotations

import pandas

from mergelab.charts.parallel_settings import shades
from mergelab.charts.round_ticks import round_ticks
from mergelab.charts.setting_axis import SettingAxis
from mergelab.charts.style import Picture, layout, lines, plain, rows_of


def setting_plane(points: pandas.DataFrame, x: SettingAxis, y: SettingAxis) -> Picture:
    """A dot per recipe, whose shade says how good it is; the best are stars.

    `points` has worth (more is better), number, best and words, in the order of the axes' values. Recipes for which a setting does not count are left out.
    """
    shade = shades(points["worth"].tolist())
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [_at(x, place)],
            "y": [_at(y, place)],
            "meta": {"shade": shade[place]},
            "marker": {"size": 16 if row["best"] else 10, "symbol": "star" if row["best"] else "circle"},
            "customdata": [row["number"]],
            "text": [lines(row["words"])],
            "hovertemplate": "%{text}<extra></extra>",
            "showlegend": False,
        }
        for place, row in enumerate(rows_of(points))
        if x.values[place] is not None and y.values[place] is not None
    ]
    return Picture(traces, layout(dragmode=False, hovermode="closest", xaxis=_axis(x), yaxis=_axis(y)))


def _at(axis: SettingAxis, place: int) -> object:
    return axis.values[place] if axis.is_numeric else plain(axis.texts[place])


def _axis(setting: SettingAxis) -> dict[str, object]:
    kind = "log" if setting.uses_logarithm else "linear" if setting.is_numeric else "category"
    title = {"text": plain(setting.title), "font": {"size": 12}}
    ticks = {"tickvals": round_ticks(*setting.ends, True)} if kind == "log" else {"nticks": 6}
    return {"automargin": True, "type": kind, "title": title, **ticks}
