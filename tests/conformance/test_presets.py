"""Each preset gives the outputs of the tool or paper that it names, once a case has put in its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from golden import Case, State, read_cases
from readings import LAST_DRAW, density_keeping, merge
from readings_sparsified import keeping, run, task_vectors, zeros

from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe.presets import preset_of, presets

Numbers = dict[str, Any]


def paper_ties(case: Case, method: Numbers) -> State:
    kept = density_keeping(case.params["trim"]["kept_m"], case.base or {}, case.models)
    return merge(case, {**method, "density": kept, "scale": case.params["lambda"]})


def paper_dare_ties(case: Case, method: Numbers) -> State:
    """On the sparsified deltas themselves: adding the base in between would round equal magnitudes apart."""
    deltas = dropped(case, "paper: DARE+TIES")
    kept = density_keeping(case.params["kept_m"], zeros(deltas[0]), deltas)
    return based(case, run(deltas, {**method, "density": kept}))


def paper_dare_task_arithmetic(case: Case, method: Numbers) -> State:
    deltas = dropped(case, "paper: DARE+task arithmetic")
    return based(case, run(deltas, {**method, "scale": case.params["scaling"]}))


def paper_task_arithmetic(case: Case, method: Numbers) -> State:
    return merge(case, {**method, "scale": case.params["scaling"]})


def paper_average(case: Case, method: Numbers) -> State:
    return merge(case, method, weights=case.params.get("weights"))


def paper_fisher(case: Case, method: Numbers) -> State:
    numbers = {**method, "floor": case.params["fisher_floor"]}
    return merge(case, numbers, weights=case.params["coefficients"], fishers=case.further("fishers"))


def mergekit_ties(case: Case, method: Numbers) -> State:
    numbers = {**method, "scale": case.params["lambda"]}
    return run(case.models, numbers, case.params["weight"], overrides=keeping(case, "density", 1), base=case.base)


def mergekit_dare(title: str) -> Callable[[Case, Numbers], State]:
    """Golden cases of random methods all have density 1."""

    def reading(case: Case, method: Numbers) -> State:
        sparsify = {**preset_of(title).stages["sparsify"], "density": min(case.params["density"])}
        return run(case.models, method, case.params["weight"], sparsify, base=case.base)

    return reading


def peft_ties(case: Case, method: Numbers) -> State:
    return run(task_vectors(case), method, case.params["weights"], overrides=keeping(case, "density", 0))


PROOFS: dict[str, tuple[str, Callable[[Case, Numbers], State], Callable[[Numbers], bool]]] = {
    "paper: TIES": ("ties", paper_ties, lambda params: params["combine"] == "mean"),
    "paper: DARE+TIES": ("dare_ties", paper_dare_ties, lambda params: params["rescale"] != "none"),
    "paper: DARE+task arithmetic": (
        "dare_task_arithmetic",
        paper_dare_task_arithmetic,
        lambda params: params["rescale"] != "none",
    ),
    "paper: task arithmetic": ("task_arithmetic", paper_task_arithmetic, lambda params: params["scaling"] >= 0),
    "paper: Fisher": ("fisher", paper_fisher, lambda params: params["normalize"] and not params["favor_target_model"]),
    "paper: average": ("weighted_average", paper_average, lambda params: True),
    "mergekit: ties": (
        "mergekit_ties",
        mergekit_ties,
        lambda params: params["normalize"] and not params.get("rescale"),
    ),
    "mergekit: dare_ties": ("mergekit_dare_ties", mergekit_dare("mergekit: dare_ties"), lambda params: True),
    "mergekit: dare_linear": ("mergekit_dare_linear", mergekit_dare("mergekit: dare_linear"), lambda params: True),
    "PEFT: ties": ("peft_ties", peft_ties, lambda params: params["majority_sign_method"] == "total"),
}
"""Title -> the golden method, how its numbers get into the preset, and which of its cases have the preset's switches."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = [case for case in read_cases(metafunc.config.getoption("--golden")) if case.outcome == "ok"]
        found = [
            (title, case)
            for title, (method, _, switched) in PROOFS.items()
            for case in cases
            if case.method == method and switched(case.params) and not case.id.startswith(("ta-negation", "ta-analogy"))
        ]
        metafunc.parametrize(("title", "case"), found, ids=[f"{title} {case.id}" for title, case in found])


def test_a_preset_gives_the_outputs_of_its_source(title: str, case: Case) -> None:
    case.check(PROOFS[title][1](case, dict(preset_of(title).stages["method"])))


def test_every_preset_has_cases(request: pytest.FixtureRequest) -> None:
    cases = read_cases(request.config.getoption("--golden"))
    assert PROOFS.keys() == presets().keys()
    for method, _, switched in PROOFS.values():
        assert any(case.method == method and switched(case.params) for case in cases)


def dropped(case: Case, title: str) -> list[State]:
    """The task vectors after the preset's DARE, its draws replaced by the case's masks."""
    knobs = {name: value for name, value in preset_of(title).stages["sparsify"].items() if name != "name"}
    knobs["density"] = 1 - case.params["drop_rate"]
    sparse = []
    for delta, masks in zip(task_vectors(case), case.further("keep_masks"), strict=True):
        draws = {key: torch.where(mask.bool(), 0, LAST_DRAW)[None] for key, mask in masks.items()}
        sparse.append(
            {key: SPARSIFIERS["dare"].function(delta[key][None], draws=draws[key], **knobs)[0] for key in draws}
        )
    return sparse


def based(case: Case, deltas: State) -> State:
    return {key: (case.base or {})[key].float() + value for key, value in deltas.items()}
