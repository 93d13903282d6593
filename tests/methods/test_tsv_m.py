"""TSV-M on diagonal matrices, whose singular vectors can be read off; the base is zero, so models are their deltas."""

from __future__ import annotations

import torch
from tiny_states import State, merge, plan_for, random_state, same_bits, tuned
from torch import Tensor

from mergelab.engine import merged_model, prepare
from mergelab.runtime.progress import finish


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
    prepared = finish(prepare(plan_for({"method": "tsv_m"}, models, base)))
    merged = finish(merged_model(prepared))
    assert merged.tensors["thin"].tolist() == [[1.0] * 4]
    assert merged.remarks == ["thin: kept the base: its smaller side, 1, is less than the number of experts, 2"]


def test_what_is_no_matrix_is_averaged_and_scaled() -> None:
    assert merged({"a": torch.tensor([2.0]), "b": torch.tensor([4.0])}, scale=0.5).tolist() == [1.5]
    models = {"a": torch.diag(torch.tensor([3.0, 1.0])), "b": torch.zeros(2, 2)}
    assert torch.equal(merged(models, key="text_projection.weight"), torch.diag(torch.tensor([1.5, 0.5])))


def test_tensors_that_are_merged_side_by_side_get_the_same_bits_and_are_remarked_upon_in_their_order() -> None:
    shapes = {"thick.0": (40, 30), "thin.0": (1, 4), "thick.1": (30, 40), "thin.1": (1, 5)}
    base, before = random_state(0, shapes=shapes), torch.get_num_threads()
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        try:
            prepared = finish(prepare(plan_for({"method": "tsv_m"}, tuned(base, 2), base)))
            found.append(finish(merged_model(prepared)))
        finally:
            torch.set_num_threads(before)
    (alone, said), (beside, said_beside) = found
    assert same_bits(alone, beside)
    (remark,) = said
    assert said == said_beside and remark.startswith("thin.0: ")
    assert remark.endswith("; the same holds for 1 more tensor (thin.1)")
