"""Tensors as compressed bytes: what differs from a twin, bit for bit, or as rounded levels."""

from __future__ import annotations

import zlib

import torch
from torch import Tensor

from mergelab.checkpoints.delta.suite_archive import dequantise, quantise
from mergelab.checkpoints.files.content_hash import tensor_bytes
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import TensorSpec

INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}
"""The integers that hold the bits of a float of so many bytes."""


def encode_bits(tensor: Tensor, twin: Tensor) -> bytes:
    """`tensor` as the difference of its bits from `twin`'s (both one float dtype and shape): exact, small when close."""
    difference = _bits(tensor) - _bits(twin)  # wraps around, and back in decode_bits
    folded = (difference << 1) ^ (difference >> (8 * tensor.element_size() - 1))  # small negative numbers stay small
    planes = folded.reshape(-1).view(torch.uint8).reshape(-1, tensor.element_size()).T
    return _compress(planes)


def decode_bits(blob: bytes, twin: Tensor, where: str) -> Tensor:
    """What `encode_bits` was given, from the same `twin`. `where` names the tensor in a `CheckpointError`."""
    size = twin.element_size()
    folded = _decompress(blob, twin.numel() * size, where).reshape(size, -1).T.reshape(-1).view(INTEGERS[size])
    low = folded & 1
    difference = ((folded >> 1) & ~(-1 << (8 * size - 1))) ^ -low
    return (_bits(twin).reshape(-1) + difference).view(twin.dtype).reshape(twin.shape)


def encode_levels(delta: Tensor, levels: int) -> bytes:
    """`delta` (rows, *rest), rounded to `levels` steps of its row on each side."""
    rounded, step = quantise(delta, levels)
    return _compress(torch.cat([step.view(torch.uint8), rounded.reshape(-1).view(torch.uint8)]))


def decode_levels(blob: bytes, shape: tuple[int, ...], where: str) -> Tensor:
    """The float32 delta that `encode_levels` kept."""
    steps = 4 * shape[0]
    raw = _decompress(blob, steps + TensorSpec(shape, torch.int8).count, where)
    return dequantise(raw[steps:].view(torch.int8).reshape(shape), raw[:steps].view(torch.float32))


def encode_plain(tensor: Tensor) -> bytes:
    """`tensor` by itself."""
    return _compress(tensor)


def decode_plain(blob: bytes, spec: TensorSpec, where: str) -> Tensor:
    """What `encode_plain` was given, a tensor of `spec`."""
    return _decompress(blob, spec.nbytes, where).view(spec.dtype).reshape(spec.shape)


def same_bytes(first: Tensor, second: Tensor) -> bool:
    """Whether two tensors of one dtype hold the same bits in the same order; NaNs and signed zeros count by their bits."""
    return torch.equal(*(tensor.contiguous().reshape(-1).view(torch.uint8) for tensor in (first, second)))


def _bits(tensor: Tensor) -> Tensor:
    return tensor.contiguous().view(INTEGERS[tensor.element_size()])


def _compress(tensor: Tensor) -> bytes:
    """Deflate: on such bytes as dense as xz and ten times faster."""
    return zlib.compress(tensor_bytes(tensor), 6)


def _decompress(blob: bytes, size: int, where: str) -> Tensor:
    """Exactly `size` bytes, never more: what claims to be small cannot fill the memory."""
    reader = zlib.decompressobj()
    try:
        raw = bytearray(reader.decompress(blob, size + 1))
    except zlib.error as error:
        raise CheckpointError(f"{where} is damaged ({error}); pack the expert again") from error
    if len(raw) != size or not reader.eof:
        raise CheckpointError(f"{where} is damaged (it does not hold {size} bytes); pack the expert again")
    return torch.frombuffer(raw, dtype=torch.uint8) if raw else torch.empty(0, dtype=torch.uint8)
