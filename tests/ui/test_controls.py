"""The sidebar is generated: every knob has a widget, and the page names none."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from ui.fake_worker import MODELS

from mergelab.knobs import Choice
from mergelab.methods import METHODS
from mergelab.sparsify import SPARSIFIERS
from mergelab.ui import controls as controls_module
from mergelab.ui.controls import Controls, control, preset_updates, sidebar
from mergelab.ui.form import KnobPlace, all_knobs
from mergelab.ui.presets import presets

UI = Path(controls_module.__file__).parent


def in_blocks(make: Callable[[], Any]) -> Any:
    """What `make` lays out; inside a running loop, because Gradio otherwise leaves one of its own unclosed."""

    async def laid_out() -> Any:
        with gr.Blocks(analytics_enabled=False):
            return make()

    return asyncio.run(laid_out())


@pytest.fixture(scope="module")
def built() -> Controls:
    return in_blocks(lambda: sidebar({"tiny": "Tiny"}, MODELS, "auto"))  # type: ignore[no-any-return]


def test_every_knob_of_every_rule_gets_a_widget_with_its_range_default_and_help(built: Controls) -> None:
    assert set(built.knobs) == set(all_knobs())
    for place, knob in all_knobs().items():
        widget = built.knobs[place]
        assert widget.elem_id == place.elem_id
        assert widget.info == knob.domain.help
        assert widget.value == knob.default
        if isinstance(knob.domain, Choice):
            assert [value for _, value in widget.choices] == list(knob.domain.options)
        else:
            assert (widget.minimum, widget.maximum, widget.step) == (
                knob.domain.low,
                knob.domain.high,
                knob.domain.step,
            )


def test_a_form_reads_the_values_in_the_order_of_the_inputs(built: Controls) -> None:
    values = [widget.value for widget in built.inputs]
    shown = built.form(MODELS, values)
    assert shown.recipe().digest() == presets()["TIES"].recipe.with_models("tiny", shown.recipe().models).digest()
    place = KnobPlace("method", "task_arithmetic", "scale")
    values[len(built.inputs) - len(built.knobs) + list(built.knobs).index(place)] = 1.25
    assert built.form(MODELS, values).knobs[place] == 1.25


def test_only_the_knobs_of_the_chosen_rules_are_shown(built: Controls) -> None:
    for method in METHODS:
        for sparsifier in ("none", *SPARSIFIERS):
            shown = [
                group
                for group, update in zip(built.groups, built.visibility(method, sparsifier), strict=True)
                if update["visible"]
            ]
            wanted = {("method", method)} | ({("sparsify", sparsifier)} - {("sparsify", "none")})
            assert {(group.owner, group.rule) for group in shown} == wanted


def test_weights_are_shown_for_the_chosen_experts_in_the_methods_range(built: Controls) -> None:
    box, first, second, *_ = built.weight_updates(MODELS, "ties", ["tiny/b"], [1.0] * 8)
    assert (box["visible"], first["visible"], second["visible"]) == (True, False, True)
    assert (second["label"], second["minimum"], second["maximum"]) == ("Expert B", -2.0, 2.0)
    assert built.weight_updates(MODELS, "slerp", ["tiny/b"], [1.0] * 8)[0]["visible"] is False


def test_a_weight_outside_the_new_methods_range_goes_back_to_the_default(built: Controls) -> None:
    weights = [-1.5, 0.5, *[1.0] * 6]
    _, first, second, *_ = built.weight_updates(MODELS, "average", ["tiny/a", "tiny/b"], weights)
    assert (first["value"], second["value"]) == (1.0, 0.5)


def test_a_preset_sets_its_knobs_and_resets_the_others(built: Controls) -> None:
    method, sparsifier, *knobs = preset_updates(built, presets()["DARE + TIES"].recipe)
    values = dict(zip(built.knobs, knobs, strict=True))
    assert (method, sparsifier) == ("ties", "dare")
    assert (values[KnobPlace("sparsify", "dare", "density")], values[KnobPlace("method", "ties", "density")]) == (
        0.3,
        1.0,
    )
    assert values[KnobPlace("method", "task_arithmetic", "scale")] == 0.3


def test_a_slider_has_a_number_box_and_a_reset() -> None:
    knob = next(knob for knob in METHODS["ties"].knobs if knob.name == "density")
    assert in_blocks(lambda: control(knob)).buttons == ["reset"]


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(UI.iterdir()) if path.suffix in (".py", ".js", ".html") and path.name != "words.py"],
    ids=lambda path: path.name,
)
def test_the_page_names_no_hyperparameter(path: Path) -> None:
    """A new knob needs no line here; words.py alone knows that a density has a drop rate."""
    names = {knob.name for rules in (METHODS, SPARSIFIERS) for rule in rules.values() for knob in rule.knobs} - {
        "weights",
        "t",
    }
    prose = r'(?s)""".*?"""|<p>.*?</p>|(?-s:#.*|//.*)'
    code = re.sub(prose, "", path.read_text(encoding="utf-8"))
    quoted = set(re.findall(r"""["'`]([a-z_]+)["'`]""", code))
    assert quoted & names == set()
