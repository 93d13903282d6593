"""Stories can be told: their addresses read back whole, what they name exists, and their figures are those of the suites."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import pytest
from ui.fake_worker import form, last, opened

from mergelab.analysis.preview import AMONG_SHARED, Preview, curves, halving, narrowed, preview
from mergelab.analysis.sketch import Sketch
from mergelab.checkpoints import list_suites
from mergelab.evaluation import small_models
from mergelab.evaluation.scoring import QUICK_ROWS
from mergelab.jobs.workbench import merge, sketch
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish
from mergelab.ui.form.examples import GROUPS, presets, starting_points, title_fitting
from mergelab.ui.form.form import KnobPlace
from mergelab.ui.form.stories import STORIES, Story, parameters, stories
from mergelab.ui.form.texts.link import VIEW
from mergelab.ui.form.texts.parsed_link import read_query
from mergelab.ui.messages import Comparison
from mergelab.ui.session.chart_data import tensors_at
from mergelab.ui.session.render.recipe import ActiveStory, render_story
from mergelab.ui.session.server import Lab

LAB = Lab()
EACH = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.title)
FIGHT, DARE, VOTE, FROZEN = STORIES
pytestmark = pytest.mark.skipif(
    not {"pixels", "minilm"} <= set(list_suites()), reason="the suites of the stories are not built here"
)


def recipe_of(query: str) -> Recipe:
    parsed_link = read_query(parameters(query), LAB.session("visitor").sources.all, LAB.opening())
    assert parsed_link.notes == ()
    return parsed_link.form.recipe()


@cache
def drawn(query: str) -> tuple[Recipe, Sketch, Preview]:
    recipe = recipe_of(query)
    made = finish(sketch(recipe.to_mapping(), "cpu"))
    return recipe, made, preview(made, recipe)


@cache
def scores_of(query: str, *only: str) -> dict[str, float]:
    """Accuracy in percent, as the page scores it at first."""
    recipe = recipe_of(query)
    tasks = only or [model.model.split("/")[1] for model in recipe.models]
    run = finish(merge(recipe.to_mapping(), tasks=tasks, rows=QUICK_ROWS, device="cpu", counted=False))
    return {score.task: 100 * score.value for score in run.scores}


def mean(values: Mapping[str, float]) -> float:
    return sum(values.values()) / len(values)


def says(story: Story, *figures: str) -> bool:
    return all(figure in " ".join(story.sentences) for figure in figures)


# ---- what every story must keep


@EACH
def test_its_address_is_the_one_that_copy_link_writes(story: Story) -> None:
    for query in filter(None, (story.query, story.aside)):
        parsed_link = read_query(parameters(query), LAB.session("visitor").sources.all, LAB.opening())
        view = {name: value for name, value in parameters(query).items() if name in VIEW}
        assert parsed_link.notes == ()
        assert query == "&".join(
            [LAB.link(parsed_link.form).query, *(f"{name}={value}" for name, value in reversed(view.items()))]
        )
    assert "tab" not in parameters(story.aside) and "at" not in parameters(story.aside)


@EACH
def test_what_it_looks_at_is_there(story: Story) -> None:
    assert story.tab in ("lab", "compare")
    assert story.chart in {"heatmap", "kept", "compared-scores"}
    if story.at:
        _, made, _ = drawn(story.query)
        assert tensors_at(made, story.at) is not None


@EACH
def test_it_has_two_or_three_plain_sentences_and_a_line_for_the_list(story: Story) -> None:
    assert 2 <= len(story.sentences) <= 3
    assert all(len(sentence) < 240 and sentence.endswith(".") for sentence in story.sentences)
    assert len(story.line) < 90 and story.line.endswith(".")


@EACH
def test_the_list_names_a_preset_for_its_recipe_or_else_the_story(story: Story) -> None:
    parsed_link = read_query(story.parameters, LAB.session("visitor").sources.all, LAB.opening())
    assert title_fitting(parsed_link.form) in (*presets(), story.title)
    assert (title_fitting(parsed_link.form) == story.title) == (story is VOTE)


def test_the_list_has_stories_and_presets_under_their_headings() -> None:
    listed = starting_points()
    assert [entry.name for entry in listed] == [*stories(), *presets()]
    assert [entry.family for entry in listed] == [GROUPS[0]] * len(stories()) + [GROUPS[1]] * len(presets())


def test_stories_of_suites_that_are_not_here_are_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mergelab.ui.form.stories.list_suites", lambda: {"pixels": None})
    assert list(stories()) == [DARE.title, VOTE.title]


def test_the_page_is_sent_what_to_open_and_what_was_pinned_before() -> None:
    sent = render_story(ActiveStory(FIGHT, "v=1&suite=minilm", 3, {}, {"a": "v=1&suite=pixels"}))
    assert (sent.tab, sent.at, sent.turn) == ("lab", "5:mlp.down", 3)
    assert (sent.pins, sent.pinned) == ({}, {"a": "v=1&suite=pixels"})


# ---- the session's part


@pytest.mark.usefixtures("one_task")
def test_what_a_story_puts_aside_is_read_and_scored_beside_the_recipe_on_screen() -> None:
    session, worker = opened()
    session.set_scene({"a": form(sparsifier="dare")}, ("1", "mlp.down"))
    shown = last(session.preview(form()))
    assert isinstance(shown.compare, Comparison) and shown.charts
    assert shown.charts.at and (shown.charts.at.layer, shown.charts.at.module) == ("1", "mlp.down")
    assert shown.compare.slots.a.pinned and not shown.compare.slots.b.pinned
    assert len(worker.named("sketch")) == 2, "a recipe with another sparsifier needs a sketch of its own"
    scored = last(session.live(form()))
    assert isinstance(scored.compare, Comparison) and len(scored.compare.scores.rows) == 1
    list(session.live(form()))
    assert len(worker.named("merge")) == 2


def test_a_scene_without_another_recipe_leaves_none_aside() -> None:
    session, _ = opened()
    list(session.pin(form(), "b"))
    session.set_scene({}, None)
    assert last(session.preview(form())).compare == ""


def test_large_models_that_are_put_aside_wait_for_merge(monkeypatch: pytest.MonkeyPatch) -> None:
    session, worker = opened()
    monkeypatch.setattr(small_models, "MOST", 10)
    session.set_scene({"a": form(knobs={KnobPlace("method", "ties", "density"): 0.9})}, None)
    list(session.preview(form()))
    assert list(session.live(form())) == [] and worker.named("merge") == []


# ---- the figures in their sentences


def test_two_experts_fight_as_the_sentences_say() -> None:
    recipe, made, shown = drawn(FIGHT.query)
    cell = narrowed(shown, made, tensors_at(made, FIGHT.at))
    along = curves(made, recipe, tensors_at(made, FIGHT.at))
    figures = {number.name: number.value for number in shown.numbers}
    here = {number.name: number.value for number in cell.numbers}
    assert says(FIGHT, "50 %", "87 %", "density 0.03", "99 %")
    assert figures[AMONG_SHARED] == pytest.approx(0.50, abs=0.006)
    assert here[AMONG_SHARED] == pytest.approx(0.87, abs=0.006)
    assert halving(along, 0.2, 0.01) == 0.03
    fewer = drawn(f"{FIGHT.query.partition('&at=')[0]}&density=0.03")[2]
    less = {number.name: number.value for number in narrowed(fewer, made, tensors_at(made, FIGHT.at)).numbers}
    assert less[AMONG_SHARED] == pytest.approx(0.99, abs=0.006)
    cells = shown.cells[shown.cells["coactive"] * shown.cells["entries"] > 1000]
    strongest = cells.sort_values("conflict").iloc[-1]
    assert (strongest["layer"], strongest["module"]) == FIGHT.at, "of the cells with more than a handful of entries"


def test_dare_at_90_percent_scores_as_the_sentences_say() -> None:
    without, dare = scores_of(DARE.aside), scores_of(DARE.query.partition("&tab")[0])
    ablated = scores_of(f"{DARE.query.partition('&tab')[0]}&sparsify.rescale=none")
    sparse = scores_of(f"{DARE.query.partition('&tab')[0]}&sparsify.density=0.02")
    assert says(DARE, "2 points", "75 % to 70 %", "0.02", "69 %", "fifty")
    assert max(abs(without[task] - dare[task]) for task in without) <= 2.001
    assert [round(mean(each)) for each in (dare, ablated, sparse)] == [75, 70, 69]


def test_the_vote_scores_as_the_sentences_say() -> None:
    before, after = scores_of(VOTE.aside), scores_of(VOTE.query.partition("&tab")[0])
    gains = {task: after[task] - before[task] for task in before}
    assert says(VOTE, "weight 2", "2 to 5 points")
    assert gains.pop("fashion") >= 0
    assert len(gains) == 4 and all(1.999 <= gain <= 5 for gain in gains.values())
    kept = [drawn(query)[2].figures.kept for query in (VOTE.aside, VOTE.query)]
    assert (kept[0] == kept[1]).all()


def test_one_threshold_keeps_what_the_sentences_say() -> None:
    _, _, shown = drawn(FROZEN.query)
    kept = shown.kept[shown.kept["expert"] == "minilm/movie"].set_index("layer")["share"]
    assert says(FROZEN, "28 %", "9 %", "20 %")
    assert [round(100 * kept[layer]) for layer in ("0", "5", "other", "embeddings")] == [28, 9, 0, 0]
    by_tensor = drawn(FROZEN.aside)[2].kept
    changed = by_tensor[by_tensor["layer"] != "embeddings"]["share"]
    assert changed.between(0.195, 0.225).all()
    assert (by_tensor[by_tensor["layer"] == "embeddings"]["share"] == 0).all()


def test_every_share_in_the_sentences_is_one_that_was_measured_above() -> None:
    measured = {FIGHT: {50, 87, 99, 86, 77}, DARE: {75, 70, 69}, VOTE: set(), FROZEN: {28, 9, 20}}
    for story, shares in measured.items():
        assert {int(found) for found in re.findall(r"(\d+) %", " ".join(story.sentences))} == shares


def test_fewer_conflicts_cost_what_the_sentences_say() -> None:
    recipe = FIGHT.query.partition("&at=")[0]
    assert says(FIGHT, "86 % to 77 %", "200 examples")
    assert [int(scores_of(query, "movie")["movie"] + 0.5001) for query in (recipe, f"{recipe}&density=0.03")] == [
        86,
        77,
    ]
