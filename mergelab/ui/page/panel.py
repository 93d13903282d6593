"""The panel: the one component that owns plotly.js, and the plain data that it draws."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import gradio as gr

from mergelab.charts import score_bars, scores_summary, style_of
from mergelab.methods import METHODS
from mergelab.methods.knobs import Value
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import Recipe
from mergelab.ui.form.examples import starting_points
from mergelab.ui.form.form import MOST_EXPERTS, all_knobs, weight_id
from mergelab.ui.form.labels import COMPLEMENTS, counted
from mergelab.ui.form.link import VIEW
from mergelab.ui.form.method_list import catalogue, line_of
from mergelab.ui.form.program import program_of
from mergelab.ui.page.compare_tab import compare_data
from mergelab.ui.page.live_messages import charts_data, curves_data
from mergelab.ui.page.module_files import ON_LOAD
from mergelab.ui.page.numbered_parts import as_texts, sent
from mergelab.ui.page.tensor_tab import TENSOR_PARTS
from mergelab.ui.session.messages import Comparison, Scores, Told, View
from mergelab.ui.session.score_tables import score_frame, table
from mergelab.ui.web import read

UNBROKEN = "\u00a0%"
"""A per cent sign that stays on the line of its number."""


NOTHING_TO_SCORE = (
    "No task sets come with these models, so there is nothing to score. "
    "The charts above and “Keep this model” work all the same."
)
PARTS = (
    "charts",
    "curves",
    "compare",
    "scores",
    "test",
    "status",
    "home",
    "link",
    "notes",
    "story",
    "device",
    "later",
    "visitor",
    *TENSOR_PARTS,
)
TABS = ("lab", "tensor", "compare")


def panel(parts: Mapping[str, Any], turned: Callable[[dict[str, Any]], str]) -> gr.HTML:
    """Charts, numbers, scores and status in one component; its parts are props that change one by one. The page calls
    `turned` when a knob is turned, and gets changed parts as JSON."""
    known = {"complements": complements(), "lists": lists(), "defaults": defaults(), "view": VIEW}
    made = gr.HTML(
        html_template=page_html(),
        js_on_load=ON_LOAD,
        apply_default_css=False,
        elem_id="panel",
        server_functions=[turned],
        **{**dict.fromkeys(PARTS), **as_texts({**known, **parts})},
    )
    # Gradio asks for these at every update, and looks through all scripts for an event of that name.
    vars(made).update(dict.fromkeys(("every", "inputs", "server_functions"), None))
    vars(made).update(dict.fromkeys(("is_template", "likeable", "_undoable", "_retryable"), False))
    return made


def page_html() -> str:
    """The frame with its tabs in it."""
    frame = read("panel.html")
    for tab in TABS:
        frame = frame.replace(f"<!-- {tab}.html -->", read(f"{tab}/{tab}.html"))
    return frame


def lists() -> dict[str, list[dict[str, str]]]:
    """Family and line of every choice of the lists, in their order, by the list's elem_id."""
    methods = [{"family": entry.family, "line": entry.line} for entry in catalogue(METHODS.values())]
    nothing = {"family": "", "line": "Every change goes into the merge."}
    sparsifiers = [{"family": "", "line": line_of(rule)} for rule in SPARSIFIERS.values()]
    starts = [{"family": start.family, "line": start.line} for start in starting_points()]
    return {"preset": starts, "method": methods, "sparsifier": [nothing, *sparsifiers]}


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
        "curves": curves_data(view.charts) if view.charts and view.charts.redrawn else None,
        "compare": compare_data(view.compare) if isinstance(view.compare, Comparison) else view.compare,
        "scores": scores_data(view.scores) if view.scores else None,
        "test": scores_data(view.test) if view.test else None,
        **({"scores": unscored_data(view.unscored)} if view.unscored else {}),
        "home": home_data(view.recipe) if view.recipe else None,
        "link": {**asdict(view.link), "at": time.monotonic()} if view.link else None,
        "notes": list(view.notes) if view.notes is not None else None,
        "story": story_data(view.story) if isinstance(view.story, Told) else view.story,
        "device": view.device,
    }
    return {name: part for name, part in parts.items() if part is not None}


def update(view: View) -> Any:
    """The panel's update for what changed; nothing for an empty view."""
    return sent(parts_of(view), view.number)


def scores_data(scores: Scores) -> dict[str, Any]:
    """A split's table, and its bars."""
    frame = score_frame(scores.run, scores.tasks, scores.models.places)
    rows = table(scores.run, scores.tasks, scores.models.places)
    for row in rows:
        row["colour"] = None if row["place"] is None else style_of(row["place"]).colour
    return {
        "state": scores.state if rows else "none",
        "about": _about(scores),
        "rows": rows,
        "figure": vars(score_bars(frame)),
        "digest": scores.run.digest,
        "summary": scores_summary(frame) if rows else NOTHING_TO_SCORE,
        "notice": _score_notice(scores),
        "split": scores.run.split,
        "legend": [
            {"title": "base", "colour": "--ml-base"},
            {"title": "the task’s own expert (in its colour)", "colour": "--ml-own"},
            {"title": "merged", "colour": "--ml-ink"},
        ]
        if rows
        else [],
        "empty": NOTHING_TO_SCORE,
    }


def story_data(told: Told) -> dict[str, Any]:
    """A story: what it says, and what the browser opens and marks for it."""
    story = told.story
    at = ":".join(story.at) if story.at else None
    return {
        "title": story.title,
        "sentences": [sentence.replace(" %", UNBROKEN) for sentence in story.sentences],
        "tab": story.tab,
        "at": at,
        "chart": story.chart,
        "key": told.key,
        "turn": told.turn,
        "pins": dict(told.pins),
        "pinned": dict(told.pinned),
    }


def unscored_data(sentence: str) -> dict[str, Any]:
    """The place of the scores before there are any; scores of other models are taken away with it."""
    return {
        "state": "none",
        "about": "",
        "digest": None,
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
    return {"yaml": recipe.to_yaml(), "cli": "mergelab merge recipe.yml --out merged", "python": program_of(recipe)}
