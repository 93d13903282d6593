"""The panel: the one component that owns plotly.js, and the plain data that it draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr
import numpy

from mergelab.diagnostics import Preview
from mergelab.knobs import Value
from mergelab.methods import METHODS
from mergelab.plots import (
    conflict_heatmap,
    conflict_summary,
    histogram_summary,
    magnitude_histogram,
    rows_of,
    score_bars,
    scores_summary,
    style_of,
)
from mergelab.recipe import Recipe
from mergelab.sparsify import SPARSIFIERS
from mergelab.ui.catalogue import catalogue, line_of
from mergelab.ui.form import MOST_EXPERTS, OWNERS, KnobPlace, all_knobs, weight_id
from mergelab.ui.link import VIEW
from mergelab.ui.program import program_of
from mergelab.ui.results import score_frame, table
from mergelab.ui.tensor import TENSOR_PARTS
from mergelab.ui.view import Charts, Scores, View
from mergelab.ui.words import COMPLEMENTS, counted, title_of

HERE = Path(__file__).parent


NOTHING_TO_SCORE = (
    "No task sets come with these models, so there is nothing to score. "
    "The charts above and “Keep this model” work all the same."
)
CHIPS = {"preview": "preview", "exact": "exact", "unknown": "no preview"}
"""What stands beside the headings of the live charts."""
PARTS = ("charts", "scores", "test", "status", "home", "link", "notes", "device", *TENSOR_PARTS)
SCRIPTS = (
    "drawing", "line", "lists", "lab", "scores", "status", "steps", "link", "resets", "keys",
    "tensor_paint", "tensor_moves", "tensor_tables", "tensor", "tabs",
)  # fmt: skip
"""One function body, in this order."""
TABS = ("lab", "tensor")


def panel(parts: Mapping[str, Any]) -> gr.HTML:
    """Charts, numbers, scores and status in one component; its parts are props that change one by one."""
    return gr.HTML(
        html_template=page_html(), js_on_load="\n".join(_text(f"{script}.js") for script in SCRIPTS),
        apply_default_css=False, elem_id="panel", complements=complements(), lists=lists(), defaults=defaults(), view=VIEW, **{**dict.fromkeys(PARTS), **parts},
    )  # fmt: skip


def page_html() -> str:
    """The frame with its tabs in it."""
    frame = _text("panel.html")
    for tab in TABS:
        frame = frame.replace(f"<!-- {tab}.html -->", _text(f"{tab}.html"))
    return frame


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def lists() -> dict[str, list[dict[str, str]]]:
    """Family and line of every choice of the two lists of rules, in their order, by the list's elem_id."""
    methods = [{"family": entry.family, "line": entry.line} for entry in catalogue(METHODS.values())]
    nothing = {"family": "", "line": "Every change goes into the merge."}
    sparsifiers = [{"family": "", "line": line_of(rule)} for rule in SPARSIFIERS.values()]
    return {"method": methods, "sparsifier": [nothing, *sparsifiers]}


def complements() -> dict[str, str]:
    """What 1 minus a knob's value is called, by the knob's elem_id."""
    return {place.elem_id: COMPLEMENTS[place.knob] for place in all_knobs() if place.knob in COMPLEMENTS}


def defaults() -> dict[str, Value]:
    """Each knob's default, by its elem_id; every method's weights begin at the same one."""
    weights = {weight_id(place): 1.0 for place in range(MOST_EXPERTS)}
    return {**{place.elem_id: knob.default for place, knob in all_knobs().items()}, **weights}


def parts_of(view: View) -> dict[str, Any]:
    """The panel's parts that a view changes, as JSON."""
    parts = {
        "status": asdict(view.status) if view.status else None,
        "charts": charts_data(view.charts) if view.charts else None,
        "scores": scores_data(view.scores) if view.scores else None,
        "test": scores_data(view.test) if view.test else None,
        **({"scores": unscored_data(view.unscored)} if view.unscored else {}),
        "home": home_data(view.recipe) if view.recipe else None,
        "link": asdict(view.link) if view.link else None,
        "notes": list(view.notes) if view.notes is not None else None,
        "device": view.device,
    }
    return {name: part for name, part in parts.items() if part is not None}


def update(view: View) -> Any:
    """The panel's update for what changed; nothing for an empty view."""
    changed = parts_of(view)
    return gr.update(**changed) if changed else gr.skip()


def charts_data(charts: Charts) -> dict[str, Any]:
    """Both live charts, the numbers and the threshold line, as JSON."""
    shown, models = charts.preview, charts.models
    titles, line = models.titles, line_data(charts)
    return {
        "label": shown.label, "chip": CHIPS[shown.label], "remark": shown.remark, "name": charts.recipe.digest()[:8],
        "models": f"{models.base} · {counted(len(shown.experts), 'expert')} · {charts.recipe.rule.title}",
        "heatmap": {"figure": vars(conflict_heatmap(shown.cells)), "summary": _conflicts(shown), "empty": "" if shown.cells["conflict"].notna().any() else _conflicts(shown)},
        "histogram": {
            "figure": vars(magnitude_histogram(shown.histogram, shown.experts, titles, models.places)),
            "summary": histogram_summary(shown.experts, titles), "notice": _notice(charts, line),
        },
        "numbers": [{"name": number.name, "text": number.text, "help": number.help} for number in shown.numbers],
        "legend": [_legend(row, models.places, titles) for row in rows_of(shown.experts)],
        "line": line,
    }  # fmt: skip


def _notice(charts: Charts, line: dict[str, Any] | None) -> str:
    if line:
        return "Changes left of the line are dropped, right of it kept. Drag the line: it is the slider."
    return charts.preview.notice or "No expert changed anything here, so there is no line."


def _conflicts(shown: Preview) -> str:
    return shown.remark if shown.label == "unknown" else conflict_summary(shown.cells)


def _legend(row: Mapping[str, Any], places: Mapping[str, int], titles: Mapping[str, str]) -> dict[str, Any]:
    look = style_of(places.get(row["expert"], 0))
    return {
        "title": titles.get(row["expert"], row["expert"]),
        "colour": look.colour,
        "dash": look.dash,
        "kept": _number(row["kept"]),
    }


def line_data(charts: Charts) -> dict[str, Any] | None:
    """The knob that the threshold line stands for, with what the browser needs to move the line by itself."""
    shown = charts.preview
    if shown.knob is None or (shown.experts["threshold"].isna().all() and _line_value(charts) > 0):
        return None
    owner, name = shown.knob.split(".", 1)
    step = getattr(charts.recipe, owner)
    knob = next(knob for knob in OWNERS[owner][step.name].knobs if knob.name == name)
    widths = numpy.diff(shown.histogram.edges)
    return {
        "key": " ".join(expert.model for expert in charts.recipe.models),
        "elem_id": KnobPlace(owner, step.name, name).elem_id,
        "title": title_of(name),
        "value": step.knobs[name], **{end: knob.domain.describe()[end] for end in ("low", "high", "step")},
        "edges": shown.histogram.edges.tolist(), "shares": (shown.histogram.shares * widths).tolist(),
        "thresholds": [_number(numpy.log10(at)) if at > 0 else None for at in shown.experts["threshold"]],
        "colours": [style_of(charts.models.places.get(expert, row)).colour for row, expert in enumerate(shown.experts["expert"])],
    }  # fmt: skip


def _line_value(charts: Charts) -> float:
    owner, name = str(charts.preview.knob).split(".", 1)
    return float(getattr(charts.recipe, owner).knobs[name])


def scores_data(scores: Scores) -> dict[str, Any]:
    """A split's table, and its bars."""
    frame = score_frame(scores.run, scores.tasks, scores.models.places)
    rows = table(scores.run, scores.tasks, scores.models.places)
    for row in rows:
        row["colour"] = None if row["place"] is None else style_of(row["place"]).colour
    return {
        "state": scores.state if rows else "none", "about": _about(scores), "rows": rows, "figure": vars(score_bars(frame)),
        "summary": scores_summary(frame) if rows else NOTHING_TO_SCORE, "notice": _score_notice(scores), "split": scores.run.split,
        "legend": [{"title": "base", "colour": "--ml-base"}, {"title": "the task’s own expert (in its colour)", "colour": "--ml-own"}, {"title": "merged", "colour": "--ml-ink"}] if rows else [],
        "empty": NOTHING_TO_SCORE,
    }  # fmt: skip


def unscored_data(sentence: str) -> dict[str, Any]:
    """The place of the scores before there are any; scores of other models are taken away with it."""
    return {
        "state": "none",
        "about": "",
        "rows": [],
        "figure": None,
        "summary": sentence,
        "notice": "",
        "legend": [],
        "empty": sentence,
    }


def _score_notice(scores: Scores) -> str:
    if scores.state == "stale":
        return "These scores belong to an earlier recipe. Press Merge to score the one on screen."
    if scores.state == "updating":
        return "Scores of an earlier recipe; those of the one on screen are on their way."
    return "A good merge comes near each task’s own expert, on every task at once."


def _about(scores: Scores) -> str:
    which = f"merge {scores.number}" if scores.number else "the live merge"
    return f"Scores of {which}, recipe {scores.run.digest[:8]}, {counted(scores.run.parameters, 'parameter')} on {scores.run.device}"


def home_data(recipe: Recipe) -> dict[str, str]:
    """The recipe as text, the command that runs it, and the program."""
    return {
        "yaml": recipe.to_yaml(),
        "cli": "mergelab merge recipe.yml --out merged",
        "python": program_of(recipe),
    }


def _number(value: float) -> float | None:
    return None if numpy.isnan(value) else float(value)
