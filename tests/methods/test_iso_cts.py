"""Iso-CTS on diagonal matrices, whose singular values can be read off; the base is zero, so models are their deltas."""

from __future__ import annotations

import pytest
import torch
from tiny_states import State, merge, random_state, tuned
from torch import Tensor

from mergelab.methods.iso_cts import shares


def merged(models: dict[str, Tensor], key: str = "w", **knobs: float) -> Tensor:
    states: dict[str, State] = {name: {key: value} for name, value in models.items()}
    base = {key: torch.zeros_like(next(iter(models.values())))}
    return merge({"name": "iso_cts", **knobs}, states, base)[key]


@pytest.mark.parametrize(
    ("directions", "n_models", "common", "expected"),
    [
        (16, 2, 0.8, (12, 2)),
        (16, 3, 0.8, (13, 1)),
        (16, 3, 0.5, (7, 3)),
        (3, 2, 0.8, (3, 0)),
        (3, 3, 0.5, (0, 1)),
        (3, 4, 0.5, (3, 0)),
        (3, 2, 0.0, (1, 1)),
        (5, 1, 0.0, (0, 5)),
        (5, 3, 1.0, (5, 0)),
        (0, 2, 0.8, (0, 0)),
    ],
)
def test_directions_are_shared_out_in_whole_numbers_and_none_is_left_over(
    directions: int, n_models: int, common: float, expected: tuple[int, int]
) -> None:
    assert shares(directions, n_models, common) == expected


def test_experts_add_their_own_directions_outside_the_common_ones() -> None:
    """The sum's first direction is common; from each expert comes the strongest of the others; all get (10+4+3)/3."""
    models = {"a": torch.diag(torch.tensor([5.0, 4.0, 0.0])), "b": torch.diag(torch.tensor([5.0, 0.0, 3.0]))}
    found = merged(models, common=0.34)
    assert torch.allclose(found, 17 / 3 * torch.eye(3), atol=1e-5)


def test_with_all_directions_common_it_is_iso_c() -> None:
    base = random_state(0)
    models = tuned(base)
    found, expected = merge({"name": "iso_cts", "common": 1.0}, models, base), merge("iso_c", models, base)
    assert all(torch.allclose(found[key], expected[key], atol=1e-6) for key in base)


def test_what_is_no_matrix_is_averaged_and_scaled() -> None:
    assert merged({"a": torch.tensor([2.0]), "b": torch.tensor([4.0])}, scale=0.5).tolist() == [1.5]
    models = {"a": torch.diag(torch.tensor([3.0, 1.0])), "b": torch.zeros(2, 2)}
    assert torch.equal(merged(models, key="text_projection.weight"), torch.diag(torch.tensor([1.5, 0.5])))
