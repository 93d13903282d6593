"""Merges after DELLA have the reference functions' bits, whoever computes them and however tensors are cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import torch
from fused_merges import DTYPES, METHODS, WEIGHTS, both, fused, models, recipe
from tiny_states import State, plan_for, same_bits

from mergelab import merge_state_dicts
from mergelab.engine import MergeError, prepare, sweep_bodies
from mergelab.engine.planning import schedule
from mergelab.kernels.cpu.precomputed import PrecomputedStack
from mergelab.runtime.progress import finish

TIES: tuple[dict[str, Any], ...] = (
    {"scope": "model"},
    {"scope": "tensor", "zero_sign": "positive"},
    {"scope": "model", "elect": "count", "weigh": "after"},
    {"scope": "tensor", "combine": "max"},
    {"scope": "tensor", "combine": "sum", "divide": "weights", "density": 0.7},
)
KERNELS = (*METHODS, *({"name": "ties", "density": 0.3, "scale": 0.9, **knobs} for knobs in TIES))
DELLA: tuple[dict[str, Any], ...] = (
    {"name": "della"},
    {"name": "della", "density": 0.5, "epsilon": 0.5, "rescale": "none"},
    {"name": "della", "density": 0.9, "epsilon": 0.2},
    {"name": "della", "density": 1.0},
)
GIVEN = {"method": {"name": "ties", "density": 0.5}, "sparsify": {"name": "della", "density": 0.6}}


def with_rows(kind: str, dtype: torch.dtype) -> tuple[State, dict[str, State]]:
    """Models that have tensors of one to four axes, rows of one entry among them."""
    base, experts = models(kind, dtype)
    generator = torch.Generator().manual_seed(6)
    for key, shape in {"three": (6, 4, 50), "four": (7, 3, 3, 3), "long": (3, 3000), "ones": (900, 1)}.items():
        base[key] = torch.randn(shape, generator=generator).to(dtype)
        for state in experts.values():
            state[key] = (base[key].float() + 0.1 * torch.randn(shape, generator=generator)).to(dtype)
    return base, experts


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, int]]]:
    """The stretches that kernels merge: tensor and place."""
    found: list[tuple[str, int]] = []
    real = PrecomputedStack.merge
    monkeypatch.setattr(
        PrecomputedStack, "merge", lambda self, *rest: found.append((self.key, self.start)) or real(self, *rest)
    )
    yield found


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("kind", ["normal", "coarse", "extreme"])
def test_every_method_after_della_has_the_references_bits(
    monkeypatch: pytest.MonkeyPatch, kind: str, dtype: torch.dtype
) -> None:
    base, experts = with_rows(kind, dtype)
    wrong = [
        (method, della)
        for number, method in enumerate(KERNELS)
        for della in (DELLA[0], DELLA[1 + number % 3])
        if not both(monkeypatch, recipe(method, della, WEIGHTS[1]), base, experts)
    ]
    assert wrong == []


def test_experts_with_knobs_of_their_own_have_the_references_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    base, experts = with_rows("normal", torch.bfloat16)
    own = (
        {"sparsify.density": 0.2, "epsilon": 0.1},
        {"sparsify.density": 1.0},
        {"sparsify.density": 0.5, "epsilon": 0.4},
    )
    entries = [{"model": name, **knobs} for name, knobs in zip("abc", own, strict=True)]
    for method in ("task_arithmetic", {"name": "ties", "density": 1.0}):
        assert both(monkeypatch, {"models": entries, "method": method, "sparsify": "della"}, base, experts)


@pytest.mark.parametrize("out", ["float32", "float16", "bfloat16"])
def test_mixed_formats_have_the_references_bits(monkeypatch: pytest.MonkeyPatch, out: str) -> None:
    base, experts = with_rows("normal", torch.float32)
    experts = {name: {key: value.bfloat16() for key, value in state.items()} for name, state in experts.items()}
    assert both(monkeypatch, {**GIVEN, "dtype": out}, base, experts)


@pytest.mark.parametrize("method", ["average", "median", "ties"])
def test_what_has_no_kernel_after_della_has_the_same_bits_in_stretches(
    monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    base, experts = with_rows("normal", torch.bfloat16)
    rescale = "l1" if method == "ties" else "element"
    given = {"method": method, "sparsify": {"name": "della", "rescale": rescale}}
    monkeypatch.setattr(schedule, "CHUNK", 500)
    assert both(monkeypatch, given, base, experts)


def test_the_reference_functions_cut_tensors_between_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    base, experts = with_rows("coarse", torch.float32)
    whole = merge_state_dicts(GIVEN, experts, base)
    monkeypatch.setattr(schedule, "KEEP_BYTES", 0)
    for longest in (130, 700, 2500):
        monkeypatch.setattr(schedule, "CHUNK", longest)
        assert same_bits(merge_state_dicts(GIVEN, experts, base), whole)


def test_neither_threads_nor_stretches_change_a_bit(
    monkeypatch: pytest.MonkeyPatch, taken: list[tuple[str, int]]
) -> None:
    base, experts = with_rows("coarse", torch.bfloat16)
    whole = merge_state_dicts(GIVEN, experts, base)
    fused(monkeypatch)
    monkeypatch.setattr(schedule, "ALIGNMENT", 1)
    for threads, longest in ((1, 1 << 20), (2, 1 << 20), (2, 400), (1, 130)):
        torch.set_num_threads(threads)
        monkeypatch.setattr(schedule, "CHUNK", longest)
        assert same_bits(merge_state_dicts(GIVEN, experts, base), whole)
    torch.set_num_threads(1)
    starts = [start for key, start in taken[-200:] if key == "block.0.w"]
    assert starts[-37:] == [129 * row for row in range(37)]


def test_kernels_take_della_unless_it_needs_the_norm_of_the_tensor(
    monkeypatch: pytest.MonkeyPatch, taken: list[tuple[str, int]]
) -> None:
    base, experts = with_rows("normal", torch.bfloat16)
    fused(monkeypatch)
    merge_state_dicts({"method": "task_arithmetic", "sparsify": "della"}, experts, base)
    assert {"block.0.w", "block.1.w", "three", "four", "scalar"} <= {key for key, _ in taken}
    taken.clear()
    merge_state_dicts({**GIVEN, "sparsify": {"name": "della", "rescale": "l1"}}, experts, base)
    assert taken == []


def test_on_a_gpu_the_reference_functions_do_it_in_stretches_of_whole_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    base, experts = with_rows("normal", torch.bfloat16)
    fused(monkeypatch)
    monkeypatch.setattr(schedule.gpu, "takes", lambda device: True)
    made = finish(prepare(plan_for(GIVEN, experts, base))).schedule
    assert (made.kernel_keys, made.chunk, made.threads) == (frozenset(), schedule.CHUNK, 1)


def test_a_sweep_after_della_has_the_bits_of_its_points(monkeypatch: pytest.MonkeyPatch) -> None:
    base, experts = with_rows("normal", torch.bfloat16)
    fused(monkeypatch)
    for density, body in sweep_bodies(GIVEN, experts, base, knob="method.density", values=[0.2, 0.6, 1.0]):
        point: Mapping[str, Any] = {**GIVEN, "method": {"name": "ties", "density": density}}
        assert same_bits(body, merge_state_dicts(point, experts, base))


@pytest.mark.parametrize("method", ["task_arithmetic", "ties"])
def test_values_that_are_not_finite_stop_the_merge(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    base, experts = with_rows("normal", torch.float16)
    experts["b"]["block.1.w"][4999] = float("nan")
    fused(monkeypatch)
    with pytest.raises(MergeError, match=r"block\.1\.w of b holds 1 values that are NaN or infinite"):
        merge_state_dicts({"method": method, "sparsify": "della"}, experts, base)


def test_an_overflow_of_what_is_rescaled_is_told_as_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    base, experts = with_rows("normal", torch.float16)
    for state in experts.values():
        state["block.1.w"][:] = 60_000
    fused(monkeypatch)
    with pytest.raises(MergeError, match=r"block\.1\.w of the merged model holds \d+ values"):
        merge_state_dicts({"method": {"name": "task_arithmetic", "scale": 1.0}, "sparsify": "della"}, experts, base)
