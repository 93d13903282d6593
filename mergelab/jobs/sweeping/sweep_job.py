"""The job that searches for the best recipe on validation rows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mergelab.checkpoints import suite_of
from mergelab.evaluation.evaluate import body_of
from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.interval import Estimate, Z
from mergelab.evaluation.scores.looks import FIRST, bounds
from mergelab.evaluation.scoring import scored
from mergelab.evaluation.tasks import TaskSet, suite_tasks
from mergelab.jobs.evaluate_job import chosen_tasks
from mergelab.jobs.recipe_plans import planned_recipe
from mergelab.jobs.sweeping.contestant import Contestant
from mergelab.jobs.sweeping.sweep_outcome import Point, PointState, SweepOutcome, pareto_front
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.recipe import Recipe, RecipeError
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import Partial, PartialGen, Progress, ProgressGen, map_progress
from mergelab.sweeps import Sweep, SweepError
from mergelab.sweeps.objective import NORMALISED, SweepObjective, read_objective
from mergelab.sweeps.proposals import GRID, Proposal, Proposals
from mergelab.sweeps.racing import Race

VALIDATION, TEST = "validation", "test"
BATCH = 4
"""Points that a sampler proposes at once, before it knows what they are worth. They race each other and the best so far."""
MEMORY = 2 * 2**30
"""Bytes of merges that stay in memory for their next block of rows."""


def sweep(
    given: Mapping[str, Any],
    device: str = "auto",
    models_dir: str | None = None,
    task_files: Sequence[str] = (),
    head: str | None = None,
) -> PartialGen[SweepOutcome]:
    """Search by the sweep's mapping. Yields each `Point` as a `Partial` result whenever its standing changes.

    Points are chosen on validation rows alone; the best is scored once on all test rows at the end. Answers are cached, so a sweep
    that is run again asks only what is new. Raises `SweepError` if there is no task to score.
    """
    asked, where = Sweep.from_mapping(given), resolve(device)
    recipe = Recipe.from_mapping(asked.space.recipe)
    search = _Search(asked, TaskFiles.of(task_files, recipe, head, models_dir), where)
    yield from search.prepare(recipe)
    yield from search.run()
    return (yield from search.outcome())


class _Search:
    def __init__(self, asked: Sweep, own: TaskFiles, device: str) -> None:
        self._asked, self._own, self._device = asked, own, device
        self._proposals = Proposals(asked.space, asked.sampler, asked.seed, len(asked.objectives))
        self._points: dict[int, Point] = {}
        self._by_digest: dict[str, int] = {}
        self._best: Contestant | None = None
        self._deadline = time.monotonic() + 60 * asked.minutes if asked.minutes else None
        self._rows = 0

    def prepare(self, recipe: Recipe) -> PartialGen[None]:
        """Find the tasks and the objectives."""
        planned = yield from planned_recipe(recipe, self._own.models_dir, self._device, self._own)
        suite = suite_of(recipe.base or "")
        suites = chosen_tasks(suite_tasks(suite), self._asked.tasks) if suite and not self._own.entries else []
        self._tasks: list[TaskSet] = [*suites, *self._own.task_sets(planned.base, planned.experts)]
        if not self._tasks:
            raise SweepError("a sweep needs task sets to score: give one with --task, or use the models of a suite")
        references = dict[str, float]()
        if NORMALISED in self._asked.objectives:
            for expert in planned.experts:
                own = [task for task in self._tasks if task.head == expert.name]
                found = yield from scored(
                    body_of(expert, planned.base), own, VALIDATION, self._asked.rows or None, self._device
                )
                references |= {score.task: score.value for score in found}
        metrics = {task.name: task.metric for task in self._tasks}
        self._objectives = [read_objective(name, metrics, references) for name in self._asked.objectives]

    def run(self) -> PartialGen[None]:
        """Race batch after batch. One point begins however little time there is."""
        batch = self._asked.points if self._asked.sampler == GRID else BATCH
        while (left := self._asked.points - len(self._points)) > 0 and not (self._points and self._is_late()):
            proposed = self._proposals.ask(min(batch, left))
            if not proposed:
                return
            yield from self._race(proposed)

    def outcome(self) -> PartialGen[SweepOutcome]:
        """The result; the best point is scored on test rows, which no choice has looked at."""
        points = tuple(self._points[number] for number in sorted(self._points))
        finished = [point for point in points if point.state is PointState.FINISHED]
        if len(self._objectives) > 1 or self._best is None:
            return SweepOutcome(points, pareto_front(finished), rows=self._rows)
        best = self._points[self._best.proposal.number]
        held_out = Contestant(self._best.proposal, self._best.recipe, self._own, self._device)
        yield from self._told("Scoring the best on test rows", len(points), held_out.start(self._tasks, TEST, None))
        yield from self._told("Scoring the best on test rows", len(points), held_out.answer(held_out.rows))
        test = held_out.scores()
        self._rows += held_out.asked
        alike = tuple(point.number for point in finished if point is not best and not self._is_clear(best, point))
        return SweepOutcome(points, (best.number,), alike, tuple(test.values()), self._optimism(best, test), self._rows)

    def _race(self, proposed: Sequence[Proposal]) -> PartialGen[None]:
        """Let points answer growing blocks of the same rows; the best of the earlier ones takes part."""
        running = dict[int, Contestant]()
        for proposal in proposed:
            if running and self._is_late():
                break
            contestant = yield from self._started(proposal)
            if contestant:
                running[proposal.number] = contestant
                self._keep_within_memory(running)
        if not running:
            return
        rows = max(each.rows for each in running.values())
        for bound in bounds(rows, self._first_block(running)) if self._has_race else [rows]:
            for number, contestant in running.items():
                told = f"Scoring {len(self._points)} of {self._asked.points} points"
                yield from self._told(told, number, contestant.answer(bound))
                self._keep_within_memory(running)
                yield self._standing(contestant, PointState.RACING, bound)
            for number in self._leavers(running, bound, rows) if bound < rows else []:
                yield from self._leave(running.pop(number), PointState.OUT)
        for contestant in running.values():
            yield from self._leave(contestant, PointState.FINISHED)

    def _started(self, proposal: Proposal) -> PartialGen[Contestant | None]:
        """Merge a proposal; one that cannot be merged is refused, and one that was there before is known already."""
        try:
            recipe = self._asked.space.recipe_at(proposal.settings)
        except RecipeError as error:
            yield self._refused(proposal, str(error))
            return None
        earlier = self._by_digest.setdefault(recipe.digest(), proposal.number)
        if earlier != proposal.number:
            point = replace(self._points[earlier], number=proposal.number, settings=proposal.settings)
            self._points[proposal.number] = point
            self._proposals.tell(proposal, point.values)
            yield Partial(point)
            return None
        contestant = Contestant(proposal, recipe, self._own, self._device)
        self._points[proposal.number] = Point(proposal.number, proposal.settings, PointState.RACING, recipe)
        yield from self._told(
            "Merging", proposal.number, contestant.start(self._tasks, VALIDATION, self._asked.rows or None)
        )
        return contestant

    def _leavers(self, running: Mapping[int, Contestant], bound: int, rows: int) -> list[int]:
        """The points that leave after a block. The best of the earlier batches runs beside them and stays."""
        scores = {number: contestant.scores(bound) for number, contestant in running.items()}
        if self._best is not None:
            scores[self._best.proposal.number] = self._best.scores(bound)
        race = Race(self._asked.race == "halving")
        staying = race.remaining(scores, self._objectives[0], bound, rows)
        return [number for number in running if number not in staying]

    def _leave(self, contestant: Contestant, state: PointState) -> PartialGen[None]:
        told = self._standing(contestant, state, None)
        contestant.drop()
        self._rows += contestant.asked
        self._proposals.tell(contestant.proposal, told.result.values)
        if state is PointState.FINISHED and (self._best is None or self._value(contestant) > self._value(self._best)):
            self._best = contestant
        yield told

    def _value(self, contestant: Contestant) -> float:
        return self._objectives[0].value(contestant.scores())

    def _standing(self, contestant: Contestant, state: PointState, bound: int | None) -> Partial:
        scores = contestant.scores(bound)
        values = tuple(objective.value(scores) for objective in self._objectives)
        errors = tuple(objective.error(scores) for objective in self._objectives)
        known, told = self._points[contestant.proposal.number], tuple(scores.values())
        point = replace(known, state=state, weights=contestant.weights, scores=told, values=values, errors=errors)
        self._points[point.number] = point
        return Partial(point)

    def _refused(self, proposal: Proposal, error: str) -> Partial:
        self._points[proposal.number] = Point(proposal.number, proposal.settings, PointState.REFUSED, error=error)
        self._proposals.refuse(proposal)
        return Partial(self._points[proposal.number])

    def _is_clear(self, best: Point, point: Point) -> bool:
        """Whether the rows tell a finished point from the best."""
        first, second = ({score.task: score for score in each.scores} for each in (point, best))
        return self._objectives[0].difference(first, second, Z).low > 0

    def _optimism(self, best: Point, test: Mapping[str, Score]) -> Estimate | None:
        """Validation minus test; the rows are others, so the distances to the ends add like standard errors."""
        objective: SweepObjective = self._objectives[0]
        validation = {score.task: score for score in best.scores}
        value = objective.value(validation) - objective.value(test)
        half = objective.error(validation), objective.error(test)
        width = (half[0] ** 2 + half[1] ** 2) ** 0.5
        return Estimate(value, value - width, value + width)

    def _keep_within_memory(self, running: Mapping[int, Contestant]) -> None:
        held = 0
        for contestant in running.values():
            held += contestant.nbytes
            if held > MEMORY:
                contestant.drop()

    def _told(self, stage: str, number: int, work: ProgressGen[None]) -> ProgressGen[None]:
        """The work's progress, under the number of points that are done."""
        done, total = sum(point.state is not PointState.RACING for point in self._points.values()), self._asked.points

        def among(step: Progress) -> Progress:
            return Progress(stage, done, total, f"point {number + 1}: {step.stage.lower()}", "points")

        yield from map_progress(work, among)

    @property
    def _has_race(self) -> bool:
        return self._asked.race != "none" and len(self._objectives) == 1

    @staticmethod
    def _first_block(running: Mapping[int, Contestant]) -> int:
        """Small models answer their rows in two blocks: a block costs them more than its rows."""
        contestant = next(iter(running.values()))
        return contestant.rows // 2 if contestant.is_small else FIRST

    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() > self._deadline
