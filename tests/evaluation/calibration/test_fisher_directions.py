import math

import pytest
import torch
from torch import Tensor

from mergelab.evaluation.calibration.fisher_directions import directions_for

LOGITS = torch.tensor([[2.0, 0.0, -1.0, 0.5], [0.0, 0.0, 9.0, 1.0]], dtype=torch.float64)
ROWS = torch.arange(2)


def information(logits: Tensor) -> Tensor:
    """diag(p) - p p^T by hand."""
    p = logits.softmax(-1)
    return torch.stack([torch.diag(row) - torch.outer(row, row) for row in p])


def joined(directions: Tensor) -> Tensor:
    return torch.einsum("nki,nkj->nij", directions, directions)


def test_exact_directions_give_the_information_with_one_less_than_the_classes() -> None:
    directions = directions_for("exact", None, 2, 1, 0)(LOGITS, ROWS)
    assert directions.shape == (2, 3, 4)
    torch.testing.assert_close(joined(directions), information(LOGITS))


@pytest.mark.parametrize("estimator", ["sketched", "sampled"])
def test_random_directions_give_it_in_expectation(estimator: str) -> None:
    directions = directions_for(estimator, None, 2, 20_000, 0)(LOGITS, ROWS)
    torch.testing.assert_close(joined(directions), information(LOGITS), atol=0.01, rtol=0)


@pytest.mark.parametrize("estimator", ["sketched", "sampled"])
def test_a_rows_draws_do_not_depend_on_its_batch(estimator: str) -> None:
    together = directions_for(estimator, None, 2, 3, 7)(LOGITS, ROWS)
    alone = directions_for(estimator, None, 2, 3, 7)(LOGITS[1:], ROWS[1:])
    torch.testing.assert_close(together[1:], alone)
    assert not torch.equal(together, directions_for(estimator, None, 2, 3, 8)(LOGITS, ROWS))


def test_the_empirical_direction_is_the_given_label_minus_the_probabilities() -> None:
    logits = torch.tensor([[0.0, math.log(3.0)]], dtype=torch.float64)
    directions = directions_for("empirical", torch.tensor([0]), 1, 1, 0)(logits, torch.tensor([0]))
    torch.testing.assert_close(directions, torch.tensor([[[0.75, -0.75]]], dtype=torch.float64))


def test_wrong_settings_are_named() -> None:
    with pytest.raises(
        ValueError, match="unknown Fisher estimator 'exakt'; known: exact, sketched, sampled, empirical"
    ):
        directions_for("exakt", None, 1, 1, 0)
    with pytest.raises(ValueError, match="samples of the Fisher estimate must be at least 1, got 0"):
        directions_for("sampled", None, 1, 0, 0)
    with pytest.raises(ValueError, match="needs a label for every row"):
        directions_for("empirical", torch.tensor([1]), 2, 1, 0)
