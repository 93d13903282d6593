"""Known answers: these bits are part of the algorithm version in every recipe's digest. Should one of them have to
change, raise `mergelab.recipe.ALGORITHM` with it."""

from __future__ import annotations

import itertools

import numpy
import pytest
import torch

from mergelab.runtime.randomness import draws, threefry

KNOWN = (
    [1951007184, 2882198686, 1576114229, 675656128, 3532695585, 75307769],
    [1719180168, 3935629449, 367334473, 3480012401, 685983577, 3282993004],
)


def test_the_stream_gives_the_bits_that_recipes_were_digested_with() -> None:
    assert draws(0, "expert", "tensor", (6,)).tolist() == KNOWN[0]
    assert draws(2**53, "", "encoder.weight", (6,)).tolist() == KNOWN[1]


@pytest.mark.parametrize(
    ("key", "counter", "output"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_the_generator_gives_the_known_answers_of_its_authors(
    key: tuple[int, int], counter: tuple[int, int], output: tuple[int, int]
) -> None:
    low, high = (numpy.array([word], dtype=numpy.uint32) for word in counter)
    assert tuple(int(words[0]) for words in threefry(key, low, high)) == output


@pytest.mark.parametrize("start", [0, 1, 15, 16, 63, 64, 65, 200])
def test_a_stretch_of_the_stream_is_the_same_wherever_it_is_begun(start: int) -> None:
    whole = draws(5, "expert", "tensor", (300,))
    assert torch.equal(draws(5, "expert", "tensor", (70,), start), whole[start : start + 70])


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
