"""The job that searches for the best recipe on validation rows."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from typing import Any

from mergelab.engine import Plan
from mergelab.evaluation.evaluate import body_of
from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.interval import Estimate, Z
from mergelab.evaluation.scores.looks import FIRST, bounds
from mergelab.evaluation.scoring import scored
from mergelab.evaluation.tasks import TaskSet
from mergelab.jobs.sweeping.contestant import AskedRows, Contestant
from mergelab.jobs.sweeping.point_models import PointModels
from mergelab.jobs.sweeping.ray_cluster import RayCluster
from mergelab.jobs.sweeping.sweep_backend import LocalBackend, SweepBackend
from mergelab.jobs.sweeping.sweep_outcome import Point, PointState, SweepOutcome, pareto_front
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.recipe import Recipe, RecipeError
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import Partial, PartialGen, Progress, map_progress
from mergelab.sweeps import Sweep, SweepError
from mergelab.sweeps.objective import NORMALISED, SweepObjective, read_objective
from mergelab.sweeps.proposals import GRID, Proposal, Proposals
from mergelab.sweeps.racing import Race

VALIDATION, TEST = "validation", "test"
BATCH = 4
"""Points that a sampler proposes at once, before it knows what they are worth. They race each other and the best so far."""


def sweep(
    given: Mapping[str, Any],
    device: str = "auto",
    models_dir: str | None = None,
    task_files: Sequence[str] = (),
    head: str | None = None,
    cluster: RayCluster | None = None,
) -> PartialGen[SweepOutcome]:
    """Search by the sweep's mapping. Yields each `Point` as a `Partial` result whenever its standing changes.

    Points are chosen on validation rows alone; the best is scored once on all test rows at the end. Answers are cached, so a sweep
    that is run again asks only what is new. With `cluster`, its workers merge and ask the points, with the same result. Raises
    `SweepError` if there is no task to score, or if the cluster cannot be used.
    """
    asked, where = Sweep.from_mapping(given), resolve(device)
    recipe = Recipe.from_mapping(asked.space.recipe)
    own = TaskFiles.of(task_files, recipe, head, models_dir)
    models = PointModels(own, asked.tasks, where)
    with cluster.joined() if cluster else nullcontext():
        planned = yield from models.open(recipe)
        if not models.tasks:
            raise SweepError("a sweep needs task sets to score: give one with --task, or use the models of a suite")
        with closing(_on_cluster(cluster, models, planned) if cluster else LocalBackend(models)) as backend:
            search = _Search(asked, models.tasks, where, backend)
            yield from search.prepare(planned)
            yield from search.run()
            return (yield from search.outcome())


def _on_cluster(cluster: RayCluster, models: PointModels, planned: Plan) -> SweepBackend:
    from mergelab.jobs.sweeping.point_worker import WorkerOrder
    from mergelab.jobs.sweeping.ray_backend import RayBackend

    return RayBackend(WorkerOrder.here(models, planned), cluster.workers)


class _Search:
    def __init__(self, asked: Sweep, tasks: Sequence[TaskSet], device: str, backend: SweepBackend) -> None:
        self._asked, self._tasks, self._device, self._backend = asked, tasks, device, backend
        self._rows_asked = AskedRows(tasks, VALIDATION, asked.rows or None, device)
        self._proposals = Proposals(asked.space, asked.sampler, asked.seed, len(asked.objectives))
        self._points: dict[int, Point] = {}
        self._by_digest: dict[str, int] = {}
        self._repeats: dict[int, list[Proposal]] = defaultdict(list)
        self._best: Contestant | None = None
        self._deadline = time.monotonic() + 60 * asked.minutes if asked.minutes else None
        self._rows = 0

    def prepare(self, planned: Plan) -> PartialGen[None]:
        """Find the objectives."""
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
        test_rows = AskedRows(self._tasks, TEST, None, self._device)
        held_out = Contestant(self._best.proposal, self._best.recipe, test_rows)
        yield from self._told("Scoring the best on test rows", self._backend.start([held_out]))
        yield from self._told("Scoring the best on test rows", self._backend.answer([held_out], held_out.rows))
        test = held_out.scores()
        self._rows += held_out.asked
        alike = tuple(point.number for point in finished if point is not best and not self._is_clear(best, point))
        return SweepOutcome(points, (best.number,), alike, tuple(test.values()), self._optimism(best, test), self._rows)

    def _race(self, proposed: Sequence[Proposal]) -> PartialGen[None]:
        """Let points answer growing blocks of the same rows; the best of the earlier ones takes part."""
        entering, running = list[Contestant](), dict[int, Contestant]()
        for proposal in proposed:
            yield from self._admitted(proposal, entering)
        yield from self._told("Merging", self._backend.start(self._entered(entering, running)))
        if not running:
            return
        rows = max(each.rows for each in running.values())
        for bound in bounds(rows, self._first_block(running)) if self._has_race else [rows]:
            told = f"Scoring {len(self._points)} of {self._asked.points} points"
            yield from self._told(told, self._backend.answer([*running.values()], bound), bound)
            for number in self._leavers(running, bound, rows) if bound < rows else []:
                yield from self._leave(running.pop(number), PointState.OUT)
        for contestant in running.values():
            yield from self._leave(contestant, PointState.FINISHED)

    def _admitted(self, proposal: Proposal, entering: list[Contestant]) -> Iterator[Partial]:
        """A proposal that cannot be merged is refused, one that was there before is worth what it was then, others enter."""
        try:
            recipe = self._asked.space.recipe_at(proposal.settings)
        except RecipeError as error:
            yield self._refused(proposal, str(error))
            return
        earlier = self._by_digest.setdefault(recipe.digest(), proposal.number)
        if earlier == proposal.number:
            entering.append(Contestant(proposal, recipe, self._rows_asked))
        elif earlier in self._points:
            yield self._repeated(proposal, self._points[earlier])
        else:
            self._repeats[earlier].append(proposal)

    def _entered(self, entering: Iterable[Contestant], running: dict[int, Contestant]) -> Iterator[Contestant]:
        """Contestants as they begin; none but the first does after the time is over."""
        for contestant in entering:
            if running and self._is_late():
                return
            number = contestant.proposal.number
            running[number] = contestant
            self._points[number] = Point(number, contestant.proposal.settings, PointState.RACING, contestant.recipe)
            yield contestant

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
        self._backend.drop(contestant)
        self._rows += contestant.asked
        self._proposals.tell(contestant.proposal, told.result.values)
        if state is PointState.FINISHED and (self._best is None or self._value(contestant) > self._value(self._best)):
            self._best = contestant
        yield told
        for proposal in self._repeats.pop(contestant.proposal.number, []):
            yield self._repeated(proposal, told.result)

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

    def _repeated(self, proposal: Proposal, earlier: Point) -> Partial:
        point = replace(earlier, number=proposal.number, settings=proposal.settings)
        self._points[proposal.number] = point
        self._proposals.tell(proposal, point.values)
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

    def _told(
        self, stage: str, work: Generator[Progress | Contestant, None, None], bound: int | None = None
    ) -> PartialGen[None]:
        """The work's progress under the number of points that are done, and the standing of points that have answered."""
        done, total = sum(point.state is not PointState.RACING for point in self._points.values()), self._asked.points

        def among(step: Progress | Contestant) -> Progress | Partial | None:
            if isinstance(step, Progress):
                return Progress(stage, done, total, step.detail, "points")
            return None if bound is None else self._standing(step, PointState.RACING, bound)

        told: PartialGen[None] = map_progress(work, among)
        yield from told

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
