"""Which stored numbers kernels read, on either processor."""

from __future__ import annotations

import torch

from mergelab.kernels.cpu import stack as cpu_stack
from mergelab.kernels.device_stack import fits
from mergelab.kernels.gpu import stack as gpu_stack

HALF, FLOAT, DOUBLE = torch.bfloat16, torch.float32, torch.float64


def test_formats_fit_where_the_kernels_know_them_and_experts_share_one() -> None:
    assert fits(FLOAT, [HALF, HALF], torch.float16)
    assert not fits(HALF, [HALF, FLOAT], HALF)
    assert not any((fits(DOUBLE, [HALF], HALF), fits(HALF, [DOUBLE], HALF), fits(HALF, [HALF], DOUBLE)))


def test_both_processors_have_kernels_for_the_same_methods() -> None:
    assert set(cpu_stack.FUSED) == set(gpu_stack.FUSED)
