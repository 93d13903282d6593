"""Converts one delta to the tensors of a LoRA layer, in PEFT's shapes."""

from __future__ import annotations

from torch import Tensor

from mergelab.checkpoints.lora.low_rank import product, truncated
from mergelab.checkpoints.lora.module_types import CONV1D, EMBEDDING


def factored(delta: Tensor, kind: str, rank: int) -> tuple[dict[str, Tensor], Tensor]:
    """The two low-rank factors of a weight's `delta`, by PEFT's parameter names, and the delta that they represent.

    The weight is (out, in) for Linear, (in, out) for Conv1D, (tokens, width) for Embedding and (out, in, *kernel) for a
    convolution. Everything is float32.
    """
    left, right = truncated(delta.flatten(1), rank)
    carried = product(left, right).reshape(delta.shape)
    if kind == EMBEDDING:
        return {"lora_embedding_A": left.T.contiguous(), "lora_embedding_B": right.T.contiguous()}, carried
    up, down = (right.T, left.T) if kind == CONV1D else (left, right.reshape(rank, *delta.shape[1:]))
    kernel = [1] * (delta.ndim - 2)
    return {
        "lora_A.weight": down.contiguous(),
        "lora_B.weight": up.contiguous().reshape(len(up), rank, *kernel),
    }, carried
