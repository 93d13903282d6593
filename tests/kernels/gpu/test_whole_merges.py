"""Whole merges through Triton's kernels are, bit for bit, those of the reference functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from device_stacks import DEVICE, numbers
from tiny_states import State, same_bits

from mergelab.checkpoints import in_memory
from mergelab.engine import MergeError, Statistics, merged_body, plan, prepare
from mergelab.engine.planning import schedule
from mergelab.kernels import gpu
from mergelab.kernels.gpu.stack import GpuStack
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish

SHAPES = {"matrix": (17, 29), "row": (900,), "scalar": (), "one": (1,), "empty": (0,), "column": (3, 1)}
TENSOR_TIES = {"name": "ties", "scope": "tensor", "zero_sign": "positive", "divide": "weights"}
RECIPES: tuple[tuple[Any, Any, str, torch.dtype], ...] = (
    ({"name": "ties", "density": 0.3}, None, "coarse", torch.bfloat16),
    ({"name": "ties", "density": 0.4, "weigh": "after", "combine": "sum"}, "dare", "normal", torch.float16),
    ({"name": "ties", "elect": "count", "combine": "max"}, {"name": "trim", "density": 0.5}, "extreme", torch.float32),
    (TENSOR_TIES, {"name": "trim", "density": 0.6, "scope": "tensor"}, "extreme", torch.bfloat16),
    ({"name": "task_arithmetic"}, {"name": "dare", "density": 0.3, "rescale": "none"}, "extreme", torch.bfloat16),
    ({"name": "task_arithmetic"}, {"name": "trim", "density": 0.3, "rescale": "inverse"}, "coarse", torch.float16),
    ({"name": "magmax", "equal": "last"}, {"name": "dare", "density": 0.3}, "coarse", torch.bfloat16),
    ({"name": "average"}, None, "normal", torch.bfloat16),
)


def models(kind: str, dtype: torch.dtype) -> tuple[State, dict[str, State]]:
    generator = torch.Generator().manual_seed(1)
    base = {key: numbers(kind, shape, generator).to(dtype) for key, shape in SHAPES.items()}
    base["frozen"] = torch.ones(70, dtype=dtype)
    experts = {
        name: {
            key: value if key == "frozen" else (value.float() + 0.1 * numbers(kind, value.shape, generator)).to(dtype)
            for key, value in base.items()
        }
        for name in "abc"
    }
    return base, experts


def recipe(method: Mapping[str, Any], mask: Any = None) -> dict[str, Any]:
    weights = (0.5, -0.3, 1.2) if method["name"] in ("ties", "task_arithmetic") else (1.0, 0.0, 0.4)
    weights = (0.5, 0.3, 1.2) if method.get("divide") == "weights" else weights  # of both signs, they may cancel
    given = [{"model": name, "weight": weight} for name, weight in zip("abc", weights, strict=True)]
    given = given if method["name"] != "magmax" else [{"model": name} for name in "abc"]
    return {"models": given, "method": method, **({"sparsify": mask} if mask else {})}


def merge(
    given: Mapping[str, Any], base: State, experts: Mapping[str, State], statistics: Statistics | None = None
) -> State:
    """On the GPU where there is one."""
    opened = [in_memory(name, state) for name, state in experts.items()]
    planned = plan(Recipe.from_mapping(given, models=list(experts)), in_memory("base", base), opened, statistics)
    return finish(merged_body(finish(prepare(planned, DEVICE.type))))


@pytest.fixture
def on_kernels(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every merge goes through Triton; gives the tensors that it has merged."""
    merged: list[str] = []
    real = GpuStack.merge
    monkeypatch.setattr(gpu, "takes", lambda device: True)
    monkeypatch.setattr(schedule, "KERNELS_FROM", 0)
    monkeypatch.setattr(schedule, "KEEP_BYTES", 0)
    monkeypatch.setattr(GpuStack, "merge", lambda self, *rest: merged.extend(self.counts()) or real(self, *rest))
    return merged


def reference(monkeypatch: pytest.MonkeyPatch, *arguments: Any) -> State:
    with monkeypatch.context() as patch:
        patch.setattr(schedule, "KERNELS_FROM", 10**12)
        return merge(*arguments)


@pytest.mark.parametrize(("method", "mask", "kind", "dtype"), RECIPES, ids=lambda value: str(value)[:40])
def test_every_method_after_every_sparsifier(
    monkeypatch: pytest.MonkeyPatch, on_kernels: list[str], method: Any, mask: Any, kind: str, dtype: torch.dtype
) -> None:
    base, experts = models(kind, dtype)
    found = merge(recipe(method, mask), base, experts)
    assert same_bits(found, reference(monkeypatch, recipe(method, mask), base, experts))
    assert {"matrix", "row"} <= set(on_kernels)


def test_fisher(monkeypatch: pytest.MonkeyPatch, on_kernels: list[str]) -> None:
    base, experts = models("normal", torch.bfloat16)
    generator = torch.Generator().manual_seed(3)
    information = {
        name: {key: numbers("coarse", value.shape, generator).square() * 1e-5 for key, value in state.items()}
        for name, state in experts.items()
    }
    arguments = recipe({"name": "fisher", "floor_by": "add"}), base, experts, {"fisher": information}
    assert same_bits(merge(*arguments), reference(monkeypatch, *arguments))
    assert "matrix" in on_kernels


def test_neither_lanes_nor_stretches_change_a_bit(monkeypatch: pytest.MonkeyPatch, on_kernels: list[str]) -> None:
    base, experts = models("coarse", torch.bfloat16)
    base["long"], generator = torch.zeros(300, dtype=torch.bfloat16), torch.Generator().manual_seed(2)
    for state in experts.values():
        state["long"] = numbers("coarse", (300,), generator).bfloat16()
    given = recipe({"name": "task_arithmetic"}, {"name": "dare", "density": 0.5})
    expected = reference(monkeypatch, given, base, experts)
    monkeypatch.setattr(schedule, "ALIGNMENT", 128)
    for lanes, together in ((1, 4 * 128), (3, 4 * 1024)):
        monkeypatch.setattr(schedule, "LANES", lanes)
        monkeypatch.setattr(schedule, "GPU_CHUNK", together)
        on_kernels.clear()
        assert same_bits(merge(given, base, experts), expected)
        assert on_kernels.count("long") == (3 if together == 512 else 1)


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@pytest.mark.parametrize("method", ["ties", "task_arithmetic", "average"])
def test_values_that_are_not_finite_stop_the_merge(on_kernels: list[str], method: str) -> None:
    base, experts = models("normal", torch.bfloat16)
    experts["b"]["row"][899] = float("nan")
    with pytest.raises(MergeError, match="row of b holds 1 values that are NaN or infinite"):
        merge({"method": method}, base, experts)


def test_what_the_kernels_do_not_know_goes_to_the_reference(
    monkeypatch: pytest.MonkeyPatch, on_kernels: list[str]
) -> None:
    base, experts = models("normal", torch.bfloat16)
    mixed = {**experts, "a": {key: value.half() for key, value in experts["a"].items()}}
    for given, states in (
        (recipe({"name": "ties"}), mixed),
        ({"method": "ties", "sparsify": {"name": "dare", "rescale": "l1"}}, experts),
        ({**recipe({"name": "ties"}), "method": TENSOR_TIES}, experts),
    ):
        assert same_bits(merge(given, base, states), reference(monkeypatch, given, base, states))
    assert on_kernels == []


def test_kernels_run_on_nvidia_gpus_with_triton_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    assert gpu.takes(torch.device("cuda")) and not gpu.takes(torch.device("cpu"))
    monkeypatch.setattr(gpu, "installed", lambda: False)
    assert not gpu.takes(torch.device("cuda"))
    monkeypatch.undo()
    monkeypatch.setattr(torch.version, "cuda", None)
    assert not gpu.takes(torch.device("cuda"))
