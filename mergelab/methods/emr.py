"""EMR-Merging: elect one unified delta, which is masked and rescaled for each task."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Annotated as A
from typing import Any

import torch
from torch import Tensor

from mergelab.linalg import summed
from mergelab.methods.knobs import FROM_0, Choice, Range
from mergelab.methods.ops.elementwise import elected_signs, rows
from mergelab.methods.ops.reason import NO_CHANGE, Reason, fates, first_of, one_of, short, sides
from mergelab.methods.registry import ModelStatistic, Position, Stack, method


class Rescalers:
    """Survey of each expert's rescaler: how much smaller the masked unified delta is than the expert's own."""

    scope = "model"

    def __init__(self, n_models: int, settings: Sequence[Mapping[str, Any]]) -> None:
        for found in settings:
            _check_task(found["task"], n_models)
        self.passes = 1 if any(found["task"] for found in settings) else 0
        self.nothing = Sums(0, [0.0] * n_models, [0.0] * n_models)
        self.seen: dict[str, list[Sums]] = {}
        self.ratios: dict[str, Tensor] = {}
        self.lock = Lock()

    def update(self, stack: Stack) -> None:
        """Add the magnitudes of one tensor or a chunk of it: each expert's own, and those that pass its mask."""
        unified = elect(stack.values)
        masked = torch.where(masks(stack.values, unified), unified, 0.0)
        sums = Sums(stack.count, _magnitudes(stack.values), _magnitudes(masked))
        with self.lock:
            self.seen.setdefault(stack.key, []).append(sums)

    def finish_pass(self) -> None:
        """End the only pass and compute the ratios."""
        self.passes -= 1
        tensors = [Sums.together(parts) for parts in self.seen.values()]
        self.ratios = {
            "tensor": Sums.together([self.nothing, *(tensor.means for tensor in tensors if tensor.count)]).ratios(),
            "flat": Sums.together([self.nothing, *tensors]).ratios(),
        }

    def value(self, settings: Mapping[str, Any]) -> Tensor | None:
        """float64 (n_models,), 1 for an expert whose mask passes nothing; None if no setting selects a task."""
        return self.ratios.get(settings["means"])


@dataclass(frozen=True)
class Sums:
    """Magnitudes summed over `count` entries, per expert: its `own` delta, and what passed its mask (`carried`)."""

    count: int
    own: list[float]
    carried: list[float]

    @classmethod
    def together(cls, parts: Sequence[Sums]) -> Sums:
        """Add all parts exactly, so that their order cannot change a bit of the result."""
        own, carried = (
            [math.fsum(of_model) for of_model in zip(*(getattr(part, name) for part in parts), strict=True)]
            for name in ("own", "carried")
        )
        return cls(sum(part.count for part in parts), own, carried)

    @property
    def means(self) -> Sums:
        """The means over entries, as `Sums` of one entry."""
        return Sums(1, [value / self.count for value in self.own], [value / self.count for value in self.carried])

    def ratios(self) -> Tensor:
        """`own` divided by `carried`, float64 (n_models,); 1 where nothing is carried."""
        pairs = zip(self.own, self.carried, strict=True)
        return torch.tensor([own / carried if carried else 1.0 for own, carried in pairs], dtype=torch.float64)


def chosen(knobs: Mapping[str, Any], n_models: int) -> list[float] | None:
    """The expert whose task is chosen counts alone; without a task, all count alike."""
    return [float(place == knobs["task"] - 1) for place in range(n_models)] if knobs["task"] else None


def elected(deltas: Tensor, *, task: int, means: str, rescalers: Tensor | None, position: Tensor | None) -> Reason:
    """The sign of the sum wins, the largest change with it is taken; for a task, the mask of its expert decides."""
    unified = elect(deltas)
    signs, agree = unified.sign(), deltas.sign() * unified.sign() > 0
    figures, largest = sides(deltas, signs), one_of((deltas * signs).argmax(0), len(deltas))
    passed, factor, end = torch.ones_like(agree[0]), 1.0, ""
    if task:
        place = int(task) - 1 if position is None else int((position == task - 1).nonzero())
        passed = masks(deltas[place], unified)
        factor = float((_own_rescalers(deltas, task, means) if rescalers is None else rescalers)[place])
        end = f" × {short(factor)}, this task’s factor"
    taken = f"the largest change on that side is taken{end}."
    sentences = (
        NO_CHANGE,
        "The task’s own expert does not pull to the elected side, {sign}, so its mask drops this weight.",
        f"{{sign}} is unopposed ({{who}}); {taken}",
        f"{{sign}} wins: {{won}} ({{who}}) against {{lost}} ({{who:outvoted}}); {taken}",
    )
    which = first_of(unified == 0, ~passed, figures["lost"] == 0)
    lost, coefficients = fates(outvoted=(deltas != 0) & ~agree), factor * passed * largest
    kept = torch.where(agree, deltas, 0.0)
    return Reason(sentences, which, figures, coefficients, signs=signs, fates=lost, step="elect", values=kept)


@method(
    "EMR (not one model: masks at inference)",
    space="deltas",
    paper="Huang et al. 2024, arXiv:2405.17461",
    elementwise=True,
    parts=chosen,
    why=elected,
)
def emr(
    deltas: Tensor,
    *,
    task: A[
        int,
        Range(
            0,
            64,
            1,
            "0 is the shared change alone; k is the model for the task of the recipe's k-th expert, with its mask and scale",
            valid=FROM_0,
        ),
    ] = 0,
    means: A[
        str,
        Choice(
            ("tensor", "flat"),
            "A task's scale compares the sum of per-tensor mean magnitudes (the authors' first script) or one mean over all weights (their second)",
        ),
    ] = "tensor",
    rescalers: A[Tensor | None, ModelStatistic(Rescalers)] = None,
    position: A[Tensor | None, Position()] = None,
) -> Tensor:
    """Make one shared change plus a mask and a scale per task, so the result is not a single model.

    `deltas` is (n_models, *shape) in float32, expert minus base; returns (*shape), to be added to the base. `task` 0 gives
    the unified delta: the largest magnitude with the elected sign. `task` k gives the unified delta under the k-th
    expert's mask, times its rescaler: the model for this task only. Without `rescalers`, they are computed from this
    tensor. Raises ValueError if `task` exceeds the number of experts.
    """
    _check_task(task, len(deltas))
    unified = elect(deltas)
    if task == 0:
        return unified
    place = int(task) - 1 if position is None else int((position == task - 1).nonzero())
    factors = _own_rescalers(deltas, task, means) if rescalers is None else rescalers
    return float(factors[place]) * torch.where(masks(deltas[place], unified), unified, 0.0)


def elect(deltas: Tensor) -> Tensor:
    """The unified delta (*shape): the largest magnitude among the deltas whose sign is that of their sum.

    As in the authors' code, a sum of 0 counts as negative.
    """
    signs = elected_signs(deltas, "mass")
    signs = torch.where(signs == 0, -1.0, signs)
    return (deltas * signs).amax(0).clamp(min=0) * signs


def masks(deltas: Tensor, unified: Tensor) -> Tensor:
    """Where each delta has the elected sign, that of `unified` (*shape); `deltas` is (n_models, *shape) or (*shape)."""
    return deltas.sign() * unified.sign() > 0


def _magnitudes(stack: Tensor) -> list[float]:
    """The sum of magnitudes of each model, added in float64."""
    return [float(value) for value in summed(rows(stack), torch.abs)]


def _own_rescalers(deltas: Tensor, task: int, means: str) -> Tensor:
    settings = {"task": task, "means": means}
    survey = Rescalers(len(deltas), [settings])
    survey.update(Stack("", deltas, settings=settings))
    survey.finish_pass()
    return survey.ratios[means]


def _check_task(task: float, n_models: int) -> None:
    if task > n_models or task != int(task):
        raise ValueError(
            f"task of emr must be 0 (the shared change) or the number of an expert, 1 to {n_models}, got {task:g}"
        )
