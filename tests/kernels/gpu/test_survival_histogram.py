"""Triton's steps of a sketch are the reference's: counts exactly, other sums as far as their whole numbers go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy
import pytest
import torch
from device_stacks import DTYPES, KINDS, deltas, device_stack, stored
from tiny_states import plan_for, random_state, tuned
from torch import Tensor

from mergelab.analysis.sketch import GRID, Sketch, build_sketch
from mergelab.analysis.sketch.curves import COUNTS
from mergelab.analysis.sketch.magnitude_counts import Counts, draw_table
from mergelab.analysis.sketch.survival_histogram import NEVER, SurvivalHistogram, curves_of
from mergelab.analysis.sketch.survival_histogram import survival_histogram as reference
from mergelab.engine import MergeError
from mergelab.engine.planning import schedule
from mergelab.kernels import gpu
from mergelab.kernels.arguments import LevelSource, SparsifyParams
from mergelab.kernels.gpu import survival_histogram
from mergelab.kernels.gpu.survival_histogram import survival_histograms
from mergelab.methods.ops.stack import BINS, magnitude_bits
from mergelab.runtime.progress import finish
from mergelab.runtime.randomness import draws, key_of

NO_TABLES = numpy.zeros((0, 0, 0), numpy.int16)
NO_KEYS = numpy.zeros((0, 2), numpy.uint32)
NO_LEVELS = numpy.zeros((0, 0), numpy.int16)
SLACK = 1e-9
"""Share of a curve's largest value."""


def check(found: tuple[Any, ...], values: Tensor, levels: Tensor) -> None:
    expected = reference(values, torch.where(values == 0, NEVER, levels).to(torch.int16))
    wanted = curves_of(expected, range(len(values)))
    for name, curve in curves_of(SurvivalHistogram(*found), range(len(values))).items():
        slack = 0 if name in COUNTS else SLACK * numpy.abs(wanted[name]).max(initial=0.0)
        assert numpy.abs(curve - wanted[name]).max(initial=0.0) <= slack, name


def tables_of(values: Tensor) -> numpy.ndarray[Any, Any]:
    upper = torch.stack([torch.bincount(magnitude_bits(row) >> 16, minlength=BINS) for row in values])
    counts = Counts.of(upper, True)
    return numpy.stack([counts.table(counts.total, 0.0), counts.table(2 * counts.total, 0.1)])


def looked_up(table: numpy.ndarray[Any, Any], places: Tensor) -> Tensor:
    return torch.stack([torch.from_numpy(own)[row] for own, row in zip(table, places, strict=True)])


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("experts", [1, 2, 3, 5])
def test_levels_by_magnitude_in_two_cuts(experts: int, kind: str, dtype: torch.dtype) -> None:
    tensors = stored(kind, dtype, (5000,), experts)
    values = deltas(tensors)
    tables = tables_of(values)
    found = survival_histograms(device_stack(tensors), LevelSource(tables, NO_KEYS, NO_LEVELS, NEVER))
    assert found is not None and len(found) == 2
    for table, own in zip(tables, found, strict=True):
        check(own, values, looked_up(table, magnitude_bits(values) >> 16))


@pytest.mark.parametrize("highest", [1, 3, GRID])
def test_given_levels_many_of_them_equal(highest: int) -> None:
    tensors = stored("coarse", torch.bfloat16, (900,), 4)
    levels = torch.randint(1, highest + 1, (4, 900), generator=torch.Generator().manual_seed(1)).to(torch.int16)
    found = survival_histograms(device_stack(tensors), LevelSource(NO_TABLES, NO_KEYS, levels.numpy(), NEVER))
    assert found is not None
    check(found[0], deltas(tensors), levels)


def test_levels_by_draw_in_the_middle_of_a_tensor() -> None:
    tensors, start = stored("normal", torch.bfloat16, (700,)), 1 << 14
    keys = numpy.array([key_of(5, name, "w") for name in "abc"], numpy.uint32)
    levels = LevelSource(draw_table(3)[None], keys, NO_LEVELS, NEVER)
    found = survival_histograms(device_stack(tensors, start=start), levels)
    halves = torch.stack([draws(5, name, "w", (start + 700,))[start:] for name in "abc"]) >> 16
    assert found is not None
    check(found[0], deltas(tensors), looked_up(draw_table(3), halves))


def test_levels_of_what_a_sparsifier_leaves() -> None:
    tensors = stored("normal", torch.bfloat16, (900,))
    params = SparsifyParams.none(3)._replace(thresholds=torch.full((3,), 0.001), divisors=torch.full((3,), 0.5))
    whole = deltas(tensors)
    values = torch.where(whole.abs() >= 0.001, whole, 0.0) / 0.5
    found = survival_histograms(
        device_stack(tensors, params=params), LevelSource(tables_of(values), NO_KEYS, NO_LEVELS, NEVER)
    )
    assert found is not None
    check(found[0], values, looked_up(tables_of(values)[0], magnitude_bits(values) >> 16))


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_experts_of_any_size_beside_each_other(size: float) -> None:
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(3, 800, generator=generator) * torch.tensor([[1.0], [size], [1e-3]])
    tables = tables_of(values)
    found = survival_histograms(
        device_stack([torch.zeros(800), *values]), LevelSource(tables, NO_KEYS, NO_LEVELS, NEVER)
    )
    assert found is not None
    check(found[0], values, looked_up(tables[0], magnitude_bits(values) >> 16))


def test_neither_copies_nor_blocks_change_a_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = stored("normal", torch.bfloat16, (3000,))
    levels = LevelSource(tables_of(deltas(tensors)), NO_KEYS, NO_LEVELS, NEVER)
    first = survival_histograms(device_stack(tensors), levels)
    monkeypatch.setattr(survival_histogram, "COPIES", 1)
    monkeypatch.setattr("mergelab.kernels.gpu.launch.BLOCK", 512)
    again = survival_histograms(device_stack(tensors), levels)
    assert first is not None and again is not None
    for one, other in zip(first, again, strict=True):
        assert all((mine == theirs).all() for mine, theirs in zip(one, other, strict=True))


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_what_is_not_finite_is_handed_back() -> None:
    tensors = stored("normal", torch.bfloat16)
    tensors[2][699] = torch.inf
    levels = LevelSource(numpy.ones((1, 3, BINS), numpy.int16), NO_KEYS, NO_LEVELS, NEVER)
    assert survival_histograms(device_stack(tensors), levels) is None


def test_an_empty_stretch_has_no_steps() -> None:
    levels = LevelSource(numpy.ones((1, 3, BINS), numpy.int16), NO_KEYS, NO_LEVELS, NEVER)
    found = survival_histograms(device_stack(stored("normal", torch.bfloat16, (0,))), levels)
    assert found is not None and not any(part.any() for part in found[0])


RECIPES: Mapping[str, dict[str, Any]] = {
    "ties": {"method": "ties"},
    "dare": {"method": "average", "sparsify": "dare"},
    "dare ties": {"method": "ties", "sparsify": "dare"},
    "della": {"method": "average", "sparsify": "della"},
    "della ties": {"method": "ties", "sparsify": "della"},
    "varied": {"method": "ties", "overrides": [{"match": "a", "density": 0.5}]},
}
SHAPES = {"a": (40, 60), "b": (77,), "frozen": (5,)}


def sketched(recipe: dict[str, Any], spoilt: bool = False) -> Sketch:
    base = {key: value.bfloat16() for key, value in random_state(0, shapes=SHAPES).items()}
    changes = tuned({key: value.float() for key, value in base.items()}, 2, 0.1)
    models = {name: {key: value.bfloat16() for key, value in state.items()} for name, state in changes.items()}
    if spoilt:
        models["b"]["b"][7] = torch.nan
    return finish(build_sketch(plan_for(recipe, models, base), "cuda" if torch.cuda.is_available() else "cpu"))


@pytest.fixture
def steps_taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Everything goes through Triton; gives the entries of each chunk that was counted there."""
    taken: list[int] = []
    real = survival_histogram.survival_histograms
    monkeypatch.setattr(gpu, "takes", lambda device: True)
    monkeypatch.setattr(schedule, "KERNELS_FROM", 0)
    monkeypatch.setattr(schedule, "KEEP_BYTES", 0)
    monkeypatch.setattr(
        survival_histogram,
        "survival_histograms",
        lambda stack, levels: taken.append(stack.count) or real(stack, levels),
    )
    return taken


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_whole_sketches(recipe: dict[str, Any], steps_taken: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    found = sketched(recipe)
    assert 2400 in steps_taken and 77 in steps_taken
    monkeypatch.setattr(schedule, "KERNELS_FROM", 10**12)
    expected = sketched(recipe)
    assert (found.magnitudes == expected.magnitudes).all() and (found.sizes == expected.sizes).all()
    for cut, curves in expected.curves.items():
        for name, wanted in curves.present.items():
            slack = 0 if name in COUNTS else 1e-6 * numpy.abs(wanted).max(initial=0)
            assert numpy.abs(getattr(found.curves[cut], name) - wanted).max(initial=0) <= slack, (cut, name)


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_a_sketch_refuses_what_is_not_finite_with_its_name(steps_taken: list[int]) -> None:
    with pytest.raises(MergeError, match="b of b holds 1 values"):
        sketched({"method": "ties"}, spoilt=True)
    assert steps_taken == []
