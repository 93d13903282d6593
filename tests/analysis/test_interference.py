"""Counts and sums by hand: entries both plus, opposed, one alone, opposed and equal, nobody's."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest
import torch
from interference_figures import Figures, nothing
from torch import Tensor

from mergelab.analysis.interference import BLOCK, Interference, interference

DELTAS = torch.tensor([[1.0, 3.0, 2.0, 1.0, 0.0], [1.0, -1.0, 0.0, -1.0, 0.0]])


def plain(found: Interference) -> dict[str, object]:
    values = {field.name: getattr(found, field.name) for field in fields(found)}
    return {name: value.tolist() if isinstance(value, Tensor) else value for name, value in values.items()}


def test_entries_are_counted_by_how_many_keep_them_and_whether_signs_meet() -> None:
    found = Figures(interference(DELTAS))
    assert (found.sums.entries, found.sums.active, found.sums.overlapping, found.sums.conflicting) == (5, 4, 3, 2)
    assert found.sums.kept.tolist() == [4, 3] and found.densities.tolist() == pytest.approx([0.8, 0.6])
    assert (found.conflict, found.conflict_of_all, found.union_density) == (2 / 3, 0.4, 0.8)


def test_agreement_and_loss_weigh_what_cancels() -> None:
    """Σ|d| is 2 4 2 2 0 by entry, |Σd| is 2 2 2 0 0; signs agree in 1 0 1 0 of the four active entries."""
    found = Figures(interference(DELTAS))
    assert (found.sums.gross, found.sums.net, found.interference_loss) == (10.0, 6.0, pytest.approx(0.4))
    assert found.mass_agreement == pytest.approx((1 + 0.5 + 1 + 0) / 4)
    assert found.mean_sign_agreement == 0.5 and found.mean_sign_agreement_of_all == pytest.approx(0.6)


def test_a_count_tie_with_a_sum_counts_as_disagreement_and_is_told_apart() -> None:
    """In turn: majority minus but sum plus; even count but sum plus; even count and sum 0; all agreed."""
    found = Figures(interference(torch.tensor([[5.0, 3.0, 1.0, 1.0], [-1.0, -1.0, -1.0, 1.0], [-1.0, 0.0, 0.0, 1.0]])))
    assert (found.sums.against_count, found.sums.count_ties, found.sums.untied_against_count) == (2, 2, 1)
    assert found.count_against_mass == 0.5


def test_pairs_are_compared_where_both_keep_an_entry() -> None:
    found = Figures(interference(torch.cat([DELTAS, torch.tensor([[0.0, 0.0, 0.0, 0.0, 7.0]])])))
    assert found.sums.shared.tolist() == [[4, 3, 0], [3, 3, 0], [0, 0, 1]]
    assert found.pairwise_conflict[0, 1] == found.pairwise_conflict[1, 0] == pytest.approx(2 / 3)
    assert found.pairwise_conflict.isnan().tolist() == [[True, False, True], [False, True, True], [True] * 3]


def test_norms_and_cosines_are_those_of_the_deltas_as_vectors() -> None:
    found = Figures(interference(torch.tensor([[3.0, 4.0], [4.0, 3.0]])))
    assert (
        found.norms.tolist() == [5.0, 5.0] and found.sums.norms_l1.tolist() == [7.0, 7.0] and found.norm_spread == 1.0
    )
    assert found.cosines.flatten().tolist() == pytest.approx([1, 24 / 25, 24 / 25, 1])


def test_what_is_retained_is_a_share_of_each_norm() -> None:
    left, whole = (Figures(interference(torch.tensor([[4.0, size], [0.0, 0.0]]))) for size in (0.0, 3.0))
    left = left.retained_of(whole)
    assert left[0].tolist() == pytest.approx([4 / 7, 4 / 5, 16 / 25])
    assert left[1].isnan().all()


@pytest.mark.parametrize("shape", [(3, 0), (3,), (3, 2, 0)])
def test_nothing_kept_leaves_every_share_undefined(shape: tuple[int, ...]) -> None:
    found = Figures(interference(torch.zeros(shape)))
    assert found.sums.active == 0 and found.sums.entries == math.prod(shape[1:])
    for share in (
        found.conflict,
        found.mass_agreement,
        found.interference_loss,
        found.count_against_mass,
        found.norm_spread,
    ):
        assert math.isnan(share)
    assert found.cosines.isnan().all() and found.pairwise_conflict.isnan().all()


def test_tensors_add_up_to_the_whole() -> None:
    whole = interference(DELTAS)
    parts = [interference(part) for part in (DELTAS[:, :2], DELTAS[:, 2:].reshape(2, 3, 1))]
    assert plain(sum(parts, nothing(2))) == plain(whole)


def test_a_tensor_longer_than_a_block_is_counted_whole() -> None:
    found = interference(DELTAS[:, :4].repeat(1, BLOCK // 2))
    assert (found.entries, found.conflicting, found.gross) == (2 * BLOCK, BLOCK, 5.0 * BLOCK)
    assert found.products.tolist() == [[7.5 * BLOCK, -1.5 * BLOCK], [-1.5 * BLOCK, 1.5 * BLOCK]]


def test_the_deltas_are_not_changed() -> None:
    before = DELTAS.clone()
    interference(DELTAS)
    assert torch.equal(DELTAS, before)
