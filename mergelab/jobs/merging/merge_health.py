"""The health of a merge that is in memory or on its way to a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from mergelab.analysis.health import Health, HealthSubject, WeightRecord, examine
from mergelab.checkpoints import CheckpointError, suite_of
from mergelab.engine import Plan
from mergelab.evaluation.tasks import TaskSet, suite_tasks
from mergelab.evaluation.tasks.own.how_to_say import HOW_TO_GIVE
from mergelab.jobs.merging.merged_files import MergedFiles, merged_files
from mergelab.runtime.progress import ProgressGen

MOST_ASKED = 300_000_000
"""Parameters up to which a model is asked texts without being told to: its float32 copy then takes about a gigabyte."""
ASK_LATER = "run `mergelab health {}` to have it asked texts"
KINDS = ("generation", "perplexity")


@dataclass
class MergeHealth:
    """Watches the tensors of a merge pass by, then examines it. With `asks`, a language model is also asked calibration rows,
    for which its tensors are kept until then; `target` is what a person names to have that done later."""

    plan: Plan
    tasks: Sequence[TaskSet] = ()
    device: str = "cpu"
    asks: bool = False
    target: str = "MODEL_OR_RECIPE"
    _body: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._record = WeightRecord(self.plan)
        self._rows = [task for task in rows_in_play(self.plan, self.tasks) if task.kind in KINDS]
        self._asked = self.asks and bool(self._rows) and parameters_of(self.plan) <= MOST_ASKED

    def add(self, key: str, tensor: Tensor) -> None:
        """Take note of one merged tensor, by the base's file key."""
        self._record.add(key, tensor)
        if self._asked:
            self._body[key] = tensor

    def examine(self) -> ProgressGen[Health]:
        """The health of the merge, of which every tensor has passed by."""
        body, self._body = self._body, {}
        files, unwritten = _files(self.plan)
        subject = HealthSubject(
            self._record,
            files.config,
            files.folder,
            self.plan,
            body=(lambda: body) if self._asked else None,
            tasks=self._rows,
            device=self.device,
            unasked=self._why_not(),
            unwritten=unwritten,
        )
        return (yield from examine(subject))

    def _why_not(self) -> str:
        if self.asks and not self._rows:
            return f"there are no calibration rows of kind generation or perplexity; give some {HOW_TO_GIVE} (docs/health.md)"
        return ASK_LATER.format(self.target)


def merge_health(
    plan: Plan, body: Mapping[str, Tensor], tasks: Sequence[TaskSet] = (), device: str = "cpu", *, asks: bool = False
) -> ProgressGen[Health]:
    """The health of a merge in memory; `body` has all its tensors by the base's file keys."""
    watched = MergeHealth(plan, tasks, device, asks)
    for key, tensor in body.items():
        watched.add(key, tensor)
    return (yield from watched.examine())


def rows_in_play(plan: Plan, tasks: Sequence[TaskSet]) -> list[TaskSet]:
    """The task sets given, and those of the suite that the models belong to."""
    names = {plan.base.name, *(expert.name for expert in plan.experts)}
    suite = suite_of(plan.recipe.base or "")
    known = {task.name for task in tasks}
    own = suite_tasks(suite).values() if suite else ()
    return [*tasks, *(task for task in own if task.head in names and task.name not in known)]


def parameters_of(plan: Plan) -> int:
    """The number of parameters of the merged model, those that are not merged included."""
    return sum(spec.count for spec in plan.specs.values())


def _files(plan: Plan) -> tuple[MergedFiles, str]:
    """The files beside the weights, or why they cannot be written."""
    try:
        return merged_files(plan), ""
    except CheckpointError as error:
        return MergedFiles(plan.base.config, plan.base.folder), str(error)
