"""How often experts pull a weight in opposite directions."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from mergelab.analysis.interference import Interference, interference
from mergelab.engine import kept_deltas
from mergelab.jobs.papers.phenomenon_registry import phenomenon
from mergelab.jobs.papers.reproduction import Bound, FigureRow, Outcome, above, exact_row
from mergelab.jobs.papers.suite_trial import SuiteTrial
from mergelab.runtime.progress import Progress, ProgressGen

SEEDS = "Conflict between seeds of one task cannot be asked: the suite has one expert for each task, and no second run with another seed."
SHARES_OF = (
    "Shares are those of the weights that at least one of the experts changes. If all of them are changed and signs are independent, "
    "1 − 2^(1−T) of them conflict among T experts."
)
NAMED = 0.01
"""A conflict worth a name: at least one weight in a hundred."""


@phenomenon(
    3,
    "Conflict grows with the number of models",
    "The signs of two experts' largest 20 % of changes conflict already, and the share of conflicting weights grows with every model.",
    ("2306.01708",),
)
def sign_conflicts(trial: SuiteTrial) -> ProgressGen[Outcome]:
    """Count conflicting weights among the first T experts, with all changes and with the largest 20 % of each."""
    largest, whole = list[Interference](), list[Interference]()
    for count in range(2, len(trial.experts) + 1):
        largest.append((yield from _counted(trial, count, 0.2)))
        whole.append((yield from _counted(trial, count, 1.0)))
    bounds = [above(NAMED)] + [None] * len(largest)
    rows = [
        _share(f"{count} experts, largest 20 % of each", found, bound)
        for (count, found), bound in zip(enumerate(largest, 2), bounds, strict=False)
    ]
    rows += [
        exact_row(f"growth with expert {count}", _rate(later) - _rate(earlier), later.active, "difference", above(0))
        for count, (earlier, later) in enumerate(pairwise(largest), 3)
    ]
    rows += [
        _share(f"{count} experts, all changes (independent signs: {1 - 2.0 ** (1 - count):.1%})", found)
        for count, found in enumerate(whole, 2)
    ]
    return Outcome(tuple(rows), _recipe(trial, len(trial.experts), 0.2), (*trial.left_out, SHARES_OF, SEEDS))


def _recipe(trial: SuiteTrial, count: int, density: float) -> dict[str, Any]:
    return trial.recipe(trial.experts[:count], {"name": "ties", "density": density})


def _counted(trial: SuiteTrial, count: int, density: float) -> ProgressGen[Interference]:
    """The sums over all weights that at least one of the first experts changes."""
    prepared = yield from trial.prepared(_recipe(trial, count, density))
    total: Interference | None = None
    keys = prepared.plan.keys
    for number, key in enumerate(keys, 1):
        found = interference(kept_deltas(prepared, key))
        total = found if total is None else total + found
        yield Progress("Counting conflicts", number, len(keys), key)
    assert total is not None, "a suite's experts share tensors with its base"
    return total


def _rate(found: Interference) -> float:
    """Among weights that any expert changes, the share on which signs conflict."""
    return found.conflicting / found.active


def _share(label: str, found: Interference, bound: Bound | None = None) -> FigureRow:
    return exact_row(label, _rate(found), found.active, "share", bound)
