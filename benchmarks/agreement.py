"""Whether another device gives the merges that the CPU gives, on the golden cases and within their tolerances."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from mergelab.checkpoints import in_memory
from mergelab.engine import Statistics, merged_body, plan, prepare
from mergelab.engine.planning import schedule
from mergelab.kernels import gpu
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish

CONFORMANCE = Path(__file__).parent.parent / "tests" / "conformance"
ELSEWHERE = ("fisher_estimate", "diagnostics")
"""Categories of golden cases that are no merges."""

State = dict[str, Tensor]


@dataclass
class Agreement:
    """How many cases of a category were run, in how many of them the GPU's kernels took part, how many the device got within
    tolerance, how many with the CPU's bits."""

    cases: int = 0
    on_kernels: int = 0
    within: int = 0
    same_bits: int = 0
    worst: float = 0.0
    """The largest difference between CPU and device."""


@contextmanager
def through_kernels() -> Iterator[list[str]]:
    """Merges of any size go through the GPU's kernels, also in Triton's interpreter; gives the tensors that did."""
    from mergelab.kernels.gpu.stack import GpuStack

    merged: list[str] = []
    real = GpuStack.merge
    with ExitStack() as patches:
        patches.enter_context(mock.patch.multiple(schedule, KERNELS_FROM=0, KEEP_BYTES=0))
        patches.enter_context(mock.patch.object(gpu, "takes", lambda device: True))
        patches.enter_context(
            mock.patch.object(GpuStack, "merge", lambda self, *rest: (merged.append(self.key), real(self, *rest))[1])
        )
        yield merged


def merge_on(device: str) -> Any:
    """`merge_state_dicts` for a device."""

    def merge(
        recipe_like: Mapping[str, Any],
        models: Mapping[str, Mapping[str, Tensor]],
        base: Mapping[str, Tensor] | None = None,
        statistics: Statistics | None = None,
    ) -> State:
        given = {key: value for key, value in recipe_like.items() if key != "base"}
        recipe = Recipe.from_mapping(given, models=list(models))
        experts = [in_memory(expert.model, models[expert.model]) for expert in recipe.models]
        frame = in_memory("base", base) if base is not None else None
        return finish(merged_body(finish(prepare(plan(recipe, frame, experts, statistics), device))))

    return merge


def on_goldens(device: str, every: int = 1, kernels: bool = False) -> dict[str, Agreement]:
    """By category; of all merges that are offered, or of every n-th. With `kernels` the device uses those wherever they can
    take a merge, else the reference functions."""
    sys.path[:0] = [str(CONFORMANCE)]
    golden, readings = importlib.import_module("golden"), importlib.import_module("readings")
    names = ["readings", *(file.stem for file in sorted(CONFORMANCE.glob("readings_*.py")))]
    modules = [importlib.import_module(name) for name in names]
    cases = [case for case in golden.read_cases(CONFORMANCE / "golden") if case.category not in ELSEWHERE]
    offered = [case for case in cases if readings.why_not_offered(case) is None]
    found: dict[str, Agreement] = {}
    for case in offered[::every]:
        expected = _read(case, readings, modules, "cpu")
        with through_kernels() if kernels else nullcontext([]) as taken:
            got = _read(case, readings, modules, device)
        _add(found.setdefault(case.category, Agreement()), case, expected, got, bool(taken))
    return found


def _read(case: Any, readings: Any, modules: Iterable[Any], device: str) -> State:
    """A case's result where every merge of state dicts runs on `device`."""
    with ExitStack() as stack:
        for module in modules:
            if hasattr(module, "merge_state_dicts"):
                stack.enter_context(mock.patch.object(module, "merge_state_dicts", merge_on(device)))
        result: State = readings.READINGS[case.method](case)
    return result


def _add(found: Agreement, case: Any, expected: State, got: State, on_kernels: bool) -> None:
    found.cases += 1
    found.on_kernels += on_kernels
    try:
        case.check(got)
        found.within += 1
    except AssertionError as error:
        print(f"{case.id}: {error}", file=sys.stderr)
    found.same_bits += all(torch.equal(expected[key], got[key]) for key in expected)
    differences = [(expected[key].double() - got[key].double()).abs() for key in expected if expected[key].numel()]
    found.worst = max([found.worst, *(float(each.max()) for each in differences)])
