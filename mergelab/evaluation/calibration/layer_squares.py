"""For each common layer: the sum over rows of its squared per-row gradients, from its input and its output's gradient.

A row's gradient of a linear layer is the product of two small matrices, so a whole batch needs one ordinary backward pass and
one product per row, instead of a backward pass per row. `x` is the input and `g` the gradient by the output, both with the
rows first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

Sums = dict[str, Tensor]
"""Parameter name in the layer (weight, bias) -> float32 sum of squares in that parameter's shape."""

LayerRule = Callable[[Any, Tensor, Tensor, Sums], None]
"""(layer, x, g, sums): add to those `sums` that are asked for."""

PRODUCT_BYTES = {"cpu": 2**21, "cuda": 2**28}
"""How much of the per-row products is held at once: what fits a CPU's cache, and enough to fill a GPU."""


def linear(layer: nn.Linear, x: Tensor, g: Tensor, sums: Sums) -> None:
    """weight (out, in), bias (out,)."""
    _add_products(x.reshape(len(x), -1, x.shape[-1]), g.reshape(len(g), -1, g.shape[-1]), sums)


def convolution(layer: nn.Conv2d, x: Tensor, g: Tensor, sums: Sums) -> None:
    """A convolution is a linear layer on patches. Groups and padding other than zeros are not covered."""
    if layer.groups != 1 or layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        raise NotImplementedError("only plain convolutions")
    patches = functional.unfold(x, layer.kernel_size, layer.dilation, layer.padding, layer.stride)
    flat = {name: value.view(len(value), -1) if name == "weight" else value for name, value in sums.items()}
    _add_products(patches.transpose(1, 2), g.flatten(2).transpose(1, 2), flat)


def norm(layer: nn.LayerNorm, x: Tensor, g: Tensor, sums: Sums) -> None:
    """weight and bias (features,)."""
    inner = tuple(range(1, g.dim() - len(layer.normalized_shape)))
    if "weight" in sums:
        normed = functional.layer_norm(x, layer.normalized_shape, eps=layer.eps)
        sums["weight"] += (g * normed).sum(inner).square_().sum(0) if inner else (g * normed).square_().sum(0)
    if "bias" in sums:
        sums["bias"] += g.sum(inner).square_().sum(0) if inner else g.square().sum(0)


def embedding(layer: nn.Embedding, x: Tensor, g: Tensor, sums: Sums) -> None:
    """weight (vocabulary, features): the gradients of one token in one row are summed before they are squared."""
    ids, g = x.reshape(len(x), -1), g.reshape(-1, g.shape[-1])
    owner = torch.arange(len(ids), device=ids.device)[:, None] * layer.num_embeddings + ids
    pairs, place = torch.unique(owner, return_inverse=True)
    squares = g.new_zeros(len(pairs), g.shape[-1]).index_add_(0, place.flatten(), g).square_()
    tokens = pairs % layer.num_embeddings
    if layer.padding_idx is not None:  # torch gives this entry no gradient
        squares[tokens == layer.padding_idx] = 0
    sums["weight"].index_add_(0, tokens, squares)


RULES: dict[type[nn.Module], LayerRule] = {
    nn.Linear: linear,
    nn.Conv2d: convolution,
    nn.LayerNorm: norm,
    nn.Embedding: embedding,
}


def _add_products(x: Tensor, g: Tensor, sums: Sums) -> None:
    """x (rows, positions, in), g (rows, positions, out)."""
    if "bias" in sums:
        sums["bias"] += g.sum(1).square_().sum(0)
    if "weight" not in sums:
        return
    # Padding has no gradient, nor have all tokens but the first where a pooler reads that one alone.
    used = (g != 0).any(-1).any(0).nonzero().squeeze(1)
    if len(used) < g.shape[1]:
        x, g = x[:, used], g[:, used]
    if len(used) == 1:
        sums["weight"].addmm_(g[:, 0].square().T, x[:, 0].square())
    elif len(used):
        _add_matrix_products(x, g.transpose(1, 2), sums["weight"])


def _add_matrix_products(x: Tensor, g: Tensor, total: Tensor) -> None:
    """total += sum over rows of (g_row @ x_row)^2, a few rows at a time."""
    step = max(1, PRODUCT_BYTES.get(x.device.type, 2**21) // (4 * total.numel()))
    if step == 1:
        product = torch.empty_like(total)
        for row in range(len(x)):
            torch.mm(g[row], x[row], out=product)
            total.addcmul_(product, product)
        return
    for start in range(0, len(x), step):
        total += torch.bmm(g[start : start + step], x[start : start + step]).square_().sum(0)
