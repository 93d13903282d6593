"""Known answers: these bits are part of the algorithm version in every recipe's digest. Should one of them have to
change, raise `mergelab.recipe.ALGORITHM` with it."""

from __future__ import annotations

import itertools

import pytest
import torch

from mergelab.randomness import draws

KNOWN = (
    [1469091610, 2967737279, 276970725, 2425993828, 1187660755, 652120361],
    [1976843670, 3851255646, 13159011, 87724348, 4249256779, 2877199526],
)


def test_the_stream_gives_the_bits_that_recipes_were_digested_with() -> None:
    assert draws(0, "expert", "tensor", (6,)).tolist() == KNOWN[0]
    assert draws(2**53, "", "encoder.weight", (6,)).tolist() == KNOWN[1]


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (2, 3, 4), (4, 1), (0,), (3, 0)])
def test_draws_have_the_shape_asked_for_and_fit_32_bits(shape: tuple[int, ...]) -> None:
    drawn = draws(1, "expert", "tensor", shape)
    assert drawn.shape == shape and drawn.dtype == torch.int64
    assert bool(((drawn >= 0) & (drawn < 2**32)).all())


@pytest.mark.parametrize("count", [1, 2, 3, 15, 64])
def test_entry_i_does_not_depend_on_how_many_are_drawn_or_in_which_shape(count: int) -> None:
    whole = draws(5, "expert", "tensor", (8, 8)).flatten()
    assert torch.equal(draws(5, "expert", "tensor", (count,)), whole[:count])


def test_seed_expert_and_tensor_each_have_a_stream_of_their_own() -> None:
    keys = [(0, "a", "b"), (1, "a", "b"), (0, "b", "a"), (0, "ab", ""), (0, "", "ab"), (0, "a", "b2"), (-1, "a", "b")]
    streams = [draws(*key, (64,)) for key in keys]
    for first, second in itertools.combinations(streams, 2):
        assert int((first == second).sum()) == 0


def test_draws_are_uniform() -> None:
    drawn = draws(0, "expert", "tensor", (100_000,)).double() / 2**32
    assert float(drawn.mean()) == pytest.approx(0.5, abs=0.005)
    assert torch.histc(drawn, 10, 0, 1).div(10_000).tolist() == pytest.approx([1.0] * 10, abs=0.05)


def test_a_draw_leaves_the_global_generators_alone() -> None:
    before = torch.get_rng_state()
    first = draws(0, "expert", "tensor", (8,))
    torch.manual_seed(123)
    assert torch.equal(first, draws(0, "expert", "tensor", (8,)))
    torch.set_rng_state(before)
