"""Large tensors have memory of their own and are tensors like any other."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from mergelab.checkpoints.files.buffers import OWN_FROM, Pool, empty

COUNT = OWN_FROM // 2
"""16-bit numbers that have a mapping of their own."""


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


def test_memory_of_a_tensor_that_is_gone_is_given_out_again() -> None:
    pool = Pool()
    first = pool.empty((COUNT,), torch.bfloat16)
    place = first.data_ptr()
    assert first.shape == (COUNT,) and first.dtype == torch.bfloat16
    del first
    assert pool.empty((COUNT // 2, 2), torch.float16).data_ptr() == place


def test_a_view_or_an_array_of_it_keeps_the_memory() -> None:
    pool = Pool()
    tensor = pool.empty((COUNT,), torch.float16).fill_(7)
    view, array = tensor[5:6], tensor[9:].numpy()
    del tensor
    other = pool.empty((COUNT,), torch.float16).fill_(1)
    del view
    another = pool.empty((COUNT,), torch.float16).fill_(2)
    assert array[0] == 7 and len({other.data_ptr(), another.data_ptr()}) == 2


def test_small_tensors_are_ordinary_ones() -> None:
    assert Pool().empty((3,), torch.float32).shape == (3,)
