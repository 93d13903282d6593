from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_states import merge, merged_numbers, numbers, same_bits
from torch import Tensor

from mergelab import merge_state_dicts
from mergelab.methods.sparsifiers.dare import dare
from mergelab.methods.sparsifiers.della import della

WORD = 2**32
ROW = torch.tensor([[2.0, -1.0, 3.0]])
"""At density 1/2 and epsilon 1/4 the chances are 1/2, 1/4 and 3/4."""
HALF: dict[str, Any] = {"density": 0.5, "epsilon": 0.25}


def survivors(deltas: Tensor, draw: float, **knobs: Any) -> list[Any]:
    """What is left, unscaled, when every draw is `draw` · 2^32."""
    draws = torch.full(deltas.shape, int(draw * WORD), dtype=torch.int64)
    return della(deltas, rescale="none", draws=draws, **{**HALF, **knobs}).tolist()


def chances(deltas: Tensor, **knobs: Any) -> Tensor:
    """The probabilities that the rescaling reveals, where an entry survives at all."""
    kept = della(deltas, draws=torch.zeros(deltas.shape, dtype=torch.int64), **{**HALF, **knobs})
    return torch.where(kept == 0, 0.0, deltas / kept)


def test_the_chance_rises_linearly_with_the_rank_inside_the_row() -> None:
    assert chances(ROW).tolist() == [[0.5, 0.25, 0.75]]
    assert chances(torch.tensor([[5.0, 4.0, 1.0, 2.0, 3.0]])).tolist() == [[0.75, 0.625, 0.25, 0.375, 0.5]]


def test_an_entry_survives_when_its_draw_is_below_its_chance() -> None:
    just = torch.tensor([[WORD // 2, WORD // 4, WORD // 4 * 3]])
    assert della(ROW, draws=just, rescale="none", **HALF).tolist() == [[0.0, 0.0, 0.0]]
    assert della(ROW, draws=just - 1, rescale="none", **HALF).tolist() == ROW.tolist()
    assert survivors(ROW, 0.4) == [[2.0, 0.0, 3.0]]


def test_survivors_are_divided_by_their_own_chance_or_scaled_to_the_l1_norm_or_left() -> None:
    draws = torch.full((1, 3), int(0.4 * WORD))
    assert della(ROW, draws=draws, **HALF).tolist() == [[4.0, 0.0, 4.0]]
    assert della(ROW, draws=draws, rescale="l1", **HALF)[0].tolist() == pytest.approx([2.4, 0.0, 3.6])
    assert della(ROW, draws=draws, rescale="none", **HALF).tolist() == [[2.0, 0.0, 3.0]]


def test_equal_magnitudes_share_their_mean_rank() -> None:
    assert chances(torch.tensor([[1.0, -1.0, 1.0, 7.0, 9.0]])).tolist() == [[0.375, 0.375, 0.375, 0.625, 0.75]]
    assert chances(torch.tensor([[2.0, -2.0, 2.0]])).tolist() == [[0.5, 0.5, 0.5]]


def test_every_row_is_ranked_by_itself() -> None:
    matrix = torch.tensor([[[1.0, 2.0, 3.0], [30.0, 20.0, 10.0]]])
    assert chances(matrix).tolist() == [[[0.25, 0.5, 0.75], [0.75, 0.5, 0.25]]]


def test_a_row_of_more_axes_is_all_that_feeds_one_output() -> None:
    kernel = torch.arange(1.0, 9.0).reshape(1, 2, 2, 2)
    assert torch.allclose(chances(kernel)[0, 0].reshape(4), torch.linspace(0.25, 0.75, 4))
    assert torch.allclose(chances(kernel)[0, 1].reshape(4), torch.linspace(0.25, 0.75, 4))


@pytest.mark.parametrize("shape", [(2,), (2, 1), (2, 4, 1), (2, 1, 1, 1)])
def test_rows_of_width_one_survive_with_the_density_itself(shape: tuple[int, ...]) -> None:
    assert bool((chances(torch.full(shape, -3.0)) == 0.5).all())


@pytest.mark.parametrize("shape", [(2, 0), (2, 0, 3), (2, 3, 0)])
def test_empty_tensors_are_harmless(shape: tuple[int, ...]) -> None:
    assert chances(torch.zeros(shape)).shape == shape


def test_chances_are_clipped() -> None:
    assert survivors(ROW, 0.0, density=0.1, epsilon=0.2) == [[2.0, 0.0, 3.0]]
    assert survivors(ROW, 1 - 2**-32, density=0.9, epsilon=0.2) == [[0.0, 0.0, 3.0]]


@pytest.mark.parametrize("rescale", ["element", "l1", "none"])
def test_at_the_ends_the_density_alone_decides(rescale: str) -> None:
    low, high = torch.zeros(1, 3, dtype=torch.int64), torch.full((1, 3), WORD - 1)
    assert della(ROW, density=0.0, epsilon=0.5, rescale=rescale, draws=low).tolist() == [[0.0, 0.0, 0.0]]
    assert della(ROW, density=1.0, epsilon=0.5, rescale=rescale, draws=high).tolist() == ROW.tolist()


def test_with_an_epsilon_of_zero_the_survivors_are_those_of_dare() -> None:
    generator = torch.Generator().manual_seed(0)
    deltas = torch.randn(2, 5, 7, generator=generator)
    draws = torch.randint(WORD, deltas.shape, generator=generator)
    assert torch.equal(della(deltas, density=0.3, epsilon=0.0, draws=draws), dare(deltas, density=0.3, draws=draws))


@settings(max_examples=40)
@given(
    st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=12),
    st.sampled_from([0.0, 0.15, 0.5]),
    st.integers(0, 9),
)
def test_a_larger_density_only_adds_survivors_whatever_the_shift(
    values: list[float], epsilon: float, seed: int
) -> None:
    deltas = torch.tensor([values])
    draws = torch.randint(WORD, deltas.shape, generator=torch.Generator().manual_seed(seed))
    kept = [della(deltas, density=share / 20, epsilon=epsilon, draws=draws) != 0 for share in range(21)]
    assert all(bool((fewer <= more).all()) for fewer, more in itertools.pairwise(kept))


def test_the_places_in_a_row_do_not_matter() -> None:
    row = torch.tensor([[3.0, 1.0, -1.0, 2.0, 0.0, 3.0]])
    assert torch.equal(chances(row).flip(1), chances(row.flip(1)))


def test_the_mean_over_seeds_is_the_delta() -> None:
    base, model = numbers(*[0.0] * 8), numbers(*range(1, 9))
    sparsify = {"name": "della", "density": 0.5, "epsilon": 0.2}
    merged = [
        merge({"name": "task_arithmetic", "scale": 1.0}, {"a": model}, base, sparsify=sparsify, seed=seed)["w"]
        for seed in range(400)
    ]
    assert torch.allclose(torch.stack(merged).mean(0), model["w"], rtol=0.4)  # five standard errors at a chance of 0.3


def test_experts_may_have_a_density_and_an_epsilon_of_their_own() -> None:
    each = {
        "density": torch.tensor([0.5, 0.25], dtype=torch.float64),
        "epsilon": torch.tensor([0.25, 0.125], dtype=torch.float64),
    }
    assert chances(ROW.repeat(2, 1), **each).tolist() == [[0.5, 0.25, 0.75], [0.25, 0.125, 0.375]]
    states, base = {"a": numbers(1.0, 2.0), "b": numbers(3.0, 4.0)}, numbers(0.0, 0.0)
    entries = [{"model": "a", "density": 1.0}, {"model": "b", "density": 0.0}]
    recipe = {"models": entries, "method": {"name": "task_arithmetic", "scale": 1.0}, "sparsify": "della"}
    assert same_bits(merge_state_dicts(recipe, states, base), states["a"])


def test_it_needs_draws() -> None:
    with pytest.raises(ValueError, match="della needs random draws"):
        della(ROW)


def test_dropping_comes_before_the_method() -> None:
    sparsify = {"name": "della", "density": 1.0}
    assert merged_numbers({"name": "ties", "density": 1 / 3}, [1.0, -4.0, 2.0], sparsify=sparsify) == [0.0, -4.0, 0.0]
