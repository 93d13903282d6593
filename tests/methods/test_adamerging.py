from __future__ import annotations

import pytest
import torch
from tiny_states import merge, random_state, same_bits, tuned

from mergelab.engine import MergeError
from mergelab.methods import METHODS


def test_every_tensor_of_every_expert_has_its_own_coefficient() -> None:
    base = {"u": torch.zeros(2), "v": torch.zeros(2)}
    models = {"a": {"u": torch.ones(2), "v": torch.ones(2)}, "b": {"u": 10 * torch.ones(2), "v": 10 * torch.ones(2)}}
    coefficients = {
        "a": {"u": torch.tensor(0.5), "v": torch.tensor(0.0)},
        "b": {"u": torch.tensor(0.25), "v": torch.tensor(-1.0)},
    }
    found = merge("adamerging", models, base, statistics={"coefficients": coefficients})
    assert found["u"].tolist() == [3.0, 3.0] and found["v"].tolist() == [-10.0, -10.0]


def test_equal_coefficients_are_task_arithmetic() -> None:
    base = random_state(0)
    models = tuned(base, 2)
    coefficients = {name: {key: torch.tensor(0.25) for key in base} for name in models}
    found = merge("adamerging", models, base, statistics={"coefficients": coefficients})
    assert same_bits(found, merge({"name": "task_arithmetic", "scale": 0.25}, models, base))


def test_missing_or_misshapen_coefficients_are_told() -> None:
    base = {"w": torch.zeros(2)}
    models = {"a": {"w": torch.ones(2)}}
    with pytest.raises(MergeError, match="adamerging needs the coefficients statistics of a for w"):
        merge("adamerging", models, base)
    with pytest.raises(MergeError, match=r"the coefficients statistics of a for w have shape \(2,\)"):
        merge("adamerging", models, base, statistics={"coefficients": {"a": {"w": torch.ones(2)}}})
    with pytest.raises(ValueError, match="adamerging needs one coefficient per expert and tensor"):
        METHODS["adamerging"].function(torch.ones(1, 2))
