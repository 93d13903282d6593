"""TIES-Merging: trim small changes, elect a sign per entry, merge the changes that agree with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Annotated as A
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mergelab.methods.knobs import ANY, Choice, PerModel, Range
from mergelab.methods.ops.elementwise import elected_signs, largest, per_model, zero_below_threshold
from mergelab.methods.ops.reason import Reason, below, fates, first_of, one_of, sides, times
from mergelab.methods.ops.sphere import CANCELLED
from mergelab.methods.ops.thresholds import Thresholds, own_thresholds
from mergelab.methods.registry import Log, ModelStatistic, Stack, method, silent


class Majority:
    """Survey of the majority sign: the sign (-1, 0 or 1) that wins most elections over all entries of the model."""

    scope = "model"

    def __init__(self, n_models: int, settings: Sequence[Mapping[str, Any]]) -> None:
        self.passes = 1 if settings[0]["zero_sign"] == "majority" else 0
        self.total = 0
        self.lock = Lock()

    def update(self, stack: Stack) -> None:
        """Add the elected signs of one tensor."""
        knobs = stack.settings
        weights = knobs["weights"] if knobs["weigh"] == "before" else None
        elected = stack.election(knobs["thresholds"], weights, knobs["elect"])
        with self.lock:
            self.total += elected

    def finish_pass(self) -> None:
        """End the only pass."""
        self.passes -= 1

    def value(self, settings: Mapping[str, Any]) -> int:
        """The majority sign; 0 if both signs win equally often."""
        return (self.total > 0) - (self.total < 0)


def may_cancel(knobs: Mapping[str, Any]) -> bool:
    """Whether a mean is divided by weights that may sum to 0 without being 0, because they have both signs."""
    divides, weights = (knobs["combine"], knobs["divide"]) == ("mean", "weights"), knobs["weights"]
    return divides and bool((weights > 0).any() and (weights < 0).any())


def vote(
    deltas: Tensor,
    *,
    weights: Tensor,
    density: float | Tensor,
    elect: str,
    weigh: str,
    zero_sign: str,
    combine: str,
    divide: str,
    scale: float,
    thresholds: Tensor,
    majority: int,
) -> Reason:
    """Who was trimmed, which sign won by how much, and who was outvoted."""
    trimmed = zero_below_threshold(deltas, thresholds)
    won = election(
        trimmed, weights=weights, elect=elect, weigh=weigh, zero_sign=zero_sign, majority=majority, combine=combine
    )
    votes = won.weighted if weigh == "before" else trimmed
    figures = sides(votes.sign() if elect == "count" else votes, won.signs)
    cancelled = elected_signs(votes, elect) == 0
    rule = {"majority": "the model’s majority sign, {sign}, decides", "positive": "plus is taken"}.get(
        zero_sign, "no side is elected, so the base’s weight stays"
    )
    count = " votes" if elect == "count" else ""
    how = {"mean": "their mean", "sum": "their sum", "max": "the largest of them"}[combine]
    end, own = (f"The merged change is {what}{times(scale)}." for what in (how, "that expert’s own"))
    alone = won.agree.sum(0) == 1
    sentences = (
        "No vote is left here, so the base’s weight stays.",
        f"The votes cancel at {{won}}{count} on each side; {rule}.",
        f"{{sign}} is unopposed ({{who}}). {own}",
        f"{{sign}} is unopposed ({{who}}). {end}",
        f"{{sign}} wins: {{won}}{count} ({{who}}) against {{lost}} ({{who:outvoted}}). {own}",
        f"{{sign}} wins: {{won}}{count} ({{who}}) against {{lost}} ({{who:outvoted}}). {end}",
    )
    unopposed = figures["lost"] == 0
    which = first_of((votes == 0).all(0), cancelled, unopposed & alone, unopposed, alone)
    details = {"trimmed": below(density, thresholds, len(deltas))}
    fallen = fates(
        details,
        trimmed=(deltas != 0) & (trimmed == 0),
        without_weight=(trimmed != 0) & (votes == 0),
        outvoted=(trimmed != 0) & ~won.agree,
    )
    coefficients = scale * _parts(won, per_model(weights, trimmed), combine, divide)
    agreeing = torch.where(won.agree, trimmed, 0.0)
    return Reason(sentences, which, figures, coefficients, signs=won.signs, fates=fallen, step="elect", values=agreeing)


def _parts(won: Election, weights: Tensor, combine: str, divide: str) -> Tensor:
    """How much of each trimmed delta the disjoint merge takes, (n_models, *shape)."""
    taken = won.agree * weights
    if combine == "max":
        return taken * one_of(torch.where(won.agree, won.weighted, 0.0).abs().argmax(0), len(taken))
    if combine == "sum":
        return taken
    total = _sum_of_weights(won.agree, weights, silent) if divide == "weights" else won.agree.sum(0)
    return torch.where(total == 0, 0.0, taken / torch.where(total == 0, 1, total))


@method(
    "TIES",
    space="deltas",
    paper="Yadav et al. 2023, arXiv:2306.01708",
    elementwise=True,
    speaks=may_cancel,
    combines="elected mean",
    why=vote,
)
def ties(
    deltas: Tensor,
    *,
    weights: A[Tensor, PerModel(-2.0, 2.0, 0.05, "Strength of this expert", valid=ANY)],
    density: A[
        float | Tensor,
        Range(
            0.0,
            1.0,
            0.01,
            "Fraction of each expert's change to keep, largest first; lower means fewer conflicts, but less of each expert survives",
            each=True,
        ),
    ] = 0.2,
    scope: A[
        str,
        Choice(
            ("model", "tensor"), "Rank magnitudes over the whole model (paper) or within each tensor (mergekit, PEFT)"
        ),
    ] = "model",
    elect: A[
        str, Choice(("mass", "count"), "Vote on the sign by total magnitude (paper), or with one vote per expert")
    ] = "mass",
    weigh: A[
        str,
        Choice(("before", "after"), "Apply the expert weights before the sign vote (mergekit) or only after it (PEFT)"),
    ] = "before",
    zero_sign: A[
        str,
        Choice(
            ("majority", "positive", "zero"),
            "If the votes cancel, use the model's majority sign (paper), plus (mergekit, PEFT), or drop all changes of that weight",
        ),
    ] = "majority",
    combine: A[
        str, Choice(("mean", "sum", "max"), "How to combine the changes that agree with the elected sign")
    ] = "mean",
    divide: A[
        str,
        Choice(
            ("count", "weights"),
            "For a mean, divide by the number of agreeing experts (paper) or by the sum of their expert weights (mergekit)",
        ),
    ] = "count",
    scale: A[
        float, Range(0.0, 3.0, 0.05, "Multiplies the merged change before it is added to the base", valid=ANY)
    ] = 1.0,
    thresholds: A[Tensor | None, ModelStatistic(Thresholds)] = None,
    majority: A[int, ModelStatistic(Majority)] = 0,
    say: A[Callable[[str], None], Log()] = silent,
) -> Tensor:
    """Keep each expert's largest changes, vote on one sign for each weight, and average the changes that agree with it.

    `deltas` is (n_models, *shape) in float32, expert minus base; returns (*shape), to be added to the base. Entries that
    no expert keeps become 0. Without `thresholds`, each tensor is trimmed on its own. A mean divided by weights of both
    signs is undefined where the weights of the agreeing experts cancel: such entries become 0, with a sentence in the log.
    """
    trimmed = zero_below_threshold(deltas, own_thresholds(deltas, density) if thresholds is None else thresholds)
    won = election(
        trimmed, weights=weights, elect=elect, weigh=weigh, zero_sign=zero_sign, majority=majority, combine=combine
    )
    return scale * combine_agreeing(won.weighted, won.agree, per_model(weights, trimmed), combine, divide, say)


class Election(NamedTuple):
    """`weighted` deltas (n_models, *shape), the elected `signs` (-1, 0, 1) (*shape), and which deltas `agree` with them,
    bool (n_models, *shape)."""

    weighted: Tensor
    signs: Tensor
    agree: Tensor


def election(
    trimmed: Tensor, *, weights: Tensor, elect: str, weigh: str, zero_sign: str, majority: int, combine: str
) -> Election:
    """Elect signs among trimmed deltas (n_models, *shape); the other arguments are the knobs of `ties`."""
    weighted = trimmed * per_model(weights, trimmed)
    votes = weighted if weigh == "before" else trimmed
    signs = _resolve_ties(elected_signs(votes, elect), zero_sign, majority, combine)
    return Election(weighted, signs, (votes.sign() == signs) & (votes != 0))


def _resolve_ties(signs: Tensor, zero_sign: str, majority: int, combine: str) -> Tensor:
    """Give cancelled votes a sign. As in the authors' code, a majority of 0 means minus, or no sign if `combine` is max."""
    tied = 0.0 if combine == "max" else -1.0
    prepared = {"majority": float(majority or tied), "positive": 1.0, "zero": 0.0}[zero_sign]
    return torch.where(signs == 0, prepared, signs)


def combine_agreeing(
    weighted: Tensor, agree: Tensor, weights: Tensor, combine: str, divide: str, say: Callable[[str], None] = silent
) -> Tensor:
    """The disjoint merge: combine the `weighted` deltas (n_models, *shape) where `agree` is true into one, (*shape)."""
    agreeing = torch.where(agree, weighted, 0.0)
    if combine == "max":
        return largest(agreeing)
    if combine == "sum":
        return agreeing.sum(0)
    shares = _sum_of_weights(agree, weights, say) if divide == "weights" else agree.sum(0)
    return torch.where(shares == 0, 0.0, agreeing.sum(0) / torch.where(shares == 0, 1, shares))


def _sum_of_weights(agree: Tensor, weights: Tensor, say: Callable[[str], None]) -> Tensor:
    """The sum of the agreeing experts' weights (*shape), exactly 0 where they cancel but for rounding."""
    total = (agree * weights).sum(0)
    if not (weights < 0).any():
        return total
    size = (agree * weights.abs()).sum(0)
    cancelled = (size > 0) & (total.abs() <= CANCELLED * size)
    if cancelled.any():
        say(
            "for some weights, the expert weights of the agreeing experts sum to 0 and give no mean, so the base is kept there "
            "(mergekit adds their weighted sum there); weights of one sign, or divide: count, avoid it"
        )
    return torch.where(cancelled, 0.0, total)
