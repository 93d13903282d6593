"""Remembers the points of a sweep as runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mergelab.evaluation.scores import Score
from mergelab.jobs.recording.run_facts import recipe_request, result_of
from mergelab.jobs.recording.run_history import OPTIMISM
from mergelab.jobs.sweeping.sweep_outcome import Point, PointState, SweepOutcome
from mergelab.recipe import Recipe
from mergelab.runs import RunKind, RunStore
from mergelab.sweeps import Sweep

TEST = "test"


class RememberedPoints:
    """Adds each point of a sweep to a store as soon as its standing is final, and at the end the best or the front on test rows.

    A recipe is added once, also where the sweep is run again. Refused points have no recipe and are not added. `name` is what the
    points are called, with their numbers.
    """

    def __init__(self, store: RunStore, sweep: Sweep, name: str, device: str) -> None:
        self._store, self._name, self._device = store, name, device
        self._group = f"sweep {sweep.digest()[:12]}"
        self._known = {run.request.digest for run in store.runs(group=self._group, archived=None)}

    @property
    def count(self) -> int:
        """How many of the sweep's recipes the store knows; each seed of a repeated one counts."""
        return len(self._known)

    def take(self, point: Point) -> None:
        """Add the point if it has ended and is not there yet; one with several seeds is a run for each."""
        if point.recipe is None or point.state is PointState.RACING:
            return
        name = f"{self._name} {point.number + 1}"
        for each in point.repeats:
            self._add(f"{name}, seed {each.recipe.seed}", each.recipe, each.weights, each.scores)
        if not point.repeats:
            self._add(name, point.recipe, point.weights, point.scores)

    def end(self, outcome: SweepOutcome) -> None:
        """Add the scores on test rows: of the best point with what the selection was worth, or of the front; none for a mean over seeds."""
        points = {point.number: point for point in outcome.points}
        if outcome.optimism:
            self._add_test(points[outcome.best[0]], outcome.test, {OPTIMISM: outcome.optimism.value})
        for each in outcome.front:
            self._add_test(points[each.number], each.scores, {})

    def _add_test(self, point: Point, scores: Sequence[Score], figures: Mapping[str, float]) -> None:
        if not point.recipe or point.repeats:
            return
        earlier = self._store.runs(group=self._group, digest=point.recipe.digest(), archived=None)
        if any(run.request.split == TEST for run in earlier):
            return
        name = f"{self._name} {point.number + 1}, test rows"
        request = recipe_request(RunKind.EVALUATION, name, point.recipe, self._device, TEST, self._group)
        self._store.finish(self._store.add(request), result_of(point.weights, {}, scores, figures=figures))

    def _add(self, name: str, recipe: Recipe, weights: str, scores: Sequence[Score]) -> None:
        if recipe.digest() in self._known:
            return
        self._known.add(recipe.digest())
        request = recipe_request(RunKind.SWEEP_POINT, name, recipe, self._device, "validation", self._group)
        self._store.finish(self._store.add(request), result_of(weights, {}, scores))
