from __future__ import annotations

import tracemalloc
import zlib

import pytest
import torch

from mergelab.checkpoints import CheckpointError, TensorSpec
from mergelab.checkpoints.delta.codec import (
    decode_bits,
    decode_levels,
    decode_plain,
    encode_bits,
    encode_levels,
    encode_plain,
    same_bytes,
)

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@pytest.mark.parametrize("dtype", FLOATS)
def test_every_bit_comes_back_whatever_the_values(dtype: torch.dtype) -> None:
    largest = torch.finfo(dtype).max
    twin = torch.tensor([[1.0, -1.0, 0.0, largest], [-largest, float("nan"), 2.0, -0.0]]).to(dtype)
    value = torch.tensor([[-1.0, float("inf"), -0.0, -largest], [largest, 1.0, float("nan"), 0.0]]).to(dtype)
    assert same_bytes(decode_bits(encode_bits(value, twin), twin, "w"), value)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1,), (2, 3, 4)])
def test_every_shape_comes_back(shape: tuple[int, ...]) -> None:
    value, twin = torch.randn(shape), torch.randn(shape)
    assert same_bytes(decode_bits(encode_bits(value, twin), twin, "w"), value)
    assert same_bytes(decode_plain(encode_plain(value), TensorSpec(shape, value.dtype), "w"), value)


def test_a_transposed_tensor_is_kept_by_its_values() -> None:
    value, twin = torch.randn(3, 4).t(), torch.randn(4, 3)
    assert torch.equal(decode_bits(encode_bits(value, twin), twin, "w"), value)


def test_small_changes_take_less_room_than_the_tensor() -> None:
    twin = torch.randn(20_000).bfloat16()
    close = (twin.float() * 1.01).bfloat16()
    assert len(encode_bits(close, twin)) < 0.4 * len(encode_plain(close))


@pytest.mark.parametrize("levels", [1, 15, 127])
def test_levels_are_off_by_half_a_step_of_their_row_at_most(levels: int) -> None:
    delta = torch.tensor([[0.4, -1.0, 0.2], [0.0, 0.0, 0.0], [1e-6, 2e-6, -4e-6]])
    found = decode_levels(encode_levels(delta, levels), (3, 3), "w")
    steps = delta.abs().amax(1, keepdim=True) / levels
    assert ((found - delta).abs() <= 0.5001 * steps).all()


@pytest.mark.parametrize("blob", [b"", b"no deflate", zlib.compress(b"\0" * 3), zlib.compress(b"\0" * 10**7)])
def test_what_does_not_hold_the_announced_bytes_is_refused(blob: bytes) -> None:
    for read in (
        lambda: decode_plain(blob, TensorSpec((4,), torch.float32), "tensor 'w'"),
        lambda: decode_bits(blob, torch.zeros(4), "tensor 'w'"),
        lambda: decode_levels(blob, (1, 4), "tensor 'w'"),
    ):
        with pytest.raises(CheckpointError, match="tensor 'w' is damaged"):
            read()


def test_bytes_are_compared_not_values() -> None:
    assert not same_bytes(torch.tensor([0.0]), torch.tensor([-0.0]))
    assert same_bytes(torch.tensor([float("nan")]), torch.tensor([float("nan")]))


def test_what_claims_to_be_small_does_not_fill_the_memory() -> None:
    blob = zlib.compress(bytes(20_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match="is damaged"):
            decode_plain(blob, TensorSpec((4,), torch.float32), "tensor 'w'")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
