"""Small tensors are merged once together, and by themselves where the kernel refuses one of them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from fused_merges import fused
from tiny_states import State, plan_for, same_bits

from mergelab.engine import Merged, MergeError, PreparedMerge, merge_tensor, merged_body, prepare, run
from mergelab.engine.planning import key_groups
from mergelab.engine.small_tensors import in_groups
from mergelab.kernels.cpu.stack import CpuStack
from mergelab.runtime.progress import finish

BASE: State = {"a": torch.zeros(2, 3), "large": torch.zeros(50), "b": torch.ones(4), "scalar": torch.tensor(1.0)}
EXPERTS = {name: {key: value + number for key, value in BASE.items()} for number, name in enumerate("xy", 1)}


@pytest.fixture(autouse=True)
def small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    fused(monkeypatch)
    monkeypatch.setattr(key_groups, "SMALL", 10)


@pytest.fixture
def merges(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The entries of every merge by a kernel, as they happen."""
    seen: list[int] = []
    merge = CpuStack.merge
    monkeypatch.setattr(CpuStack, "merge", lambda self, *rest: (seen.append(self.count), merge(self, *rest))[1])
    return seen


def prepared(experts: dict[str, State], scale: float = 1.0) -> PreparedMerge:
    recipe = {"method": {"name": "task_arithmetic", "scale": scale}}
    return finish(prepare(plan_for(recipe, experts, BASE)))


def test_small_tensors_are_merged_in_one_go_and_come_in_the_bases_order(merges: list[int]) -> None:
    merged = list(run(prepared(EXPERTS)))
    assert sorted(merges) == [11, 50]
    assert [each.key for each in merged] == ["a", "b", "large", "scalar"]
    assert same_bits({each.key: each.tensor for each in merged}, {key: value + 3 for key, value in BASE.items()})


def test_a_merged_tensor_does_not_hold_the_memory_of_others() -> None:
    body = finish(merged_body(prepared(EXPERTS)))
    assert body["scalar"].untyped_storage().nbytes() == 4


def test_a_tensor_that_is_asked_for_again_is_merged_again(merges: list[int]) -> None:
    made = prepared(EXPERTS)
    merge = in_groups(made, lambda key: Merged(key, merge_tensor(made, key)))
    assert torch.equal(merge("b").tensor, merge("b").tensor)
    assert merges == [11, 11]


@pytest.mark.parametrize(
    "recipe",
    [
        {"method": "task_arithmetic"},
        {"method": "ties"},
        {"method": "ties", "sparsify": {"name": "trim", "density": 0.5}},
    ],
    ids=str,
)
@pytest.mark.parametrize("small", [10, -1])
def test_what_is_not_finite_is_found_in_its_own_tensor_also_where_nothing_else_moved(
    monkeypatch: pytest.MonkeyPatch, recipe: dict[str, Any], small: int
) -> None:
    monkeypatch.setattr(key_groups, "SMALL", small)
    still = {**EXPERTS["x"], "b": BASE["b"]}
    broken = {"x": still, "y": {**still, "b": torch.tensor([1.0, float("nan"), 1.0, 1.0])}}
    with pytest.raises(MergeError, match="b of y holds 1 values that are NaN or infinite"):
        finish(merged_body(finish(prepare(plan_for(recipe, broken, BASE)))))


def test_without_a_kernel_every_tensor_is_merged_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mergelab.engine.planning.schedule.KERNELS_FROM", 10**9)
    made = prepared(EXPERTS)
    asked: list[str] = []

    def merge(key: str) -> Merged:
        asked.append(key)
        return Merged(key, merge_tensor(made, key))

    batched = in_groups(made, merge)
    assert [batched(key).tensor.shape for key in ("a", "scalar")] == [(2, 3), ()]
    assert asked == ["a", "scalar"]
