"""The work behind a form: its sketch, its merge and its scores, from the cache if possible."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from mergelab.analysis.preview import Preview, preview
from mergelab.analysis.sketch import Sketch, sketch_needs
from mergelab.checkpoints import list_suites
from mergelab.evaluation.small_models import is_small
from mergelab.evaluation.tasks import TaskSet, suite_tasks
from mergelab.evaluation.tasks.own import GivenTask
from mergelab.jobs.recording.run_facts import recipe_request
from mergelab.jobs.recording.run_history import history_of
from mergelab.jobs.stack_job import StackFacts
from mergelab.jobs.workbench import AdapterArchive, MergeScores, Run
from mergelab.recipe import RecipeError
from mergelab.runs import RunKind, RunRequest, RunState
from mergelab.runtime.progress import Partial, map_progress
from mergelab.ui.form.form import Form, Models
from mergelab.ui.form.recipe_name import recipe_name
from mergelab.ui.messages import Status
from mergelab.ui.session.job_cache import JobCache, Stopper
from mergelab.ui.session.remembering.recorded_merge import recorded_merge
from mergelab.ui.session.render.scores_by_model import TaskFace
from mergelab.ui.session.score_tables import faces
from mergelab.ui.session.status import Stopwatch
from mergelab.ui.session.update import Update

if TYPE_CHECKING:
    from mergelab.analysis.static import InspectionReport


@dataclass(frozen=True)
class MergeService:
    """One visitor's requests to the job cache. `stopper` is their Stop button; `visit` is the group of the runs that are remembered
    of it, and nothing is without. Methods raise ValueError if a form is no valid recipe."""

    job_cache: JobCache
    stopper: Stopper
    models_dir: str | None = None
    visit: str = ""

    def known_sketch(self, form: Form) -> Sketch | None:
        """The sketch of a form, if it is in the cache."""
        return self.job_cache.sketches.get(sketch_key(form))

    def known_run(self, form: Form, split: str = "validation") -> Run | None:
        """The merge of a form with its scores on a split, if it is in the cache."""
        return self.job_cache.runs.get(_run_key(form, split))

    def run_number(self, form: Form) -> int:
        """The number of the newest run of a form's recipe that is done and remembered; 0 for none."""
        store = self.job_cache.run_memory.store() if self.visit and not form.is_stack else None
        found = store.runs(digest=form.recipe().digest(), states=[RunState.DONE], limit=1) if store else []
        return found[0].id if found else 0

    def known_facts(self, form: Form) -> StackFacts | None:
        """What headers tell about the stack of a form, if it is in the cache."""
        return self.job_cache.stacks.get(_stack_key(form))

    def figures(self, form: Form, sketch: Sketch) -> Preview:
        """The most exact figures known: counted if the form was merged, else read from its sketch."""
        run = self.known_run(form)
        return run.preview if run and run.preview.label == "exact" else preview(sketch, form.recipe())

    def is_scored(self, form: Form) -> bool:
        """Whether the scores of a form are in the cache. False for an invalid recipe."""
        try:
            return self.known_run(form) is not None
        except ValueError:
            return False  # the preview of the same form gives the reason

    def follows_live(self, form: Form) -> bool:
        """Whether new scores follow every change: the person wants them, and the models are small. False for an invalid recipe."""
        try:
            sketch = self.known_sketch(form)
        except ValueError:
            return False  # the preview of the same form gives the reason
        return (
            form.live
            and not form.blocked_reason
            and not self.rests(form)
            and sketch is not None
            and is_small(int(sketch.entries.sum()))
        )

    def rest(self, form: Form) -> None:
        """From now on nothing begins by itself for this form, until `resume` or another recipe."""
        self.stopper.rest(_rest_key(form))

    def rests(self, form: Form) -> bool:
        """Whether the person stopped the work for this form, or it failed. Raises ValueError for an invalid recipe."""
        return self.stopper.rests(_rest_key(form))

    def resume(self) -> None:
        """Work may begin by itself again."""
        self.stopper.rest(None)

    def tasks(self, form: Form) -> dict[str, TaskFace]:
        """The tasks of the chosen experts: a suite's, or the person's own."""
        if form.models.tasks:
            base = form.models.base
            return {
                task.name: TaskFace(task.title, "" if task.head == base else task.head, task.metric)
                for task in _own_tasks(form)
            }
        suites = list_suites()
        if form.models.base not in suites:
            return {}
        return {name: face for name, face in faces(suites[form.models.base]).items() if face.expert in form.chosen}

    def task_sets(self, form: Form) -> dict[str, TaskSet]:
        """The task sets behind `tasks`, by name."""
        if form.models.tasks:
            return {task.name: task for task in _own_tasks(form)}
        known = suite_tasks(form.models.base) if form.models.base in list_suites() else {}
        return {name: known[name] for name in self.tasks(form)}

    def read_tasks(self, models: Models) -> Generator[Update, None, tuple[TaskSet, ...]]:
        """The task sets that a person gave beside these models, with every row checked. Raises ValueError with the problems."""
        steps = self.job_cache.follow(
            Stopwatch("Reading the task sets", "loading"),
            self.stopper,
            "read_tasks",
            base=models.base,
            experts=list(models.titles),
            task_files=list(models.task_files),
            models_dir=self.models_dir,
        )
        found: list[TaskSet] = yield from map_progress(steps, _as_update)
        return tuple(found)

    def sketch(self, form: Form) -> Generator[Update, None, Sketch]:
        """The sketch of a form. Reads the models if nobody has yet."""
        found = self.known_sketch(form)
        if found is not None:
            return found
        watch = Stopwatch("Reading the models", "loading")
        steps = self.job_cache.once(
            self.job_cache.sketches, sketch_key(form), watch, self.stopper, "sketch", **self._models(form)
        )
        return (yield from map_progress(steps, _as_update))

    def facts(self, form: Form) -> Generator[Update, None, StackFacts]:
        """What headers tell about the stack of a form. Raises ValueError with the reasons why it cannot be built."""
        found = self.known_facts(form)
        if found is not None:
            return found
        recipe, watch = form.stack().to_mapping(), Stopwatch("Reading the models’ headers", "loading")
        steps = self.job_cache.once(
            self.job_cache.stacks,
            _stack_key(form),
            watch,
            self.stopper,
            "stack_facts",
            recipe=recipe,
            models_dir=self.models_dir,
        )
        return (yield from map_progress(steps, _as_update))

    def merge(
        self,
        form: Form,
        split: str,
        watch: Stopwatch,
        stopper: Stopper,
        on_scored: Callable[[MergeScores], Update | None] = lambda _: None,
        live: bool = False,
    ) -> Generator[Update, None, Run]:
        """Merge a form and score it on a split. `on_scored` tells what to show when scores have come in.

        Unless `live`, somebody has asked for it: a language model is then asked calibration rows for its health, and a merge
        that fails is remembered too. A live one that the next turn of a knob ends leaves nothing.

        Raises RecipeError if the form can only be previewed here.
        """
        key, rows = _run_key(form, split), form.rows if split == "validation" else None
        _refuse(form)
        steps = self.job_cache.once_in_parts(
            self.job_cache.runs,
            key,
            watch,
            stopper,
            "merge",
            partial(self._remembered, form, split, live),
            **self._tasks(form),
            split=split,
            rows=rows,
            asks=not live,
            hashed=bool(self.visit),
            **self._models(form),
        )

        def shown(step: Status | Partial) -> Update | None:
            return on_scored(step.result) if isinstance(step, Partial) else _as_update(step)

        return (yield from map_progress(steps, shown))

    def _remembered(
        self, form: Form, split: str, live: bool, job: Generator[Status | Partial, None, Run]
    ) -> Generator[Status | Partial, None, Run]:
        """The merge, which then knows its number."""
        if not self.visit:
            return (yield from job)
        kind = RunKind.EVALUATION if self.tasks(form) else RunKind.MERGE
        name = recipe_name(form.recipe(), form.models.titles)

        def request() -> RunRequest:
            return recipe_request(kind, name, form.recipe(), form.device, split, self.visit)

        return (yield from recorded_merge(self.job_cache.run_memory, request, job, only_done=live))

    def asked(self, form: Form, run: Run, watch: Stopwatch) -> Generator[Update, None, Run]:
        """The run of a form, whose language model is now asked calibration rows for its health."""
        steps = self.job(form, watch, self.stopper, "health")
        found = yield from map_progress(steps, lambda step: _as_update(step) if isinstance(step, Status) else None)
        return self.job_cache.runs.put(_run_key(form, run.split), replace(run, health=found))

    def save(self, form: Form, out: str) -> Generator[Update, None, str]:
        """Write the merged model to the folder `out` and pack it. Returns the path of the archive. Raises RecipeError as `merge`
        does."""
        models = self._models(form)
        _refuse(form)
        watch = Stopwatch("Writing the stack" if form.is_stack else "Writing the merged model")
        files = {} if form.is_stack else task_files_of(form)
        store = self.job_cache.run_memory.store() if self.visit else None
        history = history_of(store, form.written().digest()) if store else ()
        given = {**models, **files, "history": history}
        steps = self.job_cache.follow(watch, self.stopper, "save", out=out, archive=True, **given)
        return str((yield from map_progress(steps, _as_update)))

    def adapter(self, form: Form, out: str, rank: int) -> Generator[Update, None, AdapterArchive]:
        """Write a LoRA adapter of the merged model to the folder `out` and pack it. Raises RecipeError as `merge` does."""
        models = self._models(form)
        _refuse(form)
        watch = Stopwatch("Extracting a LoRA adapter")
        steps = self.job_cache.follow(
            watch, self.stopper, "save_adapter", out=out, rank=rank, **models, **task_files_of(form)
        )
        found: AdapterArchive = yield from map_progress(steps, _as_update)
        return found

    def inspection(self, form: Form) -> Generator[Update, None, InspectionReport]:
        """Everything about the form's models and recipe that needs no merge."""
        steps = self.job_cache.follow(
            Stopwatch("Inspecting the models"),
            self.stopper,
            "inspection_report",
            **self._models(form),
            **task_files_of(form),
        )
        found: InspectionReport = yield from map_progress(steps, _as_update)
        return found

    def _tasks(self, form: Form) -> dict[str, Any]:
        return task_files_of(form) or {"tasks": list(self.tasks(form))}

    def job(
        self, form: Form, watch: Stopwatch, stopper: Stopper, function: str, /, **arguments: Any
    ) -> Generator[Status | Partial, None, Any]:
        """Run a function of the workbench on the form's recipe and own task sets, with its partial results.

        Raises RecipeError as `merge` does.
        """
        _refuse(form)
        given = {**self._models(form), **task_files_of(form), **arguments}
        return (yield from self.job_cache.follow_in_parts(watch, stopper, function, **given))

    def _models(self, form: Form) -> dict[str, Any]:
        return {"recipe": form.written().to_mapping(), "device": form.device, "models_dir": self.models_dir}


def _given_tasks(form: Form) -> list[tuple[GivenTask, TaskSet]]:
    """The person's own task sets that the base or a chosen expert answers, each with what was given."""
    pairs = zip(form.models.task_files, form.models.tasks, strict=True)
    return [(given, task) for given, task in pairs if task.head in (form.models.base, *form.chosen)]


def _own_tasks(form: Form) -> list[TaskSet]:
    """The same without what was given."""
    return [task for _, task in _given_tasks(form)]


def task_files_of(form: Form) -> dict[str, Any]:
    """The person's own task sets as jobs take them, each with the expert that answers it."""
    files = [_pinned(given, task, form.models.base) for given, task in _given_tasks(form)]
    return {"task_files": files} if files else {}


def sketch_key(form: Form) -> tuple[str, int]:
    """Everything that a form's sketch depends on. Models that were read again count as different."""
    return sketch_needs(form.recipe()), form.models.edition


def _pinned(given: GivenTask, task: TaskSet, base: str) -> GivenTask:
    """The same task set, whichever models a merge has: from the same expert, and from the same commit of the Hub."""
    expert = "" if task.head == base else task.head
    is_hub = re.split("[@#]", task.origin)[0] == re.split("[@#]", given.reference)[0]
    return replace(given, expert=expert, reference=task.origin if is_hub else given.reference)


def _rest_key(form: Form) -> tuple[Any, ...]:
    """What begins nothing by itself after Stop: a recipe, or a stack."""
    return form.written().digest(), form.device, form.rows, form.models.edition


def _run_key(form: Form, split: str) -> tuple[str, str, str, int | None, int]:
    return form.recipe().digest(), split, form.device, form.rows, form.models.edition


def _stack_key(form: Form) -> tuple[str, int]:
    return form.stack().digest(), form.models.edition


def _refuse(form: Form) -> None:
    if form.blocked_reason:
        raise RecipeError(form.blocked_reason)


def _as_update(status: Status) -> Update:
    return Update(status=status)
