"""The calibration statistics of all experts of a merge, computed per expert or jointly."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from mergelab.evaluation.calibration.estimate import estimate
from mergelab.evaluation.calibration.statistic_spec import MEASURES
from mergelab.evaluation.calibration.suitable_tasks import refuse_unsuitable
from mergelab.evaluation.tasks import TaskSet
from mergelab.methods.knobs import Value
from mergelab.runtime.progress import ProgressGen

State = dict[str, Tensor]


@dataclass(frozen=True)
class Experts:
    """The experts of a merge, and their calibration rows.

    `names` and `tasks` have one entry per expert: its reference and the task it was trained for. `body(place)` is the full
    model of an expert by the base's file keys, as the method receives it: after the sparsifier, if there is one. `keys`
    are the tensors to merge; `tied` maps tied keys to their owner; `knobs` are the method's.
    """

    names: Sequence[str]
    tasks: Sequence[TaskSet]
    base: Callable[[], State]
    body: Callable[[int], ProgressGen[State]]
    keys: Collection[str]
    tied: Mapping[str, str]
    knobs: Mapping[str, Value]
    rows: int | None
    seed: int
    device: str


JointStatistic = Callable[[Experts], ProgressGen[dict[str, State]]]
"""Computes a statistic from all experts jointly: expert's name -> the base's key -> tensor."""

TOGETHER: dict[str, JointStatistic] = {}


def together(kind: str) -> Callable[[JointStatistic], JointStatistic]:
    """Register the decorated function for the joint statistic that rules declare as `kind`."""

    def register(learn: JointStatistic) -> JointStatistic:
        TOGETHER[kind] = learn
        return learn

    return register


def take_statistics(kinds: Collection[str], experts: Experts) -> ProgressGen[dict[str, dict[str, State]]]:
    """All statistics of all experts in the engine's format: kind -> expert's name -> the base's key -> tensor."""
    refuse_unsuitable(kinds, experts.tasks)
    found: dict[str, dict[str, State]] = {kind: {} for kind in sorted(kinds)}
    own = [kind for kind in found if kind not in TOGETHER]
    for place, name in enumerate(experts.names if own else ()):
        body, task = (yield from experts.body(place)), experts.tasks[place]
        for kind in own:
            asked = MEASURES[kind](task, experts.knobs)
            found[kind][name] = yield from estimate(
                body, task, asked, rows=experts.rows, device=experts.device, keys=experts.keys
            )
    for kind in found.keys() - set(own):
        found[kind] = yield from TOGETHER[kind](experts)
    return found
