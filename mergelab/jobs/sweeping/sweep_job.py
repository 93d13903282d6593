"""The job that searches for the best recipe on validation rows."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from mergelab.engine import Plan
from mergelab.evaluation.evaluate import body_of
from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.interval import Estimate, Z
from mergelab.evaluation.scores.looks import FIRST, bounds
from mergelab.evaluation.scoring import scored
from mergelab.evaluation.tasks import TaskSet
from mergelab.evaluation.tasks.own.how_to_say import HOW_TO_GIVE
from mergelab.jobs.sweeping.contestant import START, AskedRows, Contestant
from mergelab.jobs.sweeping.entrant import Entrant
from mergelab.jobs.sweeping.front_on_test import for_test
from mergelab.jobs.sweeping.known_merges import KnownMerges
from mergelab.jobs.sweeping.point_models import PointModels
from mergelab.jobs.sweeping.ray_cluster import RayCluster
from mergelab.jobs.sweeping.sweep_backend import LocalBackend, SweepBackend
from mergelab.jobs.sweeping.sweep_outcome import (
    Point,
    PointOnTest,
    PointState,
    Repeat,
    StartOnTest,
    SweepOutcome,
    pareto_front,
)
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.recipe import Recipe, RecipeError
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import Partial, PartialGen, Progress, map_progress
from mergelab.sweeps import Sweep, SweepError
from mergelab.sweeps.objective import NORMALISED, read_objective
from mergelab.sweeps.proposals import GRID, Proposal, Proposals
from mergelab.sweeps.racing import Race
from mergelab.sweeps.repeats import MeanOverSeeds, Repeats, mean_over_seeds, repeated

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

    Points are chosen on validation rows alone; the best and the sweep's recipe, or the first of a front, are scored once on all test rows
    at the end. Answers are cached, so a sweep
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
            raise SweepError(f"a sweep needs task sets to score: give one {HOW_TO_GIVE}; or use the models of a suite")
        with closing(_on_cluster(cluster, models, planned) if cluster else LocalBackend(models)) as backend:
            search = _Search(asked, models.tasks, where, backend, KnownMerges(models, planned))
            yield from search.prepare(planned)
            yield from search.run()
            return (yield from search.outcome())


def _on_cluster(cluster: RayCluster, models: PointModels, planned: Plan) -> SweepBackend:
    from mergelab.jobs.sweeping.point_worker import WorkerOrder
    from mergelab.jobs.sweeping.ray_backend import RayBackend

    return RayBackend(WorkerOrder.here(models, planned), cluster.workers)


class _Search:
    def __init__(
        self, asked: Sweep, tasks: Sequence[TaskSet], device: str, backend: SweepBackend, merges: KnownMerges
    ) -> None:
        self._asked, self._tasks, self._device, self._backend, self._merges = asked, tasks, device, backend, merges
        self._rows_asked = AskedRows(tasks, VALIDATION, asked.rows or None, device)
        self._proposals = Proposals(asked.space, asked.sampler, asked.seed, len(asked.objectives))
        self._points: dict[int, Point] = {}
        self._by_digest: dict[str, int] = {}
        self._again: dict[int, list[Proposal]] = defaultdict(list)
        self._best: Entrant | None = None
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
        self._objectives = [MeanOverSeeds(read_objective(name, metrics, references)) for name in self._asked.objectives]

    def run(self) -> PartialGen[None]:
        """Race batch after batch. One point begins however little time there is."""
        batch = self._asked.points if self._asked.sampler == GRID else BATCH
        while (left := self._asked.points - len(self._points)) > 0 and not (self._points and self._is_late()):
            proposed = self._proposals.ask(min(batch, left))
            if not proposed:
                return
            yield from self._race(proposed)

    def outcome(self) -> PartialGen[SweepOutcome]:
        """The result; the best point and the start are scored on test rows, which no choice has looked at. What was found stays if
        there are no such rows."""
        points = tuple(self._points[number] for number in sorted(self._points))
        finished = [point for point in points if point.state is PointState.FINISHED]
        if len(self._objectives) > 1:
            return (yield from self._with_front(points, finished))
        if self._best is None:
            return SweepOutcome(points, (), rows=self._rows)
        best = self._points[self._best.proposal.number]
        alike = tuple(
            each.number for each in points if each.scores and each is not best and not self._is_clear(best, each)
        )
        try:
            test = yield from self._on_test(self._best.proposal, self._best.recipe, "Scoring the best on test rows")
        except ValueError as error:
            return SweepOutcome(points, (best.number,), alike, rows=self._rows, test_problem=str(error))
        start, problem = yield from self._start_on_test(self._best, test)
        optimism = self._optimism(self._objectives[0], best, test)
        return SweepOutcome(points, (best.number,), alike, _means(test), optimism, self._rows, start, problem)

    def _with_front(self, points: tuple[Point, ...], finished: Sequence[Point]) -> PartialGen[SweepOutcome]:
        """The front, with its first recipes on test rows, each asked once. What was found stays if there are no such rows."""
        numbers, found, problem, lack = pareto_front(finished), list[tuple[PointOnTest, Repeats]](), "", ""
        chosen, left_out = for_test([point for point in finished if point.number in numbers])
        try:
            for point in chosen:
                found.append((yield from self._point_on_test(point)))
        except ValueError as error:
            problem = str(error)
        front = [each for each, _ in found]
        if found:
            front, lack = yield from self._beside_start(found)
        left = tuple(point.number for point in left_out)
        return SweepOutcome(
            points,
            numbers,
            rows=self._rows,
            front=tuple(front),
            left_out=left,
            test_problem=problem,
            start_problem=lack,
        )

    def _beside_start(self, found: Sequence[tuple[PointOnTest, Repeats]]) -> PartialGen[tuple[list[PointOnTest], str]]:
        """The points of the front beside the recipe that the sweep started from, or why that has no scores."""
        start = Recipe.from_mapping(self._asked.space.recipe)
        own = next((test for each, test in found if self._is_recipe_of(each.number, start)), None)
        try:
            own = own or (yield from self._on_test(Proposal(START, {}), start, "Scoring the start on test rows"))
        except ValueError as error:
            return [each for each, _ in found], str(error)

        def beside(each: PointOnTest, test: Repeats) -> PointOnTest:
            if self._is_recipe_of(each.number, start):
                return replace(each, is_start=True)
            gains = tuple(objective.difference(own, test, Z) for objective in self._objectives)
            return replace(each, gains=gains)

        return [beside(each, test) for each, test in found], ""

    def _is_recipe_of(self, number: int, recipe: Recipe) -> bool:
        tried = self._points[number].recipe
        return tried is not None and tried.digest() == recipe.digest()

    def _point_on_test(self, point: Point) -> PartialGen[tuple[PointOnTest, Repeats]]:
        assert point.recipe, "a point that has finished has a recipe"
        proposal = Proposal(point.number, point.settings)
        test = yield from self._on_test(proposal, point.recipe, "Scoring the front on test rows")
        values = tuple(objective.value(test) for objective in self._objectives)
        optimism = tuple(self._optimism(objective, point, test) for objective in self._objectives)
        return PointOnTest(point.number, _means(test), values, optimism), test

    def _on_test(self, proposal: Proposal, recipe: Recipe, told: str) -> PartialGen[Repeats]:
        """The scores on all test rows. Only those are asked that these weights have not answered before."""
        held_out = self._entrant(proposal, recipe, AskedRows(self._tasks, TEST, None, self._device))
        asked = held_out.contestants
        yield from self._told(told, self._backend.start(_not_recalled(asked)))
        yield from self._told(told, self._backend.answer(asked, held_out.rows))
        for contestant in asked:
            self._backend.drop(contestant)
        self._rows += held_out.asked
        return held_out.scores()

    def _start_on_test(self, best: Entrant, test: Repeats) -> PartialGen[tuple[StartOnTest | None, str]]:
        """The recipe that the sweep started from beside the best, or why it has no scores: what varies may be what it lacks."""
        recipe, objective = Recipe.from_mapping(self._asked.space.recipe), self._objectives[0]
        value = objective.value(test)
        if recipe.digest() == best.recipe.digest():
            return StartOnTest(value, value, None), ""
        try:
            own = yield from self._on_test(Proposal(START, {}), recipe, "Scoring the start on test rows")
        except ValueError as error:
            return None, str(error)
        return StartOnTest(objective.value(own), value, objective.difference(own, test, Z)), ""

    def _race(self, proposed: Sequence[Proposal]) -> PartialGen[None]:
        """Let points answer growing blocks of the same rows; the best of the earlier ones takes part."""
        entering, running = list[Entrant](), dict[int, Entrant]()
        for proposal in proposed:
            yield from self._admitted(proposal, entering)
        yield from self._told("Merging", self._backend.start(_not_recalled(self._entered(entering, running))))
        if not running:
            return
        rows = max(each.rows for each in running.values())
        for bound in bounds(rows, self._first_block(running)) if self._has_race else [rows]:
            known, total = len(self._points), self._asked.points
            told = "Scoring" if known == total else f"Scoring {known} of {total} points"
            asked = [contestant for entrant in running.values() for contestant in entrant.contestants]
            standing = {entrant.contestants[-1]: entrant for entrant in running.values()}
            yield from self._told(told, self._backend.answer(asked, bound), bound, standing, bound == rows)
            for number in self._leavers(running, bound, rows) if bound < rows else []:
                yield from self._leave(running.pop(number), PointState.OUT)
        for entrant in running.values():
            yield from self._leave(entrant, PointState.FINISHED)

    def _admitted(self, proposal: Proposal, entering: list[Entrant]) -> Iterator[Partial]:
        """A proposal that cannot be merged is refused, one that was there before is worth what it was then, others enter."""
        try:
            recipe = self._asked.space.recipe_at(proposal.settings)
        except RecipeError as error:
            yield self._refused(proposal, str(error))
            return
        earlier = self._by_digest.setdefault(recipe.digest(), proposal.number)
        if earlier == proposal.number:
            entering.append(self._entrant(proposal, recipe, self._rows_asked))
        elif earlier in self._points:
            yield self._repeated(proposal, self._points[earlier])
        else:
            self._again[earlier].append(proposal)

    def _entrant(self, proposal: Proposal, recipe: Recipe, asked: AskedRows) -> Entrant:
        recipes = repeated(recipe, self._asked.repeats)
        return Entrant(proposal, [Contestant(proposal, each, asked, self._merges) for each in recipes])

    def _entered(self, entering: Iterable[Entrant], running: dict[int, Entrant]) -> Iterator[Contestant]:
        """The contestants of points as these begin; none but the first does after the time is over."""
        for entrant in entering:
            if running and self._is_late():
                return
            number = entrant.proposal.number
            running[number] = entrant
            self._points[number] = Point(number, entrant.proposal.settings, PointState.RACING, entrant.recipe)
            yield from entrant.contestants

    def _leavers(self, running: Mapping[int, Entrant], bound: int, rows: int) -> list[int]:
        """The points that leave after a block. The best of the earlier batches runs beside them and stays."""
        scores = {number: entrant.scores(bound) for number, entrant in running.items()}
        if self._best is not None:
            scores[self._best.proposal.number] = self._best.scores(bound)
        race = Race(self._asked.race == "halving")
        staying = race.remaining(scores, self._objectives[0], bound, rows)
        return [number for number in running if number not in staying]

    def _leave(self, entrant: Entrant, state: PointState) -> PartialGen[None]:
        told = self._standing(entrant, state, None)
        for contestant in entrant.contestants:
            self._backend.drop(contestant)
        self._rows += entrant.asked
        self._proposals.tell(entrant.proposal, told.result.values)
        if state is PointState.FINISHED and (self._best is None or self._value(entrant) > self._value(self._best)):
            self._best = entrant
        yield told
        for proposal in self._again.pop(entrant.proposal.number, []):
            yield self._repeated(proposal, told.result)

    def _value(self, entrant: Entrant) -> float:
        return self._objectives[0].value(entrant.scores())

    def _standing(self, entrant: Entrant, state: PointState, bound: int | None) -> Partial:
        scores = entrant.scores(bound)
        point = replace(
            self._points[entrant.proposal.number],
            state=state,
            weights=entrant.contestants[0].weights,
            scores=_means(scores),
            values=tuple(objective.value(scores) for objective in self._objectives),
            errors=tuple(objective.error(scores) for objective in self._objectives),
            repeats=self._repeats(entrant, scores) if len(scores) > 1 else (),
        )
        self._points[point.number] = point
        return Partial(point)

    def _repeats(self, entrant: Entrant, scores: Repeats) -> tuple[Repeat, ...]:
        return tuple(
            Repeat(each.recipe, each.weights, tuple(own.values()), tuple(o.of.value(own) for o in self._objectives))
            for each, own in zip(entrant.contestants, scores, strict=True)
        )

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
        """Whether the rows that a point has answered tell it from the best."""
        return self._objectives[0].difference(point.by_seed, best.by_seed, Z).low > 0

    @staticmethod
    def _optimism(objective: MeanOverSeeds, point: Point, test: Repeats) -> Estimate:
        """Validation minus test; the rows are others, so the distances to the ends add like standard errors."""
        validation = point.by_seed
        value = objective.value(validation) - objective.value(test)
        half = objective.error(validation), objective.error(test)
        width = (half[0] ** 2 + half[1] ** 2) ** 0.5
        return Estimate(value, value - width, value + width)

    def _told(
        self,
        stage: str,
        work: Generator[Progress | Contestant, None, None],
        bound: int | None = None,
        standing: Mapping[Contestant, Entrant] = MappingProxyType({}),
        is_last: bool = False,
    ) -> PartialGen[None]:
        """The work's progress under the number of points that are done, and the standing on `bound` rows of those whose last contestant
        has answered; with `is_last` they have finished then, and what remembers points need not wait for the others."""
        done, total = sum(point.state is not PointState.RACING for point in self._points.values()), self._asked.points

        def among(step: Progress | Contestant) -> Progress | Partial | None:
            nonlocal done
            if isinstance(step, Progress):
                return Progress(stage, done, total, step.detail, "points")
            entrant = standing.get(step)
            if entrant is None:
                return None
            done += is_last
            return self._standing(entrant, PointState.FINISHED if is_last else PointState.RACING, bound)

        told: PartialGen[None] = map_progress(work, among)
        yield from told

    @property
    def _has_race(self) -> bool:
        return self._asked.race != "none" and len(self._objectives) == 1

    @staticmethod
    def _first_block(running: Mapping[int, Entrant]) -> int:
        """Small models answer their rows in two blocks: a block costs them more than its rows."""
        entrant = next(iter(running.values()))
        return entrant.rows // 2 if entrant.is_small else FIRST

    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() > self._deadline


def _not_recalled(contestants: Iterable[Contestant]) -> Iterator[Contestant]:
    """Those that have to be merged before it is known what they have answered."""
    return (contestant for contestant in contestants if not contestant.recall())


def _means(scores: Repeats) -> tuple[Score, ...]:
    """The scores of a point: of each task the mean over the seeds."""
    return tuple(mean_over_seeds([own[task] for own in scores]) for task in scores[0])
