"""Why a weight is what it is: every rule's sentence is true of the numbers that the merge uses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy
import pytest
import torch
from tensor_sessions import session_of
from tiny_states import SHAPES, corners, count_for, plan_for, random_state, statistics_for, tuned

from mergelab.analysis.tensor_map import Coordinates, TensorSession, Window, read_coordinates
from mergelab.analysis.tensor_map.weight_reasons import method_reason, weight_reasons
from mergelab.engine import prepare, with_statistics
from mergelab.methods import METHODS, Rule
from mergelab.methods.knobs import Value
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.runtime.progress import finish

FILLED_IN = {"sign", "who", "terms", "shares", "coefficients"}
"""What the page fills in by itself; every other name in braces is one of the reason's figures."""
CORNERS = [
    pytest.param(rule, knobs, id=f"{name}-{knobs}")
    for name, rule in METHODS.items()
    for knobs in ({}, *(each for each in corners(rule) if rule.name != "karcher" or "steps" not in each))
]


def session_with(method: Mapping[str, Value], **fields: Any) -> TensorSession:
    rule, base = METHODS[str(method["name"])], random_state(0)
    models = tuned(base, count_for(rule))
    plan = plan_for({"method": dict(method), **fields}, models, base)
    return TensorSession(finish(prepare(with_statistics(plan, statistics_for(rule, models)))))


def coordinates(session: TensorSession, key: str = "w") -> Coordinates:
    return read_coordinates(session, key, session.grid(key).whole)


def said(session: TensorSession, row: int = 0, column: int = 0) -> str:
    """The sentence of one weight, its figures filled in."""
    found = coordinates(session).reasons
    figures = {name: f"{float(each[row, column]):g}" for name, each in found.figures.items()}
    sentence = found.sentences[int(found.which[row, column])]
    return re.sub(r"{(\w+)}", lambda name: figures.get(name[1], name[0]), sentence)


def fates(session: TensorSession, column: int = 0) -> list[str]:
    """What became of each expert's change at a weight of the first row, with the details."""
    found = coordinates(session).reasons
    words = [found.words[int(code)] for code in found.fates[:, 0, column]]
    return [" ".join((word, found.details.get(word, [""] * 9)[place])).strip() for place, word in enumerate(words)]


@pytest.mark.parametrize(("rule", "knobs"), CORNERS)
def test_coefficients_and_sentences_are_those_of_the_merge(rule: Rule, knobs: dict[str, Value]) -> None:
    session = session_with({"name": rule.name, **knobs})
    for key, shape in SHAPES.items():
        traced, _ = session.traced(key, 0, session.grid(key).rows)
        reason = method_reason(session.prepared, traced)
        assert reason is not None, f"{rule.name} tells nothing"
        whole = weight_reasons(session.prepared, traced, reason)
        assert whole.which.shape == shape
        assert whole.fates.shape == traced.deltas.shape
        for sentence in whole.sentences:
            names = set(re.findall(r"{(\w+)}", sentence))
            assert names <= FILLED_IN | set(whole.figures), sentence
            assert set(re.findall(r"{who:([^}]+)}", sentence)) <= set(whole.words), sentence
        if reason.coefficients is not None:
            stack = traced.stack - traced.base if reason.of_deltas else traced.stack
            merged = (reason.coefficients * stack).sum(0) + (traced.base if reason.of_deltas else 0)
            result = rule.function(traced.stack, **traced.arguments)
            assert torch.allclose(merged.float(), result.float(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("rule", SPARSIFIERS.values(), ids=SPARSIFIERS)
def test_every_sparsifier_names_what_it_drops(rule: Rule) -> None:
    session = session_with({"name": "average"}, sparsify=rule.name)
    traced, _ = session.traced("cube", 0, session.grid("cube").rows)
    found = weight_reasons(session.prepared, traced, method_reason(session.prepared, traced))
    lost = (traced.kept == 0) & (traced.deltas != 0)
    assert lost.any()
    words = {found.words[code] for code in found.fates[lost.numpy()].tolist()}
    assert words <= {"trimmed", "dropped by chance", "dropped as an outlier", "dropped"}
    if rule.name != "consensus":
        assert "dropped" not in words
    assert all(word in found.details for word in words)


def test_a_vote_tells_both_sides_and_who_was_trimmed_or_outvoted() -> None:
    ties = {"method": {"name": "ties", "density": 0.5, "scope": "tensor"}}
    session = session_of(ties, [[3.0, 0.1]], [[-5.0, 0.2]], [[-1.0, 4.0]], [[0.0, 9.0]])
    assert said(session) == "{sign} wins: 5 ({who}) against 3 ({who:outvoted}). The merged change is that expert’s own."
    assert fates(session) == ["outvoted", "", "trimmed at density 0.5 (below 4)", "unchanged"]
    assert coordinates(session).levels[:, 0, 0].tolist() == [0.5, 0.5, 1, 1]


def test_a_vote_by_count_tells_votes_and_a_tie_tells_the_rule() -> None:
    count = {"method": {"name": "ties", "density": 1.0, "elect": "count", "scale": 0.5}}
    session = session_of(count, [[3.0]], [[-1.0]], [[-1.0]])
    assert said(session) == (
        "{sign} wins: 2 votes ({who}) against 1 ({who:outvoted}). The merged change is their mean × 0.5."
    )
    tied = {"method": {"name": "ties", "density": 1.0, "zero_sign": "positive"}}
    assert said(session_of(tied, [[1.0]], [[-1.0]])) == "The votes cancel at 1 on each side; plus is taken."
    zero = {"method": {"name": "ties", "density": 1.0, "zero_sign": "zero"}}
    assert said(session_of(zero, [[1.0]], [[-1.0]])).endswith("no side is elected, so the base’s weight stays.")


def test_the_largest_change_names_the_next_one() -> None:
    session = session_of({"method": "magmax"}, [[1.0, 0.0]], [[-2.0, 0.0]])
    assert said(session) == "The largest change is taken × 0.5: 2 ({who}); the next largest is 1."
    assert said(session, 0, 1) == "No expert changes this weight, so the base’s stays."
    assert fates(session) == ["not the largest", ""]


def test_the_median_names_the_middle_one() -> None:
    assert fates(session_of({"method": "median"}, [[1.0]], [[-2.0]], [[3.0]])) == [
        "",
        "not the middle",
        "not the middle",
    ]


def test_an_unchanged_weight_is_never_dropped() -> None:
    session = session_with({"name": "fisher"})
    traced, _ = session.traced("matrix", 0, 3)
    found = weight_reasons(session.prepared, traced, method_reason(session.prepared, traced))
    assert set(found.words) == {"", "unchanged", "without weight", "dropped"}
    assert not found.fates.any()
    average = session_of({"method": "average"}, [[0.0]], [[2.0]])
    assert fates(average) == ["unchanged", ""]


def test_what_is_dropped_by_chance_tells_the_rate_and_the_level_of_its_draw() -> None:
    dare = {"method": "task_arithmetic", "sparsify": {"name": "dare", "density": 0.25}}
    session = session_of(dare, [[1.0] * 40])
    found = coordinates(session)
    dropped = found.reasons.fates[0, 0] != 0
    assert bool(dropped.any()) and not bool(dropped.all())
    place = int(dropped.argmax())
    assert fates(session, place) == ["dropped by chance at rate 0.75"]
    assert found.levels[0, 0, place] > 0.25
    assert "DARE: surviving changes are divided by the density." in found.reasons.sentences[0]


def test_an_outlier_is_told_from_a_small_change() -> None:
    crumbs = {"method": "average", "sparsify": {"name": "breadcrumbs", "density": 0.5, "gamma": 0.25}}
    session = session_of(crumbs, [[9.0, 3.0, 2.0, 1.0]])
    assert fates(session, 0) == ["dropped as an outlier at gamma 0.25"]
    assert fates(session, 3) == ["trimmed at density 0.5"]


def test_one_coefficient_of_the_whole_tensor_is_told_as_such() -> None:
    session = session_of({"method": "model_stock"}, [[1.0, 0.0]], [[1.0, 1.0]])
    assert "The angles between the changes of the whole tensor set t" in said(session)


def test_no_reason_is_made_up_for_a_spectral_method() -> None:
    found = coordinates(session_of({"method": "tsv_m"}, [[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [0.0, 1.0]])).reasons
    assert found.coefficients is None
    assert "No expert’s change at this weight wins or loses by itself." in found.sentences[0]


def test_a_method_that_tells_nothing_gets_a_true_general_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, source in (("magmax", "the experts’ values of this weight"), ("karcher", "the whole tensor")):
        silent = METHODS[name].__class__(**{**vars(METHODS[name]), "why": None})
        monkeypatch.setitem(METHODS, name, silent)
        session = session_of({"method": name}, [[1.0]], [[2.0]])
        assert f"computes this weight from {source} and gives no further reason." in said(session)


def test_a_tensor_without_weights_says_that_it_stays() -> None:
    models = [{"model": name, "weight": 0.0} for name in ("a", "b")]
    session = session_of({"method": "average", "models": models}, [[1.0]], [[2.0]])
    assert said(session) == "Every expert has weight 0 for this tensor, so it stays as in the base."


def test_reasons_travel_between_processes_without_torch() -> None:
    found = coordinates(session_with({"name": "ties"}), "matrix").reasons
    arrays = [found.which, found.fates, found.coefficients, *found.figures.values()]
    assert all(isinstance(each, numpy.ndarray) for each in arrays)


def test_a_vector_as_long_as_the_list_of_experts_is_read_like_any_other() -> None:
    session = session_with({"name": "task_arithmetic", "scale": 1.0})
    found = read_coordinates(session, "seven", Window(0, 0, 1, 3))
    assert found.reasons.coefficients is not None
    assert found.reasons.coefficients[:, 0, :3].tolist() == [[1.0] * 3] * 3
