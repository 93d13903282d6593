"""Recipes that share surveys have the bits of their separate merges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tiny_states import random_state, same_bits, tuned

from mergelab.engine import merged_body
from mergelab.engine.planning.plan import Plan
from mergelab.engine.prepared_merge import PreparedMerge
from mergelab.engine.state_dicts import plan_in_memory
from mergelab.engine.survey import prepare
from mergelab.engine.sweeping import shared_surveys
from mergelab.engine.sweeping.shared_surveys import KEPT, SharedSurveys
from mergelab.runtime.progress import ProgressGen, finish

BASE = random_state(0, 0.05)
EXPERTS = tuned(BASE, 3, 0.02)


def planned(**changed: Any) -> Plan:
    method = {"name": "ties", "density": 0.3, "scale": 1.0, **changed.pop("method", {})}
    return plan_in_memory({"base": "base", "models": list(EXPERTS), "method": method, **changed}, EXPERTS, BASE, None)


@pytest.fixture
def surveys(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """The knobs of the recipes for which surveys ran."""
    ran = list[Mapping[str, Any]]()

    def counted(plan: Plan, device: str) -> ProgressGen[PreparedMerge]:
        ran.append(plan.recipe.method.knobs)
        return prepare(plan, device)

    monkeypatch.setattr(shared_surveys, "prepare", counted)
    return ran


@pytest.mark.parametrize("scope", ["model", "tensor"])
@pytest.mark.parametrize("sparsify", [None, {"name": "dare", "density": 0.5}, {"name": "trim", "density": 0.5}])
def test_recipes_that_differ_in_the_scale_share_their_surveys_and_no_bit_changes(
    scope: str, sparsify: Any, surveys: list[Mapping[str, Any]]
) -> None:
    shared = SharedSurveys("cpu")
    for density in (0.3, 0.7):
        for scale in (1.0, 0.4, -2.0):
            method = {"density": density, "scale": scale, "scope": scope}
            plan = planned(method=method, sparsify=sparsify, match_norms="model")
            body = finish(merged_body(finish(shared.prepare(plan))))
            assert same_bits(body, finish(merged_body(finish(prepare(plan)))))
    assert [knobs["density"] for knobs in surveys] == [0.3, 0.7]


def test_any_other_setting_has_surveys_of_its_own(surveys: list[Mapping[str, Any]]) -> None:
    shared = SharedSurveys("cpu")
    dare = {"name": "dare", "density": 0.5}
    for change in (
        {},
        {"seed": 1, "sparsify": dare},
        {"seed": 2, "sparsify": dare},
        {"overrides": [{"match": "", "scale": 0.5}]},
    ):
        plan = planned(**change)
        assert same_bits(finish(merged_body(finish(shared.prepare(plan)))), finish(merged_body(finish(prepare(plan)))))
    assert len(surveys) == 4


def test_the_findings_of_few_recipes_stay_in_memory(surveys: list[Mapping[str, Any]]) -> None:
    shared = SharedSurveys("cpu")
    densities = [place / 16 for place in range(KEPT + 1)]
    for density in [*densities, densities[-1], densities[0]]:
        finish(shared.prepare(planned(method={"density": density})))
    assert [knobs["density"] for knobs in surveys] == [*densities, densities[0]]
