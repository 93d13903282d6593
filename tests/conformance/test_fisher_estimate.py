"""The Fisher estimate agrees with brute force in float64 on tiny models."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import transformers
from golden import Case, read_cases
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoConfig

from mergelab.evaluation.calibration import fisher_of

ESTIMATORS = {"fisher_exact": "exact", "fisher_empirical": "empirical", "fisher_empirical_sequence": "empirical"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    cases = [case for case in read_cases(metafunc.config.getoption("--golden")) if case.category == "fisher_estimate"]
    metafunc.parametrize("case", cases, ids=[case.id for case in cases])


def test_agrees_with_brute_force(case: Case, not_offered: list[str]) -> None:
    if case.method not in ESTIMATORS:
        not_offered.append(f"{case.category}/{case.method}: no such estimator")
        pytest.skip(f"not offered: {case.method}")
    data = load_file(case.folder / case.inputs["data"])
    labels = data.pop("labels", None)
    got = fisher_of(tiny_model(case), data, ESTIMATORS[case.method], labels=labels)
    stored, prefix = load_file(case.folder / case.expected["file"]), case.expected["prefix"]
    expected = {key.removeprefix(prefix): value.double() for key, value in stored.items() if key.startswith(prefix)}
    check(case, got, expected)


def check(case: Case, got: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    tolerance, largest = case.tolerance, max(float(value.abs().max()) for value in expected.values())
    for key, value in expected.items():
        allowed = (
            tolerance["rtol"] * value.abs()
            + tolerance["atol_times_tensor_max"] * value.abs().max()
            + tolerance["atol_times_global_max"] * largest
        )
        assert bool(((got[key].double() - value).abs() <= allowed).all()), key


def tiny_model(case: Case) -> torch.nn.Module:
    config = AutoConfig.from_pretrained(case.folder / Path(case.inputs["config"]).parent, attn_implementation="eager")
    weights = load_file(case.folder / case.inputs["weights"])
    kind = getattr(transformers, config.architectures[0])
    return kind.from_pretrained(None, config=config, state_dict=weights, attn_implementation="eager").eval()
