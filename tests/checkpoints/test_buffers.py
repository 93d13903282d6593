"""Large tensors have memory of their own and are tensors like any other."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from mergelab.checkpoints.buffers import OWN_FROM, empty


@pytest.mark.parametrize("shape", [(), (0,), (3, 5), (OWN_FROM, 2)], ids=str)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.uint8], ids=str)
def test_a_buffer_has_its_shape_and_takes_what_is_written(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    made = empty(shape, dtype).fill_(3)
    assert (tuple(made.shape), made.dtype, made.is_contiguous()) == (shape, dtype, True)
    assert bool((made == 3).all())
    assert torch.equal((made * 2).to(torch.uint8), torch.full(shape, 6, dtype=torch.uint8))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_memory_of_a_large_buffer_goes_with_it() -> None:
    def taken() -> int:
        [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData")]
        return int(line.split()[1]) * 1024

    before = taken()
    made = empty((64 << 20,), torch.uint8).fill_(1)
    assert taken() - before >= 64 << 20
    part = made[:10]
    del made
    assert taken() - before >= 64 << 20
    del part
    assert taken() - before < 8 << 20
