"""Stretches of stored numbers for Triton's kernels, on a GPU where there is one, else in Triton's interpreter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mergelab.kernels.arguments import SparsifyParams
from mergelab.kernels.device_stack import StackContext
from mergelab.kernels.gpu.stack import GpuStack
from mergelab.methods.ops.stack import Stack

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
DTYPES = (torch.bfloat16, torch.float16, torch.float32)
KINDS = ("normal", "coarse", "extreme")


def numbers(kind: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """`normal` numbers; `coarse` ones with many equal and cancelling; `extreme` ones with zeros of both signs, subnormals
    and magnitudes from 1e-40 to 1e4."""
    values = torch.randn(shape, generator=generator)
    if kind == "coarse":
        return (values * 4).round() / 8
    if kind == "extreme":
        special = torch.tensor([0.0, -0.0, 1e-40, -1e-40, 1e-6, -3e-8, 1e4, -6e-5])
        return special[torch.randint(len(special), shape, generator=generator)]
    return values * 0.02


def stored(
    kind: str, dtype: torch.dtype, shape: tuple[int, ...] = (700,), experts: int = 3, seed: int = 0
) -> list[Tensor]:
    """A base and experts near it."""
    generator = torch.Generator().manual_seed(seed)
    base = numbers(kind, shape, generator).to(dtype)
    near = ((base.float() + 0.1 * numbers(kind, shape, generator)).to(dtype) for _ in range(experts))
    return [base, *near]


def device_stack(
    tensors: Sequence[Tensor],
    settings: Mapping[str, Any] | None = None,
    params: SparsifyParams | None = None,
    start: int = 0,
    statistics: Mapping[str, Tensor] | None = None,
) -> GpuStack:
    """The stretch of a base and experts."""
    base, *experts = tensors
    given = {kind: values.to(DEVICE) for kind, values in (statistics or {}).items()}
    params = params or SparsifyParams.none(len(experts))
    context = StackContext("w", lambda: deltas(tensors), settings or {}, given, start)
    return GpuStack(DEVICE, base, experts, params, context)


def deltas(tensors: Sequence[Tensor]) -> Tensor:
    """What the reference functions see."""
    base, *experts = (tensor.float() for tensor in tensors)
    return torch.stack(experts) - base


def plain_stack(tensors: Sequence[Tensor]) -> Stack:
    """The reference's stack of the same numbers."""
    return Stack("w", deltas(tensors))


def added(base: Tensor, change: Tensor) -> Tensor:
    """Base and change in float32 as the engine adds them, rounded once."""
    return torch.where(change == 0, base.float(), base.float() + change).to(base.dtype)


def merged(stack: GpuStack, method: str, like: Tensor, positions: Sequence[int] = (0, 1, 2)) -> Tensor:
    """What a kernel makes of a stretch, in the shape and dtype of `like`."""
    result = torch.empty(like.numel(), dtype=like.dtype)
    stack.merge(method, positions, result)
    return result.reshape(like.shape)


def bits(tensor: Tensor) -> Tensor:
    """Bit patterns, so that zeros of different sign differ."""
    return tensor.view(torch.int32 if tensor.dtype == torch.float32 else torch.int16)
