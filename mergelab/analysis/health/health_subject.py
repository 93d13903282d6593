"""What the checks of a merged model look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from mergelab.analysis.health.weight_record import WeightRecord
from mergelab.checkpoints import Checkpoint
from mergelab.engine import Plan
from mergelab.evaluation.tasks import TaskSet

Body = Callable[[], Mapping[str, Tensor]]
"""Gives all tensors of the merged model by the base's file keys."""


@dataclass(frozen=True)
class HealthSubject:
    """A merged model, written or not, with what it was made from.

    `config` is its config.json, `folder` has its other files (None if there are none), `record` what was measured while its
    tensors passed by. `plan` is None for a model whose recipe is not known. Checks that ask the model need its `body` and
    the rows of `tasks`. `unplanned` says why there is no plan, `unasked` why there is no body, and `unwritten` why the files
    beside the weights cannot be written; each is a sentence without a full stop.
    """

    record: WeightRecord
    config: Mapping[str, Any]
    folder: Path | None
    plan: Plan | None = None
    body: Body | None = None
    tasks: Sequence[TaskSet] = ()
    device: str = "cpu"
    unplanned: str = "the models that it was made from are not known"
    unasked: str = "the model was not asked"
    unwritten: str = ""

    @property
    def sources(self) -> tuple[Checkpoint, ...]:
        """The base, if the recipe names one, and the experts in the recipe's order."""
        if self.plan is None:
            return ()
        experts = [self.plan.experts[place] for place in self.plan.listed]
        return tuple([self.plan.base, *experts] if self.plan.recipe.base else experts)

    @property
    def is_causal(self) -> bool:
        """Whether the model generates texts, by its config; if that does not say, whether the task sets ask for texts."""
        named = self.config.get("architectures") or ()
        if not named:
            return any(task.kind in ("generation", "perplexity") for task in self.tasks)
        return any(str(name).endswith(("ForCausalLM", "LMHeadModel")) for name in named)
