"""What the panel is sent: plain JSON, the line that is a knob, states in words."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ui.fake_worker import MODELS, form, run_of, sketch_of

from mergelab.diagnostics import preview
from mergelab.methods import METHODS
from mergelab.sparsify import SPARSIFIERS
from mergelab.ui.catalogue import catalogue
from mergelab.ui.charts import charts_data, defaults, line_data, lists, parts_of, scores_data
from mergelab.ui.form import MOST_EXPERTS, KnobPlace, all_knobs
from mergelab.ui.link import link_of
from mergelab.ui.results import TaskFace
from mergelab.ui.status import Status
from mergelab.ui.view import Charts, Scores, View

TASKS = {"task-a": TaskFace("Task A", "tiny/a")}


def charts(**fields: object) -> Charts:
    recipe = form(**fields).recipe()
    return Charts(preview(sketch_of(recipe.to_mapping()), recipe), recipe, MODELS)


def test_everything_sent_is_strict_json() -> None:
    run = run_of(form().recipe().to_mapping(), "validation")
    scores = Scores(run, MODELS, TASKS, "exact", 1)
    recipe = form().recipe()
    link = link_of(recipe, MODELS, None)
    view = View(
        Status("ready", "done"), charts(), scores, test=scores, recipe=recipe, link=link, notes=("n",), device="cpu"
    )
    json.dumps(parts_of(view), allow_nan=False)
    assert set(parts_of(view)) == {"status", "charts", "scores", "test", "home", "link", "notes", "device"}
    assert set(parts_of(view)["home"]) == {"yaml", "cli", "python"}


def test_an_unchanged_part_is_not_sent() -> None:
    assert set(parts_of(View(status=Status("ready", "done")))) == {"status"}


def test_the_line_names_the_widget_of_its_knob_and_its_value() -> None:
    line = line_data(charts(knobs={KnobPlace("method", "ties", "density"): 0.4}))
    assert line is not None
    assert (line["elem_id"], line["value"], line["low"], line["high"]) == ("knob-method-ties-density", 0.4, 0.0, 1.0)
    assert len(line["thresholds"]) == len(line["shares"]) == 3
    assert all(sum(shares) == pytest.approx(1, abs=0.02) for shares in line["shares"])


def test_the_browsers_threshold_agrees_with_the_servers() -> None:
    """The page interpolates the histogram from the top; within a bin both stand at the same place."""
    line = line_data(charts(knobs={KnobPlace("method", "ties", "density"): 0.4}))
    assert line is not None
    for shares, threshold in zip(line["shares"], line["thresholds"], strict=True):
        above = sum(share for share, edge in zip(shares, line["edges"][:-1], strict=True) if edge >= threshold)
        assert above == pytest.approx(0.4, abs=max(shares))


@pytest.mark.parametrize(
    "fields",
    [
        {"method": "average"},
        *({"method": "average", "sparsifier": name} for name in SPARSIFIERS if name != "trim"),
        {"method": "slerp", "chosen": ("tiny/a", "tiny/b")},
        {"knobs": {KnobPlace("method", "ties", "scope"): "tensor"}},
    ],
)
def test_there_is_no_line_where_size_does_not_decide_and_a_sentence_says_so(fields: dict[str, object]) -> None:
    shown = charts(**fields)
    for label in ("preview", "exact"):
        sent = charts_data(replace(shown, preview=replace(shown.preview, label=label)))
        assert sent["line"] is None
        assert sent["histogram"]["notice"] == shown.preview.notice != ""


def test_a_sketch_of_other_settings_shows_no_figures_and_a_sentence() -> None:
    recipe = form(method="average", sparsifier="dare").recipe()
    unknown = Charts(preview(sketch_of(form().recipe().to_mapping()), recipe), recipe, MODELS)
    sent = charts_data(unknown)
    json.dumps(sent, allow_nan=False)
    assert sent["chip"] == "no preview"
    assert sent["heatmap"]["empty"] == sent["heatmap"]["summary"] == unknown.preview.remark
    assert {number["text"] for number in sent["numbers"]} == {"–"}


def test_the_lists_of_rules_have_a_line_for_each_choice_and_headings_for_methods() -> None:
    sent = lists()
    assert [entry["line"] for entry in sent["method"]] == [entry.line for entry in catalogue(METHODS.values())]
    assert len(sent["sparsifier"]) == len(SPARSIFIERS) + 1
    assert all(entry["line"] for entries in sent.values() for entry in entries)


def test_a_density_of_zero_keeps_its_handle() -> None:
    assert line_data(charts(knobs={KnobPlace("method", "ties", "density"): 0.0})) is not None


def test_one_expert_alone_gets_a_sentence_instead_of_an_empty_chart() -> None:
    assert charts_data(charts(chosen=("tiny/a",)))["heatmap"]["empty"].startswith("Nowhere")
    assert charts_data(charts())["heatmap"]["empty"] == ""


def test_stale_scores_say_what_to_do() -> None:
    run = run_of(form().recipe().to_mapping(), "validation")
    assert "Press Merge" in scores_data(Scores(run, MODELS, TASKS, "stale", 1))["notice"]


def test_a_merge_without_task_sets_claims_no_scores() -> None:
    run = replace(run_of(form().recipe().to_mapping(), "validation"), scores=[], references={})
    sent = scores_data(Scores(run, MODELS, {}, "exact", 1))
    assert (sent["state"], sent["rows"], sent["legend"]) == ("none", [], [])
    assert sent["summary"] == sent["empty"] and "nothing to score" in sent["empty"]


def test_scores_of_other_models_give_way_to_a_sentence() -> None:
    sent = parts_of(View(unscored="Not scored yet."))["scores"]
    assert (sent["state"], sent["rows"], sent["empty"]) == ("none", [], "Not scored yet.")


def test_the_browser_knows_the_default_of_every_knob_and_weight() -> None:
    assert len(defaults()) == len(all_knobs()) + MOST_EXPERTS
    assert all(defaults()[place.elem_id] == knob.default for place, knob in all_knobs().items())
    assert {rule.per_model.default for rule in METHODS.values() if rule.per_model} == {defaults()["weight-0"]}
