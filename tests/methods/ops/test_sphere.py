from __future__ import annotations

import math

import pytest
import torch

from mergelab.methods.ops.sphere import arc, at_length, fractions, mean_direction, put_back, seen
from mergelab.methods.registry import silent

RIGHT_ANGLE = torch.eye(2, dtype=torch.float64)


def test_a_third_of_a_right_angle_is_thirty_degrees() -> None:
    near, far = arc(torch.tensor(math.pi / 2, dtype=torch.float64), 1 / 3)
    assert [float(near), float(far)] == pytest.approx([math.sqrt(3) / 2, 0.5])


def test_fractions_sum_to_one_and_keep_the_sign() -> None:
    assert fractions(torch.tensor([1.0, 3.0]), silent).tolist() == [0.25, 0.75]
    assert fractions(torch.tensor([-1.0, 3.0]), silent).tolist() == [-0.5, 1.5]


@pytest.mark.parametrize("weights", [[2.0, -2.0, 0.0], [0.3, -0.1, -0.2], [0.0, 0.0, 0.0]], ids=str)
def test_weights_that_sum_to_zero_count_the_same_which_is_said(weights: list[float]) -> None:
    said: list[str] = []
    assert fractions(torch.tensor(weights), said.append).tolist() == [1 / 3, 1 / 3, 1 / 3]
    assert said == ["the weights sum to 0, so all experts get the same weight"]


def test_the_mean_of_two_directions_has_length_one() -> None:
    mean = mean_direction(RIGHT_ANGLE, torch.tensor([0.5, 0.5], dtype=torch.float64))
    assert mean is not None
    assert mean.tolist() == pytest.approx([math.sqrt(0.5)] * 2)


def test_opposite_directions_have_no_mean() -> None:
    opposite = torch.tensor([[1.0, -1.0], [-1.0, 1.0]], dtype=torch.float64)
    assert mean_direction(opposite, torch.tensor([1.0, 1.0], dtype=torch.float64)) is None
    assert mean_direction(RIGHT_ANGLE, torch.zeros(2, dtype=torch.float64)) is None


def test_a_zero_vector_gets_no_share_of_a_direction() -> None:
    shares = at_length(torch.tensor([0.6, 0.8]), torch.tensor([2.0, 0.0]), torch.tensor(10.0))
    assert shares.tolist() == [3.0, 0.0]


def test_deltas_are_seen_from_the_base_and_put_back_there() -> None:
    base = torch.tensor([1.0, -0.0])
    assert seen(torch.tensor([[3.0, 0.0]]), base, "deltas").tolist() == [[2.0, 0.0]]
    returned = put_back(torch.tensor([2.0, 0.0]), base, "deltas")
    assert returned.tolist() == [3.0, 0.0]
    assert returned[1].signbit()


def test_weights_are_seen_as_they_are() -> None:
    models = torch.tensor([[3.0]])
    assert seen(models, None, "weights") is models
    assert put_back(models[0], torch.tensor([1.0]), "weights").tolist() == [3.0]


def test_deltas_without_a_base_are_refused() -> None:
    with pytest.raises(ValueError, match="deltas need a base: name the model that the experts were fine-tuned from"):
        seen(torch.zeros(2, 1), None, "deltas")
