"""The live charts as messages: of all tensors or of one cell, with curves over every density."""

from __future__ import annotations

from dataclasses import replace

import numpy
import pytest
from ui.fake_worker import charts, charts_of, form, sketch_of

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
    assert render_charts(charts(chosen=("tiny/a",))).heatmap.empty.startswith("No entry is kept by two experts")
    assert render_charts(charts()).heatmap.empty == ""


def test_each_cell_can_be_named_and_the_one_that_conflicts_most_comes_first() -> None:
    sent = render_charts(charts())
    assert {(cell.layer, cell.module) for cell in sent.cells} == {("0", "mlp.down"), ("1", "mlp.down")}
    shares = [int(cell.title.split(" · ")[1].split()[0]) for cell in sent.cells]
    assert shares == sorted(shares, reverse=True)
    assert sent.cells[0].title.startswith("layer ")


def test_a_cell_that_is_looked_at_names_its_tensors_and_has_numbers_of_its_own() -> None:
    whole, one = render_charts(charts()), render_charts(charts(at=("1", "mlp.down")))
    assert whole.at is None
    assert one.at and one.at.tensors == [TensorTitle("encoder.layer.1.output.dense.weight", "8 × 8")]
    assert one.numbers != whole.numbers
    assert one.heatmap.figure == whole.heatmap.figure
    assert one.pairs != whole.pairs


def test_the_advice_names_a_density_at_which_half_as_many_entries_conflict() -> None:
    shown = charts(knobs={DENSITY: 0.6})
    sent = render_charts(shown).now
    assert (sent.place, sent.dial) == (0.6, "knob-method-ties-density")
    then = charts(knobs={DENSITY: sent.half}).preview.figures.conflicting.sum()
    assert then <= shown.preview.figures.conflicting.sum() / 2
    assert f"At {sent.half:.3g} it is half of that" in sent.advice


def test_what_never_conflicts_has_no_density_that_halves_it() -> None:
    sent = render_charts(charts(chosen=("tiny/a",))).now
    assert (sent.half, sent.advice) == (None, "No entry conflicts at this density.")


def test_the_curves_meet_the_numbers_at_the_recipes_density() -> None:
    shown = charts(knobs={DENSITY: 0.25})
    figure = render_curves(shown).figure
    assert figure is not None
    lines = {trace["meta"]["key"]: trace for trace in figure.data}
    values = {number.name: number.value for number in shown.preview.numbers}
    for key, name in (("conflict", "Conflict"), ("cancellation", "Cancelled"), ("retained", "Energy kept")):
        known = [(x, y) for x, y in zip(lines[key]["x"], lines[key]["y"], strict=True) if y is not None]
        assert numpy.interp(0.25, *zip(*known, strict=True)) == pytest.approx(values[name], abs=0.02), name
    assert len(lines["conflict"]["x"]) <= 101


def test_settings_without_curves_get_a_sentence() -> None:
    shown = charts(method="average", sparsifier="dare", knobs={KnobPlace("sparsify", "dare", "target"): "weights"})
    sent = render_curves(shown)
    assert sent.figure is None
    assert sent.empty.startswith("There are no curves here")


def test_the_pinned_curves_stand_behind_those_of_the_recipe() -> None:
    shown, other = charts(), charts(knobs={KnobPlace("method", "ties", "scope"): "tensor"})
    sent = render_curves(replace(shown, behind=other))
    assert sent.figure is not None
    behind = [trace for trace in sent.figure.data if trace["meta"].get("pinned")]
    lines = [trace for trace in behind if trace["mode"] == "lines"]
    assert len(lines) == len(behind) - len(lines) == len(sent.figure.data) - len(behind)  # a ring on each line
    assert all(trace["opacity"] < 1 for trace in lines)
    assert sent.pinned and sent.pinned.title == other.title
