"""Copies to the device and back."""

from __future__ import annotations

import torch
from device_stacks import DEVICE

from mergelab.kernels.gpu.transfer import download, lane, upload


def test_what_goes_up_comes_down_again() -> None:
    given, back = torch.arange(10.0), torch.empty(10)
    with lane(DEVICE):
        there = upload(given, DEVICE)
        assert there.device.type == DEVICE.type
        download(there * 2, back)
    assert torch.equal(back, given * 2)


def test_a_view_with_gaps_keeps_its_shape_and_values() -> None:
    given = torch.arange(12.0).reshape(3, 4).t()
    assert torch.equal(upload(given, DEVICE).cpu(), given)


def test_lanes_of_one_thread_may_lie_inside_each_other() -> None:
    back = torch.empty(3)
    with lane(DEVICE):
        outer = upload(torch.ones(3), DEVICE)
        with lane(DEVICE):
            download(outer + 1, back)
    assert back.tolist() == [2, 2, 2]
