"""The last merges of one visit, to go back to with one click."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from mergelab.evaluation.scores import mean_score
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.jobs.workbench import Run
from mergelab.ui.form.model_titles import model_titles
from mergelab.ui.messages import HistoryEntry

MOST = 12


@dataclass
class VisitHistory:
    """Merges by the key of their recipe, the newest last; one that is merged again moves to the end."""

    entries: deque[HistoryEntry] = field(default_factory=lambda: deque(maxlen=MOST))

    def add(self, run: Run, name: str, key: str, base: str) -> tuple[HistoryEntry, ...]:
        """Take up a merge onto `base`, and return all, the newest first."""
        kept = [entry for entry in self.entries if entry.key != key]
        self.entries = deque([*kept, HistoryEntry(run.number, name, base, base, _mean(run), key)], maxlen=MOST)
        titles = model_titles(entry.base for entry in self.entries)
        return tuple(replace(entry, models=titles[entry.base]) for entry in reversed(self.entries))


def _mean(run: Run) -> str:
    """The mean over the scores that are shares; empty text without any."""
    shares = [score for score in run.scores if find_metric(score.metric).is_share]
    if not shares:
        return ""
    mean = mean_score(shares) if len(shares) > 1 else shares[0]
    return find_metric(mean.metric).notation.score(mean.value)
