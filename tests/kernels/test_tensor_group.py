"""Which of the tensors in one stack were moved is told by the deltas that count."""

from __future__ import annotations

import torch

from mergelab.kernels.tensor_group import TensorGroup

COUNTS = {"still": 2, "small": 1, "empty": 0, "zeros": 1, "second": 1}
BASE = torch.tensor([1.0, 2.0, 3.0, 0.0, 5.0])
EXPERTS = (torch.tensor([1.0, 2.0, 3.5, -0.0, 5.0]), torch.tensor([1.0, 2.0, 3.0, 0.0, 7.0]))


def test_a_tensor_is_moved_if_any_expert_changed_it() -> None:
    moved = TensorGroup(COUNTS, BASE, EXPERTS, torch.zeros(2)).moved
    assert moved == {"still": False, "small": True, "empty": False, "zeros": False, "second": True}


def test_deltas_below_an_experts_threshold_do_not_count() -> None:
    moved = TensorGroup(COUNTS, BASE, EXPERTS, torch.tensor([0.6, 2.0])).moved
    assert moved == {"still": False, "small": False, "empty": False, "zeros": False, "second": True}


def test_what_is_not_a_number_counts_whatever_the_threshold() -> None:
    base, expert = torch.tensor([1.0, 2.0, float("inf")]), torch.tensor([float("nan"), 2.0, float("inf")])
    for threshold in (0.0, 5.0):
        moved = TensorGroup({"nan": 1, "still": 1, "inf": 1}, base, [expert], torch.tensor([threshold])).moved
        assert moved == {"nan": True, "still": False, "inf": True}


def test_no_delta_is_lost_to_the_stored_format() -> None:
    base, expert = torch.tensor([1.0]).bfloat16(), torch.tensor([1.0 + 2**-7]).bfloat16()
    assert TensorGroup({"w": 1}, base, [expert], torch.zeros(1)).moved == {"w": True}
