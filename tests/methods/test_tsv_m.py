"""TSV-M on diagonal matrices, whose singular vectors can be read off; the base is zero, so models are their deltas."""

from __future__ import annotations

import torch
from tiny_states import State, merge, plan_for
from torch import Tensor

from mergelab.engine import run, settle
from mergelab.progress import finish


def merged(models: dict[str, Tensor], key: str = "w", **knobs: float) -> Tensor:
    states: dict[str, State] = {name: {key: value} for name, value in models.items()}
    base = {key: torch.zeros_like(next(iter(models.values())))}
    return merge({"name": "tsv_m", **knobs}, states, base)[key]


def test_each_of_two_experts_keeps_half_of_its_directions() -> None:
    models = {"a": torch.diag(torch.tensor([9.0, 1.0])), "b": torch.diag(torch.tensor([2.0, 6.0]))}
    assert torch.allclose(merged(models), torch.diag(torch.tensor([9.0, 6.0])), atol=1e-5)


def test_one_expert_alone_comes_back_times_the_scale() -> None:
    delta = torch.tensor([[1.0, 2.0], [3.0, 5.0], [0.0, 1.0]])
    assert torch.allclose(merged({"a": delta}, scale=0.5), 0.5 * delta, atol=1e-6)


def test_a_direction_that_experts_share_is_not_counted_twice() -> None:
    """Both keep the first direction, so together they give it (3 + 5) / 2 instead of 8."""
    models = {"a": torch.diag(torch.tensor([3.0, 1.0])), "b": torch.diag(torch.tensor([5.0, 1.0]))}
    assert torch.allclose(merged(models), torch.diag(torch.tensor([4.0, 0.0])), atol=1e-5)


def test_a_matrix_too_small_for_a_direction_each_stays_as_the_base_has_it_which_is_said() -> None:
    base = {"thin": torch.ones(1, 4)}
    models = {name: {"thin": torch.full((1, 4), value)} for name, value in (("a", 2.0), ("b", 3.0))}
    settled = finish(settle(plan_for({"method": "tsv_m"}, models, base)))
    assert [done.tensor.tolist() for done in run(settled)] == [[[1.0] * 4]]
    assert settled.remarks == ["thin: left as the base has it: its smaller side, 1, is below the 2 experts"]


def test_what_is_no_matrix_is_averaged_and_scaled() -> None:
    assert merged({"a": torch.tensor([2.0]), "b": torch.tensor([4.0])}, scale=0.5).tolist() == [1.5]
    models = {"a": torch.diag(torch.tensor([3.0, 1.0])), "b": torch.zeros(2, 2)}
    assert torch.equal(merged(models, key="text_projection.weight"), torch.diag(torch.tensor([1.5, 0.5])))
