"""A suite small enough to work out phenomena by hand: one tensor, and an expert's accuracy is one of its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from tiny_states import numbers

from mergelab.engine import PreparedMerge, Statistics, prepare
from mergelab.engine.state_dicts import plan_in_memory
from mergelab.evaluation.kinds import Answer, Rows
from mergelab.evaluation.scores import Answers
from mergelab.evaluation.scores.score import score
from mergelab.jobs.papers.reproduction import FigureRow, Outcome
from mergelab.jobs.papers.suite_trial import TEST, Given, Scores, SuiteTrial
from mergelab.runtime.progress import Progress, ProgressGen

ROWS = 100
SEEDS = (0, 1)


@dataclass(frozen=True)
class TinyTrial(SuiteTrial):
    """The models of `states` by their short names, fine-tuned from `base`.

    On the task of the k-th expert, a model answers a share of `ROWS` rows right that is its k-th number, from 0 to 1.
    """

    states: Mapping[str, Sequence[float]] = field(default_factory=dict)
    base: Sequence[float] = ()
    statistics: Statistics | None = None

    @property
    def experts(self) -> list[str]:
        return list(self.states)

    @property
    def left_out(self) -> tuple[str, ...]:
        return ()

    def prepared(self, recipe: Given) -> ProgressGen[PreparedMerge]:
        models = {f"{self.suite}/{name}": numbers(*values) for name, values in self.states.items()}
        return (yield from prepare(plan_in_memory(recipe, models, numbers(*self.base), self.statistics)))

    def scores(self, recipe: Given, experts: Sequence[str], split: str = TEST) -> ProgressGen[Scores]:
        merged = (yield from self.body(recipe))["w"].tolist()
        yield Progress("Scoring", 1, 1)
        return tuple(score(name, split, "accuracy", _answers(merged[self.experts.index(name)])) for name in experts)


def _answers(share: float) -> Answers:
    right = round(min(max(share, 0.0), 1.0) * ROWS)
    rows = Rows(("row",) * ROWS, torch.zeros(ROWS).long())
    return Answers.of(rows, [Answer((float(row < right),), 0) for row in range(ROWS)])


def tiny_trial(
    states: Mapping[str, Sequence[float]],
    base: Sequence[float],
    suite: str = "tiny",
    statistics: Statistics | None = None,
) -> TinyTrial:
    """A trial of such a suite, with two seeds."""
    return TinyTrial(suite, None, SEEDS, "cpu", states, base, statistics)


def specialists(count: int, entries: int = 5) -> TinyTrial:
    """Experts `a`, `b`, … that each raise their own number from 0.5 to 0.9, and change no other."""
    names = "abcde"[:count]
    moved = {name: [0.9 if place == own else 0.5 for place in range(entries)] for own, name in enumerate(names)}
    return tiny_trial(moved, [0.5] * entries)


def values(outcome: Outcome) -> dict[str, float]:
    """The figures of an outcome by their labels, to four places."""
    return {row.label: round(row.value, 4) for row in outcome.figures}


def figure(outcome: Outcome, label: str) -> FigureRow:
    """The figure of that label."""
    return next(row for row in outcome.figures if row.label == label)
