"""Fisher-weighted averaging."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated as A
from typing import Any

import torch
from torch import Tensor

from mergelab.linalg import sqrt
from mergelab.methods.knobs import FROM_0, Choice, PerModel, Range
from mergelab.methods.ops.elementwise import per_model, weighted_mean
from mergelab.methods.ops.reason import Reason, first_of, shares_of_mean, short
from mergelab.methods.ops.square_sums import SquareSums, squares_of
from mergelab.methods.registry import Log, ModelStatistic, Position, Stack, Statistic, method, silent


class FisherNorms:
    """Survey of the L2 norm of each model's Fisher over all tensors, summed in float64."""

    scope = "model"

    def __init__(self, n_models: int, settings: Sequence[Mapping[str, Any]]) -> None:
        self.passes = 1 if settings[0]["normalize"] == "global" else 0
        self.squares = SquareSums(n_models)

    def update(self, stack: Stack) -> None:
        """Add one tensor's squares."""
        self.squares.add(stack.statistics["fisher"])

    def finish_pass(self) -> None:
        """End the only pass."""
        self.passes -= 1

    def value(self, settings: Mapping[str, Any]) -> Tensor:
        """The norms, float32 (n_models,)."""
        return self.squares.norms().float()


def may_lack_evidence(knobs: Mapping[str, Any]) -> bool:
    """Whether the strengths of all experts may be 0 at an entry."""
    return bool(knobs["floor"] == 0) or knobs["floor_on"] == "first"


def strengths(
    information: Tensor,
    weights: Tensor,
    normalize: str,
    floor: float,
    floor_by: str,
    floor_on: str,
    norms: Tensor | None,
    position: Tensor | None,
) -> Tensor:
    """The averaging weight of every entry of each model, (n_models, *shape); the arguments are those of `fisher`."""
    floored = information + floor if floor_by == "add" else information.clamp(min=floor)
    if floor_on == "first" and position is not None:
        floored = torch.where(per_model(position == 0, information), floored, information)
    added = floor if floor_by == "add" else 0.0
    return floored * per_model(coefficients(weights, normalize, information, norms, added), information)


def coefficients(weights: Tensor, normalize: str, information: Tensor, norms: Tensor | None, added: float) -> Tensor:
    """Each model's weight divided by the norm of its Fisher, float32 (n_models,)."""
    if normalize == "none":
        return weights
    if normalize == "tensor" or norms is None:
        norms = sqrt(squares_of(information)).float()
    norms = norms + added
    return weights / torch.where(norms == 0, 1.0, norms).to(weights.device)


def shares_of_evidence(models: Tensor, *, information: Tensor, floor: float, strengths: Tensor) -> Reason:
    """Each expert counts by its share of the Fisher information; no change is dropped."""
    below = (information < floor).all(0)
    sentences = (
        "No expert has Fisher information here, so all count the same: {shares}.",
        f"The evidence of every expert is below the floor of {short(floor)}, so the floor decides: {{shares}}.",
        "Fisher information decides how much each expert counts here: {shares}.",
    )
    which = first_of((strengths == 0).all(0), below)
    return Reason(sentences, which, coefficients=shares_of_mean(strengths), step="weigh", mean=True)


@method(
    "Fisher",
    space="weights",
    paper="Matena & Raffel 2022, arXiv:2111.09832",
    elementwise=lambda knobs: knobs["normalize"] != "tensor",
    speaks=may_lack_evidence,
    why=shares_of_evidence,
    strengths=strengths,
)
def fisher(
    models: Tensor,
    *,
    weights: A[Tensor, PerModel(0.0, 2.0, 0.05, "How much this expert's Fisher information counts", valid=FROM_0)],
    normalize: A[
        str,
        Choice(
            ("global", "tensor", "none"),
            "Divide each expert's Fisher by its L2 norm over the whole model (paper), by its norm per tensor, or not at all",
        ),
    ] = "global",
    floor: A[
        float,
        Range(
            0.0,
            0.01,
            1e-6,
            "Floor for Fisher values; weights below it for all experts are averaged evenly",
            valid=FROM_0,
        ),
    ] = 1e-6,
    floor_by: A[
        str,
        Choice(
            ("max", "add"),
            "Raise smaller values to the floor (authors' code), or add the floor to all values and norms (MergeLM)",
        ),
    ] = "max",
    floor_on: A[
        str,
        Choice(
            ("all", "first"),
            "Apply the floor to all experts, or only to the first, so that it wins where no expert has evidence (the authors' favour-target)",
        ),
    ] = "all",
    estimate: A[
        str,
        Choice(
            ("auto", "exact", "sketched", "sampled", "empirical"),
            "How to estimate the Fisher from calibration examples: exact sums over all classes (slow), sketched uses random signs (unbiased, noisier, faster for many classes), sampled draws classes or next tokens from the model, empirical takes the given ones (another quantity); auto is exact up to 16 classes, sketched beyond, and sampled for language models",
        ),
    ] = "auto",
    information: A[Tensor | None, Statistic("fisher")] = None,
    norms: A[Tensor | None, ModelStatistic(FisherNorms)] = None,
    position: A[Tensor | None, Position()] = None,
    say: A[Callable[[str], None], Log()] = silent,
) -> Tensor:
    """Average the experts, weight by weight; an expert counts more where its predictions depend more on the weight.

    `models` and `information` (each expert's diagonal Fisher) are (n_models, *shape) in float32; returns (*shape). FisherNorms
    are computed before the floor is applied; a norm of 0 is ignored. `estimate` is read only by the code that computes
    the Fisher. Entries whose strengths are all 0, which a floor on all experts prevents, get the unweighted mean, with a
    sentence in the log.
    """
    if information is None:
        raise ValueError(
            "fisher needs each expert's Fisher information: give statistics={'fisher': {name: {key: tensor}}}"
        )
    strength = strengths(information, weights, normalize, floor, floor_by, floor_on, norms, position)
    if may_lack_evidence({"floor": floor, "floor_on": floor_on}) and not bool(strength.any(0).all()):
        say(
            "for some weights no expert has Fisher information, so they get the experts' plain mean; a floor above 0 on all avoids it"
        )
    return weighted_mean(models, strength)
