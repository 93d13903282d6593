"""Compresses tensors to bytes: as exact bit differences from the base's tensor, as rounded levels, or as they are."""

from __future__ import annotations

import zlib

import torch
from torch import Tensor

from mergelab.checkpoints.delta.suite_archive import dequantise, quantise
from mergelab.checkpoints.files.content_hash import tensor_bytes
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import TensorSpec

INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}
"""The integer dtype for the bits of a float, by its size in bytes."""


def encode_bits(tensor: Tensor, twin: Tensor) -> bytes:
    """`tensor` as the difference of its bits from those of `twin`, of equal float dtype and shape.

    Exact, and small if the two are close.
    """
    difference = _bits(tensor) - _bits(twin)  # may overflow; decode_bits wraps back
    folded = (difference << 1) ^ (difference >> (8 * tensor.element_size() - 1))  # zigzag: small negatives stay small
    planes = folded.reshape(-1).view(torch.uint8).reshape(-1, tensor.element_size()).T
    return _compress(planes)


def decode_bits(blob: bytes, twin: Tensor, where: str) -> Tensor:
    """The inverse of `encode_bits`, with the same `twin`. `where` names the tensor in a `CheckpointError`."""
    size = twin.element_size()
    folded = _decompress(blob, twin.numel() * size, where).reshape(size, -1).T.reshape(-1).view(INTEGERS[size])
    low = folded & 1
    difference = ((folded >> 1) & ~(-1 << (8 * size - 1))) ^ -low
    return (_bits(twin).reshape(-1) + difference).view(twin.dtype).reshape(twin.shape)


def encode_levels(delta: Tensor, levels: int) -> bytes:
    """`delta` (rows, *rest), rounded per row to `levels` steps on each side of 0."""
    rounded, step = quantise(delta, levels)
    return _compress(torch.cat([step.view(torch.uint8), rounded.reshape(-1).view(torch.uint8)]))


def decode_levels(blob: bytes, shape: tuple[int, ...], where: str) -> Tensor:
    """The rounded float32 delta stored by `encode_levels`."""
    steps = 4 * shape[0]
    raw = _decompress(blob, steps + TensorSpec(shape, torch.int8).count, where)
    return dequantise(raw[steps:].view(torch.int8).reshape(shape), raw[:steps].view(torch.float32))


def encode_plain(tensor: Tensor) -> bytes:
    """`tensor` as it is, without reference to a base."""
    return _compress(tensor)


def decode_plain(blob: bytes, spec: TensorSpec, where: str) -> Tensor:
    """The inverse of `encode_plain`, for a tensor of `spec`."""
    return _decompress(blob, spec.nbytes, where).view(spec.dtype).reshape(spec.shape)


def same_bytes(first: Tensor, second: Tensor) -> bool:
    """Whether two tensors of one dtype hold the same bits in the same order, including those of NaNs and zeros."""
    return torch.equal(*(tensor.contiguous().reshape(-1).view(torch.uint8) for tensor in (first, second)))


def _bits(tensor: Tensor) -> Tensor:
    return tensor.contiguous().view(INTEGERS[tensor.element_size()])


def _compress(tensor: Tensor) -> bytes:
    """Deflate compresses these bytes as well as xz and is ten times faster."""
    return zlib.compress(tensor_bytes(tensor), 6)


def _decompress(blob: bytes, size: int, where: str) -> Tensor:
    """Decompress exactly `size` bytes and never more, so that a hostile file cannot exhaust memory."""
    reader = zlib.decompressobj()
    try:
        raw = bytearray(reader.decompress(blob, size + 1))
    except zlib.error as error:
        raise CheckpointError(f"{where} is damaged ({error}); pack the expert again") from error
    if len(raw) != size or not reader.eof:
        raise CheckpointError(f"{where} is damaged (it does not hold {size} bytes); pack the expert again")
    return torch.frombuffer(raw, dtype=torch.uint8) if raw else torch.empty(0, dtype=torch.uint8)
