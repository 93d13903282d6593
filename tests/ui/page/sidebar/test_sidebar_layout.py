"""The sidebar is generated: every knob has a widget, and the page names none."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated as A
from typing import Any

import gradio as gr
import pytest
from torch import Tensor
from ui.fake_worker import MODELS, form, run_of

from mergelab import ui
from mergelab.methods import METHODS
from mergelab.methods.knobs import Choice, Knob, Range
from mergelab.methods.registry import Rule
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import Step
from mergelab.ui.form.examples import FIRST, presets
from mergelab.ui.form.form import KnobPlace, all_knobs
from mergelab.ui.form.labels import NUMBERS_OF_EXPERTS, PLACES, PLACES_HELP, STEPS
from mergelab.ui.form.method_list import method_choices
from mergelab.ui.form.sidebar_values import WITHOUT_WIDGETS, form_of
from mergelab.ui.page.sidebar.knob_widgets import control, linked
from mergelab.ui.page.sidebar.sidebar_layout import Sidebar, sidebar
from mergelab.ui.page.sidebar.sidebar_updates import (
    form_updates,
    number_of_experts,
    per_expert,
    per_expert_updates,
    preset_updates,
    visible_columns,
    weight_updates,
)
from mergelab.ui.session.score_tables import score_frame

UI = Path(ui.__file__).parent


def in_blocks(make: Callable[[], Any]) -> Any:
    """What `make` lays out; inside a running loop, because Gradio otherwise leaves one of its own unclosed."""

    async def laid_out() -> Any:
        with gr.Blocks(analytics_enabled=False):
            return make()

    return asyncio.run(laid_out())


@pytest.fixture(scope="module")
def built() -> Sidebar:
    return in_blocks(lambda: sidebar({"tiny": "Tiny"}, MODELS, "auto"))  # type: ignore[no-any-return]


def test_every_knob_of_every_rule_gets_a_widget_with_its_range_default_and_help(built: Sidebar) -> None:
    for place, knob in all_knobs().items():
        widget = built.widgets[place.elem_id]
        assert str(widget.info).startswith(PLACES_HELP if knob.name in PLACES else knob.domain.help)
        assert widget.value == knob.default
        if knob.name in PLACES:
            assert widget.choices == [("Shared change only", 0)], "experts are named once the method is chosen"
        elif isinstance(knob.domain, Choice):
            assert [value for _, value in widget.choices] == list(knob.domain.options)
        else:
            domain = knob.domain
            ends = (domain.low, domain.high) if isinstance(widget, gr.Slider) else domain.bounds
            assert (widget.minimum, widget.maximum, widget.step) == (*ends, domain.step)


def test_every_widget_is_known_by_the_name_that_the_browser_knows(built: Sidebar) -> None:
    assert all(widget.elem_id == name for name, widget in built.widgets.items())
    named = {*built.values, *built.outputs, *built.turning}
    assert named - set(WITHOUT_WIDGETS) <= set(built.widgets)


def test_a_form_reads_the_values_by_name(built: Sidebar) -> None:
    values = built.values
    shown = form_of(MODELS, values)
    assert (
        shown.recipe().digest()
        == replace(presets()["paper: TIES"].recipe, base="tiny", models=shown.recipe().models).digest()
    )
    place = KnobPlace("method", "task_arithmetic", "scale")
    assert form_of(MODELS, {**values, place.elem_id: 1.25}).knobs[place] == 1.25


def test_only_the_knobs_of_the_chosen_rules_are_shown(built: Sidebar) -> None:
    for method in METHODS:
        for sparsifier in ("none", *SPARSIFIERS):
            updates = visible_columns(method, sparsifier)
            shown = [group for group in built.groups if updates.pop(str(group.column.elem_id))["visible"]]
            assert not updates
            wanted = {("method", method)} | ({("sparsify", sparsifier)} - {("sparsify", "none")})
            assert {(group.owner, group.rule) for group in shown} == wanted


def test_weights_are_shown_for_the_chosen_experts_in_the_methods_range() -> None:
    updates = weight_updates(MODELS, "ties", ["tiny/b"], {})
    box, first, second, *others = updates.values()
    assert len(others) == 6
    assert (box["visible"], first["visible"], second["visible"]) == (True, False, True)
    assert (second["label"], second["minimum"], second["maximum"]) == ("Expert B", -2.0, 2.0)
    assert weight_updates(MODELS, "slerp", ["tiny/b"], {})["weights"]["visible"] is False


def test_a_weight_outside_the_new_methods_range_goes_back_to_the_default() -> None:
    weights = {"tiny/a": -1.5, "tiny/b": 0.5}
    updates = weight_updates(MODELS, "average", ["tiny/a", "tiny/b"], weights)
    assert (updates["weight-0"]["value"], updates["weight-1"]["value"]) == (1.0, 0.5)


def test_a_preset_sets_its_knobs_and_resets_the_others() -> None:
    updates = preset_updates(presets()["paper: DARE+TIES"].recipe)
    values = {place: updates[place.elem_id] for place in all_knobs()}
    assert (updates["method"], updates["sparsifier"]) == ("ties", "dare")
    assert (values[KnobPlace("sparsify", "dare", "density")], values[KnobPlace("method", "ties", "density")]) == (
        0.5,
        0.2,
    )
    assert values[KnobPlace("method", "task_arithmetic", "scale")] == 0.3


def test_a_slider_has_a_number_box_and_a_reset() -> None:
    knob = next(knob for knob in METHODS["ties"].knobs if knob.name == "density")
    assert in_blocks(lambda: control(knob)).buttons == ["reset"]


def test_a_range_too_fine_for_a_slider_is_a_number_that_tells_its_ends() -> None:
    knob = Knob("tiny", Range(0.0, 0.01, 1e-06, "Smallest value"), 1e-06)
    widget = in_blocks(lambda: control(knob))
    assert isinstance(widget, gr.Number)
    assert widget.info == "Smallest value. From 0 to 0.01."


def test_methods_are_listed_in_families_and_the_opening_one_is_chosen(built: Sidebar) -> None:
    assert [name for _, name in built.widgets["method"].choices] == [entry.name for entry in method_choices()]
    assert built.widgets["method"].value == presets()[FIRST].recipe.method.name


def test_a_rule_that_nobody_knew_gets_its_widgets_and_its_knobs_reach_the_recipe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def swirl(deltas: Tensor, *, twist: A[float, Range(0.0, 4.0, 0.5, "How far")] = 1.0) -> Tensor:
        """Turn every change."""
        return deltas.sum(0) * twist

    def sift(deltas: Tensor, *, mesh: A[str, Choice(("fine", "coarse"), "How wide")] = "fine") -> Tensor:
        """Sift every change."""
        return deltas

    monkeypatch.setitem(METHODS, "swirl", Rule.read(swirl, "Swirl", "deltas", "nobody"))
    monkeypatch.setitem(SPARSIFIERS, "sift", Rule.read(sift, "Sift", "deltas", "nobody"))
    fresh: Sidebar = in_blocks(lambda: sidebar({"tiny": "Tiny"}, MODELS, "auto"))
    values = {**fresh.values, "method": "swirl", "sparsifier": "sift"}
    values |= {"knob-method-swirl-twist": 2.5, "knob-sparsify-sift-mesh": "coarse"}
    recipe = form_of(MODELS, values).recipe()
    assert recipe.method == Step("swirl", {"twist": 2.5})
    assert recipe.sparsify == Step("sift", {"mesh": "coarse"})


NUMBERS = [place for place in all_knobs() if place.knob in NUMBERS_OF_EXPERTS]


@pytest.mark.parametrize("place", NUMBERS, ids=lambda place: f"{place.rule} {place.knob}")
def test_a_number_of_experts_is_kept_while_there_are_so_many(place: KnobPlace) -> None:
    both = number_of_experts(place, ["Expert A", "Expert B"], 2)
    assert both["value"] == 2
    assert number_of_experts(place, ["Expert A", "Expert B"], 3)["value"] == all_knobs()[place].default
    experts = [("Shared change only", 0), ("Expert A", 1), ("Expert B", 2)]
    ends = {"choices": experts} if place.knob in PLACES else {"maximum": 2}
    assert {name: both[name] for name in ends} == ends


def test_what_depends_on_the_chosen_experts_is_updated_together() -> None:
    updates = per_expert_updates(MODELS, "ties", list(MODELS.titles))
    assert list(updates) == per_expert()
    assert [updates[place.elem_id].get("maximum") or len(updates[place.elem_id]["choices"]) for place in NUMBERS] == [
        4,
        3,
    ]


def test_files_are_offered_of_the_chosen_experts_and_others_choices_go_back_to_the_bases() -> None:
    updates = per_expert_updates(MODELS, "ties", ["tiny/a"], form(file_choices={"tokenizer": "tiny/b"}))
    assert [value for _, value in updates["tokenizer"]["choices"]] == ["", "base", "union", "tiny/a"]
    assert updates["tokenizer"]["value"] == ""
    kept = per_expert_updates(MODELS, "ties", ["tiny/a"], form(file_choices={"chat_template": "tiny/a"}))
    assert kept["chat_template"]["value"] == "tiny/a"


@cache
def table_columns() -> set[str]:
    run = run_of(form().recipe().to_mapping(), "validation")
    tables = (run.preview.cells, run.preview.experts, score_frame(run, {}, {}))
    return {str(column) for table in tables for column in table.columns}


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(UI.rglob("*")) if path.suffix in (".py", ".js", ".html") and path.name != "labels.py"],
    ids=lambda path: path.name,
)
def test_the_page_names_no_hyperparameter(path: Path) -> None:
    """A new knob needs no line here; labels.py alone knows what is special about one.

    A word that is also a column of a table on the page, such as the task of a score, or a step of a merge is taken for that.
    """
    names = {knob.name for rules in (METHODS, SPARSIFIERS) for rule in rules.values() for knob in rule.knobs} - {
        "weights",
        "t",
        *table_columns(),
        *STEPS,
    }
    prose = r'(?s)""".*?"""|<p>.*?</p>|(?-s:#.*|//.*)'
    code = re.sub(prose, "", path.read_text(encoding="utf-8"))
    quoted = set(re.findall(r"""["'`]([a-z_]+)["'`]""", code))
    assert quoted & names == set()


@pytest.mark.parametrize("method", METHODS)
def test_a_filled_sidebar_says_the_form_that_filled_it(built: Sidebar, method: str) -> None:
    count = METHODS[method].models or 3
    asked = form(
        method=method,
        sparsifier="dare",
        chosen=tuple(MODELS.titles)[:count],
        seed=5,
        dtype="float32",
        weights={"tiny/b": 0.5},
        knobs={KnobPlace("sparsify", "dare", "density"): 0.4},
    )
    filled = form_updates(asked, {"tiny": "Tiny"}, None)
    assert set(filled) <= set(built.outputs)
    after = {name: _shown(filled[name], value) if name in filled else value for name, value in built.values.items()}
    assert form_of(MODELS, after).recipe() == asked.recipe()


def _shown(update: Any, before: Any) -> Any:
    return update.get("value", before) if isinstance(update, dict) else update


def test_a_slider_grows_to_hold_a_valid_value_beyond_its_ends(built: Sidebar) -> None:
    place = KnobPlace("method", "task_arithmetic", "scale")
    form = replace(form_of(MODELS, built.values), method="task_arithmetic")
    reference = next(iter(MODELS.titles))
    wide = replace(form, knobs={**form.knobs, place: 7.5}, weights={**form.weights, reference: -12.0})
    filled = form_updates(wide, {}, None)
    scale, weight = filled[place.elem_id], filled["weight-0"]
    assert (scale["value"], scale["minimum"], scale["maximum"]) == (7.5, -2.0, 7.5)
    assert (weight["value"], weight["minimum"], weight["maximum"]) == (-12.0, -12.0, 2.0)
    assert form_updates(form, {}, None)[place.elem_id] == 0.3


def test_a_paper_is_a_link_where_it_has_an_arxiv_id() -> None:
    assert linked("Yadav et al. 2023, arXiv:2306.01708") == (
        "Yadav et al. 2023, [arXiv:2306.01708](https://arxiv.org/abs/2306.01708)"
    )
    assert linked("mergekit 0.1.5") == "mergekit 0.1.5"
