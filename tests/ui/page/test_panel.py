"""What the panel is sent: plain JSON, the line that is a knob, states in words."""

from __future__ import annotations

import json
from dataclasses import replace

from ui.fake_worker import MODELS, charts, form, run_of

from mergelab.methods import METHODS
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.ui.form.form import MOST_EXPERTS, all_knobs
from mergelab.ui.form.link import link_of
from mergelab.ui.form.method_list import catalogue
from mergelab.ui.page.panel import defaults, lists, parts_of, scores_data
from mergelab.ui.session.messages import Scores, View
from mergelab.ui.session.score_tables import TaskFace
from mergelab.ui.session.status import Status

TASKS = {"task-a": TaskFace("Task A", "tiny/a")}


def test_everything_sent_is_strict_json() -> None:
    run = run_of(form().recipe().to_mapping(), "validation")
    scores = Scores(run, MODELS, TASKS, "exact", 1)
    recipe = form().recipe()
    link = link_of(recipe, MODELS, None)
    view = View(
        Status("ready", "done"),
        charts(),
        compare="",
        scores=scores,
        test=scores,
        recipe=recipe,
        link=link,
        notes=("n",),
        device="cpu",
    )
    json.dumps(parts_of(view), allow_nan=False)
    assert set(parts_of(view)) == {
        "status",
        "charts",
        "curves",
        "compare",
        "scores",
        "test",
        "home",
        "link",
        "notes",
        "device",
    }
    assert set(parts_of(view)["home"]) == {"yaml", "cli", "python"}


def test_an_unchanged_part_is_not_sent() -> None:
    assert set(parts_of(View(status=Status("ready", "done")))) == {"status"}


def test_the_lists_of_rules_have_a_line_for_each_choice_and_headings_for_methods() -> None:
    sent = lists()
    assert [entry["line"] for entry in sent["method"]] == [entry.line for entry in catalogue(METHODS.values())]
    assert len(sent["sparsifier"]) == len(SPARSIFIERS) + 1
    assert all(entry["line"] for entries in sent.values() for entry in entries)


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
