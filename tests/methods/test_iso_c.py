"""Iso-C on diagonal matrices, whose singular values can be read off; the base is zero, so models are their deltas."""

from __future__ import annotations

import pytest
import torch
from tiny_states import State, merge
from torch import Tensor


def merged(models: dict[str, Tensor], key: str = "w", **knobs: float) -> Tensor:
    states: dict[str, State] = {name: {key: value} for name, value in models.items()}
    base = {key: torch.zeros_like(next(iter(models.values())))}
    return merge({"name": "iso_c", **knobs}, states, base)[key]


def test_every_direction_of_the_sum_gets_the_mean_singular_value() -> None:
    found = merged({"a": torch.diag(torch.tensor([4.0, -1.0])), "b": torch.diag(torch.tensor([2.0, -1.0]))})
    assert torch.allclose(found, torch.diag(torch.tensor([4.0, -4.0])), atol=1e-6)


def test_the_scale_multiplies_matrices_and_averaged_tensors_alike() -> None:
    assert torch.allclose(merged({"a": torch.diag(torch.tensor([3.0, 1.0]))}, scale=0.5), torch.eye(2), atol=1e-6)
    assert merged({"a": torch.tensor([2.0]), "b": torch.tensor([4.0])}, scale=0.5).tolist() == [1.5]


@pytest.mark.parametrize("shape", [(2,), (), (2, 1, 2)])
def test_tensors_that_are_no_matrices_are_averaged(shape: tuple[int, ...]) -> None:
    assert torch.equal(merged({"a": torch.ones(shape), "b": torch.full(shape, 3.0)}), torch.full(shape, 2.0))


def test_a_text_projection_is_averaged() -> None:
    models = {"a": torch.diag(torch.tensor([3.0, 1.0])), "b": torch.zeros(2, 2)}
    assert torch.equal(merged(models, key="visual.text_projection"), torch.diag(torch.tensor([1.5, 0.5])))


def test_a_direction_that_no_expert_changed_stays_as_the_base_has_it() -> None:
    found = merged({"a": torch.diag(torch.tensor([4.0, 0.0])), "b": torch.diag(torch.tensor([2.0, 0.0]))})
    assert torch.allclose(found, torch.diag(torch.tensor([3.0, 0.0])), atol=1e-6)


def test_deltas_that_cancel_leave_the_base() -> None:
    delta = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert not merged({"a": delta, "b": -delta}).any()
