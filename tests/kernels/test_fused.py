"""The kernels give the reference functions' bits, on random and on adversarial numbers, for every combination they take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from fused_merges import DTYPES, EVERY_TIES, METHODS, SHAPES, WEIGHTS, both, fused, models, numbers, recipe
from tiny_states import plan_for, same_bits

from mergelab import merge_state_dicts
from mergelab.engine import MergeError, merged_model, prepare
from mergelab.engine.planning import schedule
from mergelab.runtime.progress import finish

SPARSIFIERS: tuple[dict[str, Any] | None, ...] = (
    None,
    {"name": "dare", "density": 0.3},
    {"name": "dare", "density": 0.3, "rescale": "none"},
    {"name": "trim", "density": 0.3, "rescale": "inverse"},
    {"name": "trim", "density": 0.3, "scope": "tensor"},
)


def every_ties() -> Iterator[dict[str, Any]]:
    yield from ({"name": "ties", "density": 0.3, "scale": 0.9, **words} for words in EVERY_TIES)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("kind", ["normal", "coarse", "extreme"])
def test_every_ties_has_the_references_bits(monkeypatch: pytest.MonkeyPatch, kind: str, dtype: torch.dtype) -> None:
    base, experts = models(kind, dtype)
    wrong = [
        (method, weights)
        for number, method in enumerate(every_ties())
        for weights in WEIGHTS[number % 2 :][:1]
        if not both(monkeypatch, recipe(method, None, weights), base, experts)
    ]
    assert wrong == []


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("kind", ["normal", "coarse", "extreme"])
def test_every_method_after_every_sparsifier_has_the_references_bits(
    monkeypatch: pytest.MonkeyPatch, kind: str, dtype: torch.dtype
) -> None:
    base, experts = models(kind, dtype, seed=1)
    wrong = [
        (method, mask)
        for method in METHODS
        for mask in SPARSIFIERS
        if not both(monkeypatch, recipe(method, mask, WEIGHTS[1]), base, experts)
    ]
    assert wrong == []


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("weights", [(1.0, 1.0, 1.0), (0.5, 0.0, 1.2), (0.0, 0.0, 0.0)])
def test_the_average_has_the_references_bits(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, weights: tuple[float, ...]
) -> None:
    base, experts = models("normal", dtype)
    entries = [{"model": name, "weight": weight} for name, weight in zip("abc", weights, strict=True)]
    assert both(monkeypatch, {"models": entries, "method": "average"}, base, experts)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("normalize", ["global", "none"])
@pytest.mark.parametrize("floor_by", ["max", "add"])
@pytest.mark.parametrize("floor_on", ["all", "first"])
def test_fisher_has_the_references_bits(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, normalize: str, floor_by: str, floor_on: str
) -> None:
    base, experts = models("normal", dtype)
    generator = torch.Generator().manual_seed(3)
    information = {
        name: {k: numbers("coarse", v.shape, generator).square() * 1e-5 for k, v in state.items()}
        for name, state in experts.items()
    }
    method = {"name": "fisher", "normalize": normalize, "floor_by": floor_by, "floor_on": floor_on, "floor": 1e-6}
    given = {
        "models": [{"model": n, "weight": w} for n, w in zip("abc", (1.0, 0.0, 0.4), strict=True)],
        "method": method,
    }
    assert both(monkeypatch, given, base, experts, {"fisher": information})


@pytest.mark.parametrize("out", ["float32", "float16", "bfloat16"])
def test_mixed_formats_have_the_references_bits(monkeypatch: pytest.MonkeyPatch, out: str) -> None:
    base, experts = models("normal", torch.float32)
    experts = {name: {key: value.bfloat16() for key, value in state.items()} for name, state in experts.items()}
    assert both(monkeypatch, {"method": "ties", "dtype": out}, base, experts)
    experts["a"] = {key: value.half() for key, value in experts["a"].items()}
    assert both(monkeypatch, {"method": "ties", "dtype": out}, base, experts)


def test_neither_threads_nor_stretches_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    base, experts = models("coarse", torch.bfloat16)
    base["big"] = torch.randn(300, 700).bfloat16()
    experts = {
        name: {**state, "big": (base["big"].float() + 0.1 * torch.randn(300, 700)).bfloat16()}
        for name, state in experts.items()
    }
    given = {"method": {"name": "ties", "density": 0.5}, "sparsify": {"name": "dare", "density": 0.5}}
    fused(monkeypatch)
    results = []
    for threads, stretch in ((1, 24 << 20), (2, 24 << 20), (2, 4 * schedule.ALIGNMENT)):
        torch.set_num_threads(threads)
        monkeypatch.setattr(schedule, "KERNEL_CHUNK", stretch)
        results.append(merge_state_dicts(given, experts, base))
    torch.set_num_threads(1)
    assert same_bits(results[0], results[1]) and same_bits(results[0], results[2])


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_stored_number_is_read_and_written_as_torch_does(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype
) -> None:
    """A task vector of zeros gives each number back; an added one rounds as torch rounds."""
    whole = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(torch.float16).float()
    values = whole[whole.isfinite()].to(dtype)
    base, expert = {"w": values, "v": values}, {"w": values.flip(0), "v": values}
    kept = {"w": expert["w"].isfinite() & base["w"].isfinite()}["w"]
    base, expert = {"w": base["w"][kept], "v": base["v"][kept]}, {"w": expert["w"][kept], "v": expert["v"][kept]}
    given = {"method": {"name": "task_arithmetic", "scale": 0.37}}
    assert both(monkeypatch, given, base, {"a": expert})


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("method", ["ties", "task_arithmetic", "average"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_values_that_are_not_finite_stop_the_merge(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, method: str, bad: float
) -> None:
    base, experts = models("normal", dtype)
    experts["b"]["block.1.w"][4999] = bad
    fused(monkeypatch)
    with pytest.raises(MergeError, match=r"block\.1\.w of b holds 1 values that are NaN or infinite"):
        merge_state_dicts({"method": method}, experts, base)


def test_an_overflow_born_in_a_kernel_is_told_as_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    base, experts = models("normal", torch.float16)
    for state in experts.values():
        state["block.1.w"][7] = 60_000
    fused(monkeypatch)
    with pytest.raises(MergeError, match=r"block\.1\.w of the merged model holds 1 values"):
        merge_state_dicts({"method": {"name": "task_arithmetic", "scale": 1.0}}, experts, base)


def test_the_kernels_do_take_these_merges(monkeypatch: pytest.MonkeyPatch) -> None:
    from mergelab.kernels.cpu.stack import CpuStack

    taken: list[str] = []
    real = CpuStack.merge
    monkeypatch.setattr(CpuStack, "merge", lambda self, *rest: taken.append(self.key) or real(self, *rest))
    base, experts = models("normal", torch.bfloat16)
    fused(monkeypatch)
    merge_state_dicts({"method": "ties", "sparsify": {"name": "dare", "density": 0.999}}, experts, base)
    assert sorted(taken) == sorted(set(SHAPES) - {"empty"})
    taken.clear()
    merge_state_dicts({"method": "ties", "sparsify": {"name": "dare", "rescale": "l1"}}, experts, base)
    assert taken == []


def test_without_numba_the_reference_functions_do_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from mergelab import kernels

    base, experts = models("normal", torch.bfloat16)
    fused(monkeypatch)
    with_kernels = merge_state_dicts({"method": "ties"}, experts, base)
    monkeypatch.setattr(kernels, "available", lambda: False)
    assert same_bits(merge_state_dicts({"method": "ties"}, experts, base), with_kernels)


def test_weights_after_a_sparsifier_have_no_kernel_and_come_in_the_stretches_of_the_reference_functions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base, experts = models("normal", torch.bfloat16)
    fused(monkeypatch)
    plain, sparse = (
        finish(prepare(plan_for({"method": "average", **step}, experts, base))).schedule
        for step in ({}, {"sparsify": "dare"})
    )
    assert plain.chunk != schedule.CHUNK
    assert (sparse.chunk, sparse.threads) == (schedule.CHUNK, 1)


def test_kernels_leave_running_statistics_float64_and_what_needs_a_remark_to_the_reference_functions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base, experts = models("normal", torch.float32)
    for state in (base, *experts.values()):
        state["wide"], state["norm.running_var"] = state["column"].double() / 3, state["one"].square()
    assert all(both(monkeypatch, recipe(method, None, WEIGHTS[0]), base, experts) for method in METHODS)
    cancelling = {"name": "ties", "density": 1.0, "divide": "weights"}
    fused(monkeypatch)
    plan = plan_for(recipe(cancelling, None, (1.0, -1.0, 1.0)), experts, base)
    prepared = finish(prepare(plan))
    assert prepared.schedule.kernels_merge and not {"wide", "norm.running_var"} & prepared.schedule.kernel_keys
    assert [remark.split(":")[0] for remark in finish(merged_model(prepared)).remarks] == [
        "block.0.w",
        "norm.running_var",
    ]
