from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny_states import merge, numbers, random_state, same_bits, tuned

from mergelab.methods.sparsifiers.dare import dare

DELTAS = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
DRAWS = torch.tensor([[0, 2**31, 2**32 - 1, 2**31 - 1]])
"""At density 1/2 the first and the last survive."""


def dropped(**knobs: Any) -> list[float]:
    return dare(DELTAS, draws=DRAWS, **knobs)[0].tolist()


@pytest.mark.parametrize(
    ("rescale", "left"),
    [("none", [1.0, 0.0, 0.0, 4.0]), ("inverse", [2.0, 0.0, 0.0, 8.0]), ("l1", [2.0, 0.0, 0.0, 8.0])],
)
def test_survivors_are_left_or_rescaled(rescale: str, left: list[float]) -> None:
    assert dropped(density=0.5, rescale=rescale) == left


def test_the_l1_rescale_keeps_each_experts_sum_of_magnitudes() -> None:
    assert dropped(density=0.25, rescale="l1") == [10.0, 0.0, 0.0, 0.0]
    assert dropped(density=0.25, rescale="inverse") == [4.0, 0.0, 0.0, 0.0]
    both = dare(torch.cat([DELTAS, -DELTAS]), density=0.5, rescale="l1", draws=DRAWS.repeat(2, 1))
    assert both.tolist() == [[2.0, 0.0, 0.0, 8.0], [-2.0, 0.0, 0.0, -8.0]]


def test_nothing_left_is_not_rescaled() -> None:
    draws = torch.full((1, 4), 2**32 - 1)
    for rescale in ("none", "inverse", "l1"):
        assert dare(DELTAS, density=0.5, rescale=rescale, draws=draws)[0].tolist() == [0.0] * 4


def test_an_entry_survives_when_its_draw_is_below_the_density() -> None:
    assert dropped(density=1.0, rescale="none") == [1.0, 2.0, 3.0, 4.0]
    assert dropped(density=0.0) == [0.0] * 4


def test_the_negative_control_drops_the_weights_themselves() -> None:
    base = torch.ones(4)
    assert dropped(density=0.5, target="weights", base=base) == [3.0, -1.0, -1.0, 9.0]


def test_it_needs_draws_and_for_the_negative_control_the_base() -> None:
    with pytest.raises(ValueError, match="dare needs random draws"):
        dare(DELTAS)
    with pytest.raises(ValueError, match="needs the base"):
        dare(DELTAS, draws=DRAWS, target="weights")


def test_the_mean_over_seeds_is_the_delta() -> None:
    base, model = numbers(*[0.0] * 8), numbers(*range(1, 9))
    recipe = {"name": "task_arithmetic", "scale": 1.0}
    merged = [
        merge(recipe, {"a": model}, base, sparsify={"name": "dare", "density": 0.5}, seed=seed)["w"]
        for seed in range(400)
    ]
    mean = torch.stack(merged).mean(0)
    assert torch.allclose(mean, model["w"], rtol=0.25)  # five standard errors of a mean of 400


def test_another_seed_draws_another_mask_and_the_same_seed_the_same() -> None:
    base = random_state(0)
    models = tuned(base)
    merged = [merge("average", models, base, sparsify="dare", seed=seed) for seed in (0, 0, 1)]
    assert same_bits(merged[0], merged[1]) and not same_bits(merged[0], merged[2])


def test_masks_belong_to_an_experts_content_and_not_to_its_name() -> None:
    base = random_state(0)
    models = tuned(base, 2)
    renamed = {"z": models["a"], "y": models["b"]}
    assert same_bits(merge("average", models, base, sparsify="dare"), merge("average", renamed, base, sparsify="dare"))


def test_masks_of_different_experts_are_independent() -> None:
    base = {"w": torch.zeros(20_000)}
    models = {"a": {"w": torch.ones(20_000)}, "b": {"w": torch.full((20_000,), 10.0)}}
    sparsify = {"name": "dare", "density": 0.5, "rescale": "none"}
    merged = merge({"name": "task_arithmetic", "scale": 1.0}, models, base, sparsify=sparsify)["w"]
    shares = [float((merged == value).float().mean()) for value in (0.0, 1.0, 10.0, 11.0)]
    assert shares == pytest.approx([0.25] * 4, abs=0.015)


def test_dropping_comes_before_the_whole_of_ties() -> None:
    """At density 1/2 and without rescaling, TIES trims what DARE left."""
    base = {"w": torch.zeros(1000)}
    models = tuned({"w": torch.zeros(1000)}, 1)
    sparsify = {"name": "dare", "density": 0.5, "rescale": "none"}
    dropped = merge({"name": "task_arithmetic", "scale": 1.0}, models, base, sparsify=sparsify)
    both = merge({"name": "ties", "density": 0.1}, models, base, sparsify=sparsify)["w"]
    alone = merge({"name": "ties", "density": 0.1}, {"a": dropped}, base)["w"]
    assert torch.equal(both, alone) and int((both != 0).sum()) == 100
