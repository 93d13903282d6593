"""RegMean: each linear layer becomes the least-squares fit to its experts' outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated as A
from typing import Any

import torch
from torch import Tensor

from mergelab.linalg import factor, product, solve, sqrt
from mergelab.methods.knobs import FROM_0, PerModel, Range
from mergelab.methods.ops.elementwise import per_model, weighted_mean
from mergelab.methods.ops.reason import TOGETHER, Reason, shares_of_mean
from mergelab.methods.registry import Log, ModelStatistic, Shape, Stack, Statistic, method, silent

RIDGES = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""Tried in turn until the system can be solved, in units of each input's mean square."""
PIVOT = 1e-7
"""A pivot below this, in the same units, is rounding noise of float32 statistics: the system is singular."""


def of_last_axis(shape: Shape) -> Shape | None:
    """The Gram matrix's shape for weights (out, in), as in torch's `Linear`; None for tensors that are not matrices."""
    return (shape[1], shape[1]) if len(shape) == 2 and all(shape) else None


def of_first_axis(shape: Shape) -> Shape | None:
    """The Gram matrix's shape for weights (in, out), as in GPT-2's `Conv1D`; None for tensors that are not matrices."""
    return (shape[0], shape[0]) if len(shape) == 2 and all(shape) else None


class Calibrated:
    """Survey that raises an error if no tensor has a Gram matrix, because the merge would be a plain average."""

    scope = "model"

    def __init__(self, n_models: int, settings: Sequence[Mapping[str, Any]]) -> None:
        self.passes = 1
        self.found = False

    def update(self, stack: Stack) -> None:
        """Check whether the tensor has a Gram matrix."""
        self.found = self.found or bool(stack.statistics)

    def finish_pass(self) -> None:
        """End the only pass."""
        self.passes -= 1

    def value(self, settings: Mapping[str, Any]) -> bool:
        """True; raises ValueError if no tensor has a Gram matrix."""
        if not self.found:
            raise ValueError(
                "regmean needs the Gram matrices of linear layers' inputs, and no tensor here has one: "
                "give statistics={'gram': {name: {key: tensor (in, in)}}}"
            )
        return True


def fit_or_mean(models: Tensor, *, weights: Tensor, gram: Tensor | None, gram_in_out: Tensor | None) -> Reason:
    """A least-squares fit sets all weights of one output together; tensors without inputs are averaged."""
    if gram is None and gram_in_out is None:
        shares = shares_of_mean(per_model(weights, models).expand_as(models))
        sentence = "No inputs are known for this tensor, so it is the mean of the experts, each by its share: {terms}."
        return Reason((sentence,), coefficients=shares, step="weigh", mean=True)
    line = "row" if gram is not None else "column"
    sentence = f"A least-squares fit to the experts’ inputs sets all weights of this {line} together. {TOGETHER}"
    return Reason((sentence,))


@method("RegMean", space="weights", paper="Jin et al. 2023, arXiv:2212.09849", on_one_thread=True, why=fit_or_mean)
def regmean(
    models: Tensor,
    *,
    weights: A[Tensor, PerModel(0.0, 2.0, 0.05, "How much this expert's inputs count", valid=FROM_0)],
    shrink: A[
        float,
        Range(
            0.0,
            1.0,
            0.01,
            "Multiplies the off-diagonal of the inputs' Gram matrices; values below 1 treat inputs as less correlated, so the merge stays closer to the average",
        ),
    ] = 0.9,
    gram: A[Tensor | None, Statistic("gram", shape=of_last_axis, partial=True)] = None,
    gram_in_out: A[Tensor | None, Statistic("gram_in_out", shape=of_first_axis, partial=True)] = None,
    calibrated: A[bool, ModelStatistic(Calibrated)] = False,
    say: A[Callable[[str], None], Log()] = silent,
) -> Tensor:
    """Give each linear layer the weights whose outputs are closest to each expert's on that expert's own inputs.

    `models` is (n_models, *shape) in float32; returns (*shape). W^T = (Σ w G)^-1 Σ w G W^T with each expert's `gram`
    G = X^T X / tokens, (n_models, in, in) for weights (out, in), or `gram_in_out` for weights (in, out). Tensors without
    either are averaged. Directions that the inputs do not determine are also averaged, by means of a ridge, with a
    sentence in the log. The engine keeps the base's tensor where all weights are 0.
    """
    if gram is not None and gram_in_out is not None:
        raise ValueError("a weight is either (out, in) or (in, out): give regmean gram or gram_in_out, not both")
    mean = weighted_mean(models, per_model(weights, models))
    grams = gram if gram is not None else gram_in_out
    if grams is None:
        return mean
    offsets = models - mean
    change = _least_squares(grams, offsets.mT if gram is not None else offsets, weights, shrink, say)
    change = change.mT if gram is not None else change
    return torch.where(
        change == 0, mean, (mean.double() + change).to(mean.dtype)
    )  # -0.0 + 0.0 is 0.0, which loses the sign


def _least_squares(
    grams: Tensor, columns: Tensor, weights: Tensor, shrink: float, say: Callable[[str], None]
) -> Tensor:
    """(Σ w G)^-1 Σ w G X for X `columns` (n_models, in, out), in float64."""
    left = torch.zeros_like(grams[0], dtype=torch.float64)
    right = torch.zeros_like(columns[0], dtype=torch.float64)
    for gram, own, weight in zip(grams, columns, weights.tolist(), strict=True):
        weighted = weight * _shrunk(gram.double(), shrink)
        left += weighted
        right += product(weighted, own)
    return _solved(left, right, say)


def _shrunk(gram: Tensor, shrink: float) -> Tensor:
    shrunk = gram * shrink
    shrunk.diagonal().copy_(gram.diagonal())
    return shrunk


def _solved(left: Tensor, right: Tensor, say: Callable[[str], None]) -> Tensor:
    """left^-1 right for a symmetric positive `left`; each input is scaled by its root mean square."""
    size = sqrt(left.diagonal().clamp(min=0))
    scale = torch.where(size > 0, 1 / size, 0.0)
    dead = int((size == 0).sum())
    unit = left * scale * scale[:, None]
    unit.diagonal().fill_(1.0)
    lower, ridge = _factor(unit)
    if ridge or dead:
        say(f"averaged the directions that the inputs do not determine (ridge {ridge:g}, {dead} inputs always 0)")
    return scale[:, None] * solve(lower, scale[:, None] * right)


def _factor(unit: Tensor) -> tuple[Tensor, float]:
    """The Cholesky factor of `unit` (diagonal 1) plus the smallest ridge that makes it solvable, and that ridge."""
    for ridge in RIDGES:
        lower, pivot = factor(unit + ridge * torch.eye(len(unit)).to(unit))
        if pivot >= PIVOT:
            return lower, ridge
    raise ValueError(
        "the Gram matrices given to regmean are not positive semi-definite; compute them as X^T X / tokens from a "
        "layer's inputs X"
    )
