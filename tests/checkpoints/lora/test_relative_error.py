from __future__ import annotations

import pytest
import torch

from mergelab.checkpoints.lora.relative_error import Deviation


def test_errors_are_joined_over_tensors_in_the_frobenius_norm() -> None:
    found = Deviation()
    assert found.add(torch.tensor([3.0, 4.0]), torch.tensor([3.0, 1.0])) == pytest.approx(3 / 5)
    assert found.add(torch.tensor([12.0])) == 1.0
    assert found.relative == pytest.approx(((9 + 144) / (25 + 144)) ** 0.5)


def test_without_any_delta_there_is_no_error() -> None:
    found = Deviation()
    assert found.add(torch.zeros(3)) == found.relative == 0.0
