"""The exact figures of agreement and conflict equal those counted by brute force, on trims of our own thresholds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import torch
from golden import Case, State, read_cases

from mergelab.analysis.interference import Interference, interference
from mergelab.methods.ops.elementwise import rows, zero_below_threshold
from mergelab.methods.ops.thresholds import own_thresholds

Figure = Any
FIGURES: dict[str, Callable[[Interference], Figure]] = {
    "d": lambda found: found.entries,
    "n_active": lambda found: found.active,
    "n_two_or_more": lambda found: found.overlapping,
    "n_conflict": lambda found: found.conflicting,
    "n_count_vs_mass": lambda found: found.against_count,
    "n_count_ties": lambda found: found.count_ties,
    "n_count_vs_mass_without_count_ties": lambda found: found.untied_against_count,
    "conflict_rate_all": lambda found: found.conflict_of_all,
    "conflict_rate_coactive": lambda found: found.conflict,
    "pairwise_conflict": lambda found: found.pairwise_conflict.tolist(),
    "union_density": lambda found: found.union_density,
    "density_per_model": lambda found: found.densities.tolist(),
    "mass_agreement_mean_active": lambda found: found.mass_agreement,
    "interference_loss_l1": lambda found: found.interference_loss,
    "sign_agreement_mean_all_zero_counts_as_1": lambda found: found.mean_sign_agreement_of_all,
    "sign_agreement_mean_active": lambda found: found.mean_sign_agreement,
    "count_vs_mass_disagreement": lambda found: found.count_against_mass,
    "cosine": lambda found: found.cosines.tolist(),
    "norms_l2": lambda found: found.norms.tolist(),
    "norms_l1": lambda found: found.norms_l1.tolist(),
    "norm_spread": lambda found: found.norm_spread,
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    cases = [case for case in read_cases(metafunc.config.getoption("--golden")) if case.category == "diagnostics"]
    metafunc.parametrize("case", cases, ids=[case.id for case in cases])


def test_figures_of_every_trim_agree_inside_each_tensor_and_over_all(case: Case) -> None:
    deltas = deltas_of(case)
    for trim in expected_of(case)["trims"]:
        tensors = {key: interference(kept) for key, kept in trimmed(deltas, trim["kept_m"]).items()}
        for key, expected in trim["per_tensor"].items():
            check(case, tensors[key], expected, f"{trim['scope']} {trim['density']} {key}")
        check(case, sum(tensors.values(), Interference.nothing(len(case.models))), trim["overall"], trim["scope"])


def test_what_a_trim_retains_agrees_inside_each_tensor_and_over_all(case: Case) -> None:
    deltas = deltas_of(case)
    whole = {key: interference(values) for key, values in deltas.items()}
    for entry in expected_of(case)["retained"]:
        kept = {key: interference(values) for key, values in trimmed(deltas, entry["kept_m"]).items()}
        nothing = Interference.nothing(len(case.models))
        left = sum(kept.values(), nothing).retained_of(sum(whole.values(), nothing))
        close(case, left.tolist(), entry["l1_l2_squared_per_model"], f"retained {entry['density']}")
        for key, inside in entry["per_tensor"].items():
            own = interference(trimmed({key: deltas[key]}, inside["kept_m"])[key]).retained_of(whole[key])
            close(case, own.tolist(), inside["l1_l2_squared_per_model"], f"retained {entry['density']} {key}")


def expected_of(case: Case) -> Any:
    return json.loads((case.folder / case.expected["file"]).read_text())


def deltas_of(case: Case) -> State:
    base, models = case.base or {}, case.models
    return {key: torch.stack([model[key].double() - base[key].double() for model in models]) for key in base}


def trimmed(deltas: State, kept: int | dict[str, int]) -> State:
    """The deltas that one threshold an expert keeps, over all tensors or inside each, ranked in float32 as a merge does."""
    if isinstance(kept, dict):
        return {key: trimmed({key: values}, kept[key])[key] for key, values in deltas.items()}
    everything = torch.cat([rows(values) for values in deltas.values()], 1).float()
    thresholds = own_thresholds(everything, kept / everything.shape[1])
    return {key: values * (zero_below_threshold(values.float(), thresholds) != 0) for key, values in deltas.items()}


def check(case: Case, found: Interference, expected: dict[str, Figure], where: str) -> None:
    for name, figure in expected.items():
        if name == "d" or name.startswith("n_"):
            assert FIGURES[name](found) == figure, f"{name} of {where}"
        else:
            close(case, FIGURES[name](found), figure, f"{name} of {where}")


def close(case: Case, found: Figure, expected: Figure, where: str) -> None:
    """Numbers within the case's tolerance, lists of them alike; null is NaN."""
    if isinstance(expected, list):
        assert len(found) == len(expected), where
        for ours, theirs in zip(found, expected, strict=True):
            close(case, ours, theirs, where)
        return
    target = float("nan") if expected is None else expected
    assert found == pytest.approx(target, rel=case.tolerance["rtol"], abs=case.tolerance["atol"], nan_ok=True), where
