"""The kernel's steps are those of the reference: counts exactly, sums as far as float32 goes."""

from __future__ import annotations

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mergelab.analysis.sketch.curves import GRID
from mergelab.analysis.sketch.magnitude_counts import Counts, draw_table
from mergelab.analysis.sketch.magnitude_histogram import unsigned
from mergelab.analysis.sketch.survival_histogram import NEVER, SurvivalHistogram, curves_of, steps
from mergelab.kernels.arguments import LevelSource, SparsifyParams
from mergelab.kernels.cpu.sparsifier_mask import BLOCK
from mergelab.kernels.cpu.stack import CpuStack
from mergelab.kernels.cpu.survival_histogram import stepped
from mergelab.kernels.device_stack import StackContext
from mergelab.methods.ops.stack import BINS, Stack, magnitude_bits
from mergelab.runtime.randomness import draws, key_of

NO_TABLES = numpy.zeros((0, 0, 0), numpy.int16)
NO_KEYS = numpy.zeros((0, 2), numpy.uint32)
NO_LEVELS = numpy.zeros((0, 0), numpy.int16)
CONTEXT = StackContext("w", lambda: torch.zeros(0))
COUNTED = {"active", "overlapping", "conflicting", "against_count", "kept", "shared", "opposed"}


def stack_of(base: Tensor, experts: list[Tensor]) -> CpuStack:
    return CpuStack(base, experts, SparsifyParams.none(len(experts)), CONTEXT)


def models(
    count: int, n_models: int, dtype: torch.dtype = torch.bfloat16, seed: int = 0
) -> tuple[Tensor, list[Tensor]]:
    """A base and experts with many equal, cancelling and absent changes."""
    generator = torch.Generator().manual_seed(seed)
    base = torch.randn(count, generator=generator).to(dtype)
    changes = [(4 * torch.randn(count, generator=generator)).round() / 64 for _ in range(n_models)]
    return base, [(base.float() + change).to(dtype) for change in changes]


def check(found: tuple[object, ...], expected: SurvivalHistogram) -> None:
    order = range(len(expected.models))
    wanted = curves_of(expected, order)
    for name, curve in curves_of(SurvivalHistogram(*found), order).items():  # type: ignore[arg-type]
        size = numpy.abs(wanted[name]).max(initial=0.0)
        slack = 0 if name in COUNTED else 1e-6 * size
        assert numpy.abs(curve - wanted[name]).max(initial=0.0) <= slack, name


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
@pytest.mark.parametrize("n_models", [1, 2, 3, 4, 5, 6, 7, 9])
def test_given_levels(n_models: int, dtype: torch.dtype) -> None:
    base, experts = models(3 * BLOCK + 77, n_models, dtype)
    values = torch.stack([expert.float() - base.float() for expert in experts])
    levels = torch.randint(1, NEVER + 1, values.shape, generator=torch.Generator().manual_seed(1))
    levels = torch.where(values == 0, NEVER, levels).to(torch.int16)
    found = stepped(stack_of(base, experts), LevelSource(NO_TABLES, NO_KEYS, levels.numpy(), NEVER))
    assert found is not None and len(found) == 1
    check(found[0], steps(values, levels))


@settings(max_examples=25)
@given(st.integers(1, 5), st.integers(1, 2 * BLOCK), st.integers(0, 9), st.sampled_from([1, 7, GRID]))
def test_few_levels_and_short_tensors(n_models: int, count: int, seed: int, highest: int) -> None:
    base, experts = models(count, n_models, seed=seed)
    values = torch.stack([expert.float() - base.float() for expert in experts])
    levels = torch.randint(1, highest + 1, values.shape, generator=torch.Generator().manual_seed(seed))
    levels = torch.where(values == 0, NEVER, levels).to(torch.int16)
    found = stepped(stack_of(base, experts), LevelSource(NO_TABLES, NO_KEYS, levels.numpy(), NEVER))
    assert found is not None
    check(found[0], steps(values, levels))


@pytest.mark.parametrize("n_models", [1, 2, 3])
def test_levels_by_magnitude_in_two_cuts(n_models: int) -> None:
    base, experts = models(2 * BLOCK + 9, n_models)
    stack, values = stack_of(base, experts), torch.stack([expert.float() - base.float() for expert in experts])
    counts = Counts.of(stack.upper_counts(), True)
    tables = numpy.stack([counts.table(counts.total, 0.0), counts.table(2 * counts.total, 0.1)])
    found = stepped(stack, LevelSource(tables, NO_KEYS, NO_LEVELS, NEVER))
    assert found is not None and len(found) == 2
    for table, own in zip(tables, found, strict=True):
        places = magnitude_bits(values) >> 16
        levels = [torch.from_numpy(of_model)[row] for of_model, row in zip(table, places, strict=True)]
        check(own, steps(values, torch.stack(levels)))


def test_levels_by_draw() -> None:
    base, experts = models(2 * BLOCK + 9, 3)
    values = torch.stack([expert.float() - base.float() for expert in experts])
    keys = [key_of(5, name, "w") for name in "abc"]
    found = stepped(
        stack_of(base, experts), LevelSource(draw_table(3)[None], numpy.array(keys, numpy.uint32), NO_LEVELS, NEVER)
    )
    halves = torch.stack([draws(5, name, "w", (len(base),)) for name in "abc"]) >> 16
    levels = torch.from_numpy(draw_table(1)[0])[halves]
    assert found is not None
    check(found[0], steps(values, torch.where(values == 0, NEVER, levels).to(torch.int16)))


def test_what_is_not_finite_is_handed_back() -> None:
    base, experts = models(BLOCK, 2)
    experts[1][3] = torch.inf
    levels = LevelSource(numpy.ones((1, 2, BINS), numpy.int16), NO_KEYS, NO_LEVELS, NEVER)
    assert stepped(stack_of(base, experts), levels) is None


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
@pytest.mark.parametrize("count", [1, BLOCK, 3 * BLOCK + 77])
def test_signed_counts(count: int, dtype: torch.dtype) -> None:
    base, experts = models(count, 2, dtype)
    experts[0][0] = -experts[0][0]
    values = torch.stack([expert.float() - base.float() for expert in experts])
    found = stack_of(base, experts).signed_counts()
    assert torch.equal(found, Stack("w", values).signed_counts())
    assert torch.equal(unsigned(found), Stack("w", values).upper_counts()[:, : BINS // 2])


def test_signed_counts_of_what_a_sparsifier_leaves() -> None:
    base, experts = models(2 * BLOCK + 9, 2)
    params = SparsifyParams.none(2)._replace(thresholds=torch.tensor([0.05, 0.0]), divisors=torch.tensor([0.0, 0.5]))
    stack = CpuStack(base, experts, params, CONTEXT)
    values = torch.stack([expert.float() - base.float() for expert in experts])
    kept = torch.stack([torch.where(values[0].abs() >= 0.05, values[0], 0.0), values[1] / 0.5])
    assert torch.equal(unsigned(stack.signed_counts()), unsigned(Stack("w", kept).signed_counts()))
    assert torch.equal(stack.signed_counts()[:, 1:], Stack("w", kept).signed_counts()[:, 1:])
