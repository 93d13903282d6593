"""What is known of a sweep: its points in order, the best of them, and what a person calls their settings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from mergelab.jobs.sweeping.objective_words import objective_title
from mergelab.jobs.sweeping.sweep_outcome import Point, PointState, SweepOutcome, pareto_front
from mergelab.sweeps import Sweep
from mergelab.ui.form.setting_words import SettingWords
from mergelab.ui.session.sweeping.refusal import setting_label

STATES = {
    PointState.RACING: "racing",
    PointState.OUT: "left the race",
    PointState.FINISHED: "finished",
    PointState.REFUSED: "refused",
}


@dataclass(frozen=True)
class Swept:
    """A sweep with what was tried so far, in its order. `tasks` are titles of tasks by name."""

    asked: Sweep
    tried: Sequence[Point]
    outcome: SweepOutcome | None
    words: SettingWords
    tasks: Mapping[str, str]

    @cached_property
    def points(self) -> list[Point]:
        """The points, each recipe once: samplers may try a good one again."""
        first: dict[str, int] = {}
        for point in self.tried:
            if point.recipe:
                first.setdefault(point.recipe.digest(), point.number)
        return [point for point in self.tried if not point.recipe or first[point.recipe.digest()] == point.number]

    @property
    def paths(self) -> list[str]:
        """The settings that vary."""
        return [dimension.path for dimension in self.asked.space.dimensions]

    @property
    def columns(self) -> list[str]:
        """Their titles."""
        return [self.label(path) for path in self.paths]

    @property
    def sought(self) -> list[str]:
        """The titles of the objectives."""
        return [objective_title(name, self.tasks) for name in self.asked.objectives]

    @cached_property
    def best(self) -> frozenset[int]:
        """The numbers of the best point so far, or of the front of several objectives."""
        if self.outcome is not None:
            return frozenset(self.outcome.best)
        finished = [point for point in self.points if point.state is PointState.FINISHED]
        if len(self.asked.objectives) > 1:
            return frozenset(pareto_front(finished))
        return frozenset([max(finished, key=lambda point: point.values[0]).number] if finished else [])

    @property
    def scored(self) -> list[Point]:
        """The points with scores, the best first: those that saw more rows come before others."""
        known = [point for point in self.points if point.values]
        return sorted(known, key=lambda point: (-point.n, -point.values[0], point.number))

    def top(self, share: int) -> list[Point]:
        """The best `share` per cent of the points with scores; of several objectives the front comes first."""
        scored = self.scored
        if len(self.asked.objectives) > 1:
            scored.sort(key=lambda point: point.number not in self.best)
        return scored[: math.ceil(len(scored) * share / 100)]

    def label(self, path: str) -> str:
        """What a person calls a setting."""
        return setting_label(path, self.words)

    def text(self, point: Point, path: str) -> str:
        """A setting of a point; empty text if it does not count for it."""
        return self.words.value(path, point.settings[path]) if path in point.settings else ""

    def name(self, point: Point) -> str:
        """A point by its number and settings: `Point 7 (Density 0.4, Scale 1)`."""
        settings = ", ".join(
            f"{self.label(path)} {self.text(point, path)}" for path in self.paths if path in point.settings
        )
        return f"Point {point.number + 1} ({settings})"
