"""What a sweep has found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.interval import Estimate
from mergelab.methods.knobs import Value
from mergelab.recipe import Recipe


class PointState(StrEnum):
    """Where a point of a sweep stands."""

    RACING = "racing"
    OUT = "out"
    FINISHED = "finished"
    REFUSED = "refused"


@dataclass(frozen=True)
class Repeat:
    """The merge of a point's recipe with one seed: its weights, its scores, and its values by the objectives."""

    recipe: Recipe
    weights: str
    scores: tuple[Score, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Point:
    """A recipe of a sweep with its scores on validation rows, and `values` by the objectives.

    One that is `out` has left the race, and its scores are on fewer rows. `errors` are half of the widths of the values' 95 %
    intervals. `weights` is the content hash of its merge; `error` says why a point was refused. One that is merged with several
    seeds has `repeats`; then scores and values are the means over them, recipe and weights those of the first.
    """

    number: int
    settings: Mapping[str, Value]
    state: PointState
    recipe: Recipe | None = None
    weights: str = ""
    scores: tuple[Score, ...] = ()
    values: tuple[float, ...] = ()
    error: str = ""
    errors: tuple[float, ...] = ()
    repeats: tuple[Repeat, ...] = ()

    @property
    def n(self) -> int:
        """The rows that each task has answered, at most."""
        return max((score.n for score in self.scores), default=0)

    @property
    def by_seed(self) -> list[dict[str, Score]]:
        """The scores by task with each seed."""
        return [
            {score.task: score for score in scores}
            for scores in [each.scores for each in self.repeats] or [self.scores]
        ]


@dataclass(frozen=True)
class StartOnTest:
    """The recipe that a sweep started from, beside its best, on the same test rows.

    `value` is the start's objective there, `best` that of the best point, and `gain` the best minus the start, paired by rows. Where the
    start is the best itself, both are the same, and there is no gain to tell.
    """

    value: float
    best: float
    gain: Estimate | None

    @property
    def verdict(self) -> str:
        """Whether the rows tell the best from the start; empty where it is the start."""
        return "" if self.gain is None else verdict_on(self.gain)


@dataclass(frozen=True)
class PointOnTest:
    """A point of a front on test rows: its scores, its values by the objectives, and what each loses there (`optimism`).

    `gains` are the values minus those of the recipe that the sweep started from, paired by rows; empty where the point is that recipe,
    or where it has no scores.
    """

    number: int
    scores: tuple[Score, ...]
    values: tuple[float, ...]
    optimism: tuple[Estimate, ...]
    gains: tuple[Estimate, ...] = ()
    is_start: bool = False


@dataclass(frozen=True)
class SweepOutcome:
    """All points of a sweep in their order.

    `best` are the numbers of the best point, or of the Pareto front. `test` are the scores of the best point on test rows, and
    `optimism` is what its objective loses there: how much of it the selection on validation rows was worth. `start` is the recipe
    that the sweep started from, on the same test rows; `start_problem` says why it could not be scored. With several objectives,
    `test`, `optimism` and `start` are empty; there is a `front` instead: its points on test rows, each beside the start, and those that
    were `left_out`. `test_problem` says why there are no scores on test rows.
    """

    points: tuple[Point, ...]
    best: tuple[int, ...]
    alike: tuple[int, ...] = ()
    """Points that the rows they answered do not tell from the best; those that left the race answered fewer."""
    test: tuple[Score, ...] = ()
    optimism: Estimate | None = None
    rows: int = 0
    """Answers that were asked for, over all points and tasks."""
    start: StartOnTest | None = None
    start_problem: str = ""
    front: tuple[PointOnTest, ...] = ()
    left_out: tuple[int, ...] = ()
    test_problem: str = ""


def verdict_on(gain: Estimate) -> str:
    """Whether a gain over the start is one, in a word."""
    if gain.low <= 0 <= gain.high:
        return "not separable"
    return "better" if gain.value > 0 else "worse"


def pareto_front(points: Sequence[Point]) -> tuple[int, ...]:
    """The numbers of points to which no other is at least equal by all objectives and better by one."""

    def beaten(point: Point) -> bool:
        return any(
            all(a >= b for a, b in zip(other.values, point.values, strict=True)) and other.values != point.values
            for other in points
        )

    return tuple(point.number for point in points if not beaten(point))
