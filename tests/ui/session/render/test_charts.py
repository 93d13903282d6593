"""The live charts as messages: of all tensors or of one cell, with curves over every density."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy
import pytest
from ui.fake_worker import charts, charts_of, form, sketch_of

from mergelab.methods import METHODS
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.ui.form.form import KnobPlace
from mergelab.ui.messages import TensorTitle
from mergelab.ui.session.render.charts import render_charts
from mergelab.ui.session.render.curve_charts import render_curves

DENSITY = KnobPlace("method", "ties", "density")


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
        sent = render_charts(replace(shown, preview=replace(shown.preview, label=label)))
        assert sent.line is None
        assert sent.histogram.notice == shown.preview.notice != ""


def test_a_sketch_of_other_settings_shows_no_figures_and_a_sentence() -> None:
    recipe = form(method="average", sparsifier="dare").recipe()
    unknown = charts_of(recipe, sketch_of(form().recipe().to_mapping()))
    sent = render_charts(unknown)
    assert sent.chip == "no estimate"
    assert sent.heatmap.empty == sent.heatmap.summary == unknown.preview.remark
    assert {number.text for number in sent.numbers} == {"–"}


def test_one_expert_alone_gets_a_sentence_instead_of_an_empty_chart() -> None:
    alone = render_charts(charts(chosen=("tiny/a",)))
    assert alone.heatmap.empty == alone.pairs.empty == "Needs at least two experts."
    assert [number.name for number in alone.numbers] == ["Kept", "Energy kept"]
    assert render_curves(charts(chosen=("tiny/a",))).empty == "Needs at least two experts."
    assert render_charts(charts()).heatmap.empty == ""


def test_each_cell_can_be_named_and_the_one_with_most_conflicting_weights_comes_first() -> None:
    sent = render_charts(charts())
    assert {(cell.layer, cell.module) for cell in sent.cells} == {("0", "mlp.down"), ("1", "mlp.down")}
    counts = [int(cell.title.split(" · ")[1].split()[0]) for cell in sent.cells]
    assert counts == sorted(counts, reverse=True)
    assert sent.cells[0].title.endswith(f"conflicting ({round(100 * counts[0] / 64)} %)")
    assert sent.cells[0].title.startswith("layer ")


def test_a_cell_that_is_looked_at_names_its_tensors_and_has_numbers_of_its_own() -> None:
    whole, one = render_charts(charts()), render_charts(charts(at=("1", "mlp.down")))
    assert whole.at is None
    assert one.at and one.at.tensors == [TensorTitle("encoder.layer.1.output.dense.weight", "8 × 8")]
    assert one.numbers != whole.numbers
    assert one.heatmap.figure == whole.heatmap.figure
    assert one.pairs != whole.pairs
    assert one.histogram.figure.data != whole.histogram.figure.data
    assert one.histogram.figure.layout["xaxis"] == whole.histogram.figure.layout["xaxis"]


def test_the_advice_names_a_density_that_halves_the_headline_number() -> None:
    shown = charts(knobs={DENSITY: 0.6})
    sent = render_charts(shown).now
    assert (sent.place, sent.dial) == (0.6, "knob-method-ties-density")
    then = charts(knobs={DENSITY: sent.half}).preview.figures.conflicting.sum()
    assert then <= shown.preview.figures.conflicting.sum() / 2
    now, half = map(float, re.findall(r"[\d.]+(?= →| %\.)", sent.advice))
    headline = render_charts(shown).numbers[0]
    assert headline.name == "Conflicting weights"
    assert now == pytest.approx(float(headline.text.split()[0]), abs=0.11)
    assert half <= now / 2
    assert sent.advice.startswith(f"Density {sent.half:.3g} cuts the conflicting weights by {1 - half / now:.0%}"[:-1])
    assert (
        sent.halved.startswith(f"Done: density {sent.half:.3g} instead of ")
        and sent.advice.split(": ")[1][:-1] in sent.halved
    )


def test_what_never_conflicts_has_no_density_that_halves_it() -> None:
    sent = render_charts(charts(chosen=("tiny/a",))).now
    assert (sent.half, sent.advice) == (None, "No weight conflicts at this density.")


def test_the_curves_meet_the_numbers_at_the_recipes_density() -> None:
    shown = charts(knobs={DENSITY: 0.25})
    figure = render_curves(shown).figure
    assert figure is not None
    lines = {trace["meta"]["key"]: trace for trace in figure.data}
    values = {number.name: number.value for number in shown.preview.numbers}
    for key, name in (
        ("conflict_of_all", "Conflicting weights"),
        ("conflict", "Conflict among shared weights"),
        ("cancellation", "Cancelled"),
        ("retained", "Energy kept"),
    ):
        known = [(x, y) for x, y in zip(lines[key]["x"], lines[key]["y"], strict=True) if y is not None]
        assert numpy.interp(0.25, *zip(*known, strict=True)) == pytest.approx(values[name], abs=0.02), name
    assert len(lines["conflict"]["x"]) <= 101


def test_settings_without_curves_get_a_sentence() -> None:
    shown = charts(method="average", sparsifier="dare", knobs={KnobPlace("sparsify", "dare", "target"): "weights"})
    sent = render_curves(shown)
    assert sent.figure is None
    assert sent.empty.startswith("No curves")


def test_the_pinned_curves_stand_behind_those_of_the_recipe() -> None:
    shown, other = charts(), charts(knobs={KnobPlace("method", "ties", "scope"): "tensor"})
    sent = render_curves(replace(shown, behind=other))
    assert sent.figure is not None
    behind = [trace for trace in sent.figure.data if trace["meta"].get("pinned")]
    lines = [trace for trace in behind if trace["mode"] == "lines"]
    assert len(lines) == len(behind) - len(lines) == len(sent.figure.data) - len(behind)  # a ring on each line
    assert all(trace["opacity"] < 1 for trace in lines)
    assert sent.pinned and sent.pinned.title == other.title


def hidden(**fields: object) -> list[str]:
    return list(render_charts(charts(**fields)).hidden)


def test_cards_that_say_nothing_about_a_method_are_hidden_by_what_it_declares() -> None:
    assert hidden() == ["shares"]
    assert hidden(method="average") == ["curves", "kept"]
    assert hidden(method="average", sparsifier="dare") == []
    assert hidden(method="tsv_m") == ["curves", "kept", "shares"]
    assert hidden(method="fisher") == ["curves", "kept"]


def test_a_new_method_gets_its_cards_from_its_declaration(monkeypatch: pytest.MonkeyPatch) -> None:
    for combines, expected in (("sum", ["curves", "kept"]), ("elected mean", ["curves", "kept", "shares"])):
        monkeypatch.setitem(METHODS, "median", replace(METHODS["median"], combines=combines))
        assert hidden(method="median") == expected


def test_a_method_that_drops_nothing_has_no_kept_numbers_and_no_curves() -> None:
    shown = charts(method="average")
    names = [number.name for number in render_charts(shown).numbers]
    assert names == ["Conflicting weights", "Conflict among shared weights", "Shared weights", "Cancelled"]
    assert render_curves(shown).figure is None
    assert render_charts(shown).now.advice == ""


def columns(**fields: object) -> list[str]:
    return [column.name for column in render_charts(charts(**fields)).experts.columns]


def test_the_table_of_experts_has_the_columns_that_are_known_for_the_method() -> None:
    assert columns() == ["‖Δ‖", "Kept", "Energy kept", "Cosine"]
    assert columns(method="average") == ["‖Δ‖", "Cosine"]
    assert columns(method="tsv_m") == ["‖Δ‖"]
    assert "Cosine" not in render_charts(charts(method="tsv_m")).experts.notice
    assert columns(method="weighted_sum") == ["‖Δ‖"], "the weights sum to 3, so the base is scaled as well"


def test_curves_of_a_method_that_does_not_declare_how_it_combines_have_no_cosine() -> None:
    figure = render_curves(charts(method="median", sparsifier="dare")).figure
    assert figure is not None
    assert "cosine" not in {trace["meta"]["key"] for trace in figure.data}


def test_the_shares_of_a_method_with_statistics_are_shown_after_its_merge() -> None:
    waiting = render_charts(charts(method="fisher")).shares
    assert waiting.empty.startswith("Press Merge")
    assert waiting.figure.data == []
    drawn = render_charts(charts(method="average")).shares
    assert (drawn.empty, len(drawn.legend)) == ("", 3)
    assert drawn.summary.startswith("Largest share, of 2 cells")
