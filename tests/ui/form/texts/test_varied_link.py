"""What differs between layers, tensors and experts goes into a query and comes back whole."""

from __future__ import annotations

from urllib.parse import parse_qsl

from ui.fake_worker import MODELS, form

from mergelab.ui.form.form import Form
from mergelab.ui.form.texts.link import LONGEST_LINK, TOO_LONG, link_of
from mergelab.ui.form.texts.parsed_link import read_query
from mergelab.ui.messages import LayerEntry

DENSITY, SCALE = "knob-method-ties-density", "knob-method-ties-scale"


def key_of(shown: Form) -> str:
    return link_of(shown.recipe(), MODELS, None).key


def read(query: str) -> tuple[Form, tuple[str, ...]]:
    found = read_query(dict(parse_qsl(query, keep_blank_values=True)), {"tiny": MODELS}, form())
    return found.form, found.notes


def test_a_curve_is_a_short_parameter() -> None:
    shown = form(
        layer_entries=(LayerEntry("", {DENSITY: (0.1, 0.9)}), LayerEntry("", {"weight": (1.0, 0.0)}, "tiny/b"))
    )
    assert key_of(shown).endswith("method=ties&layers.density=0.1,0.9&layers.weight.b=1,0")


def test_everything_that_differs_comes_back() -> None:
    shown = form(
        sparsifier="trim",
        layer_entries=(
            LayerEntry("", {SCALE: (0.1, 0.5, 0.9)}),
            LayerEntry("mlp|attn", {DENSITY: 0.3, SCALE: (1.0, 2.0)}, None, (0, 1)),
            LayerEntry("", {DENSITY: 0.7, "knob-sparsify-trim-density": 0.6}),
            LayerEntry("", {"weight": 0.5}, "tiny/a"),
        ),
        own_knobs={"tiny/c": {DENSITY: 0.25}},
        match_norms="model",
        depth_scale=(1.0, 0.5),
        selection={"include": ("encoder",), "exclude": ("a, b", "norm")},
    )
    found, notes = read(key_of(shown))
    assert notes == ()
    assert found.recipe() == shown.recipe()


def test_of_two_entries_for_one_knob_the_order_stays() -> None:
    shown = form(layer_entries=(LayerEntry("", {DENSITY: (0.1, 0.9)}), LayerEntry("", {DENSITY: 0.5})))
    assert read(key_of(shown))[0].recipe() == shown.recipe()


def test_a_link_that_would_be_too_long_says_so_and_undo_still_has_everything() -> None:
    curve = tuple(place / 997 for place in range(LONGEST_LINK // 10))
    shown = form(layer_entries=(LayerEntry("", {DENSITY: curve}),))
    link = link_of(shown.recipe(), MODELS, None)
    assert (link.query, link.note) == ("v=1&suite=tiny&method=ties", TOO_LONG)
    assert read(link.key)[0].recipe() == shown.recipe()


def test_nonsense_is_left_out_with_a_sentence() -> None:
    found, notes = read("method=ties&layers.density=0.1,x&match_norms=some&overrides=%5B1%5D&layers.elct=1")
    assert found.recipe() == form().recipe()
    assert [sentence.split()[0] for sentence in notes] == ["match_norms", "layers.density", "The", "TIES"]


def test_numbers_that_no_recipe_may_have_are_left_out_with_the_rule() -> None:
    found, notes = read("method=ties&layers.density=0.1,7")
    assert found.recipe() == form().recipe()
    assert notes == (
        "What the link says about parts of the model is left out: density of method in entry 1 of overrides must be in "
        "[0, 1], got 7.0",
    )
