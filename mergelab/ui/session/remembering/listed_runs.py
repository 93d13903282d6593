"""The runs of a list: those of the chosen models, as far as they are listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from mergelab.runs import RunRecord
from mergelab.runs.comparable_runs import bases_of
from mergelab.ui.form.labels import counted
from mergelab.ui.form.model_titles import model_titles
from mergelab.ui.messages import RunModels

ALL_MODELS = "*"
"""What a person chooses to list the runs of all models."""
MOST = 300
"""How many runs are listed."""


@dataclass(frozen=True)
class ListedRuns:
    """`runs` are the newest ones of the models `chosen` among `choices`, `bases` the base of each by its number, and `more` says
    how many older ones are left out. Without a choice, all runs are of one base."""

    runs: Sequence[RunRecord] = ()
    bases: Mapping[int, str] = field(default_factory=dict)
    choices: Sequence[RunModels] = ()
    chosen: str = ALL_MODELS
    more: int = 0

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """What each base is called."""
        return model_titles(self.bases.values())

    @classmethod
    def of(cls, runs: Sequence[RunRecord], models: str) -> ListedRuns:
        """The runs of these models among `runs`, the newest first; those of the newest run's models where `models` are unknown."""
        bases = bases_of(runs)
        found = Counter(bases.values())
        if len(found) < 2:
            return cls(runs[:MOST], bases, more=max(len(runs) - MOST, 0))
        chosen = models if models in (ALL_MODELS, *found) else bases[runs[0].id]
        kept = [run for run in runs if chosen in (ALL_MODELS, bases[run.id])]
        return cls(kept[:MOST], bases, _choices(found), chosen, max(len(kept) - MOST, 0))


def _choices(found: Counter[str]) -> list[RunModels]:
    """The bases in the order of their newest run, and all."""
    named = model_titles(found)
    each = [RunModels(base, f"{named[base]} ({counted(count, 'run')})") for base, count in found.items()]
    return [*each, RunModels(ALL_MODELS, f"all models ({counted(found.total(), 'run')})")]
