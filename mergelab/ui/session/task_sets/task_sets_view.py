"""The Task sets tab: what one visitor gives, corrects and keeps, and the look at all of it that follows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mergelab.evaluation.tasks import TaskError
from mergelab.evaluation.tasks.own import GivenTask, Said
from mergelab.evaluation.tasks.own.task_look import TaskLook
from mergelab.jobs.workbench import TaskLooks
from mergelab.runtime.progress import map_progress
from mergelab.ui.form.form import Models, lines_of
from mergelab.ui.form.labels import counted
from mergelab.ui.messages import TaskCorrection, TaskSets
from mergelab.ui.session.job_cache import JobCache, Stopper
from mergelab.ui.session.model_sources import ModelSources
from mergelab.ui.session.status import Stopwatch
from mergelab.ui.session.task_sets.kept_tasks import keep_task
from mergelab.ui.session.task_sets.rendered_tasks import render_task_sets
from mergelab.ui.session.task_sets.task_list import ListedTask, SeenModels, TaskList
from mergelab.ui.session.task_sets.uploads import UploadedFile, Uploads
from mergelab.ui.session.update import Update

MOST_TOLD = 3
"""How many problems of one task set the status strip tells; its tab has the others."""


@dataclass(frozen=True)
class TypedModels:
    """What the fields of the sidebar hold: the base, and one expert or task set per line. `linked` is what a link says of each
    task set, by its line; None without a link, so that what was corrected on the page counts."""

    base: str
    experts: str
    tasks: str = ""
    linked: Mapping[str, Said] | None = None

    @property
    def names(self) -> list[str]:
        """The experts."""
        return lines_of(self.experts)

    @property
    def lines(self) -> list[str]:
        """The task sets that are given by path."""
        return lines_of(self.tasks)


Looking = Generator[Update, None, None]


@dataclass
class TaskSetsView:
    """`listed` are the task sets of one visitor, `uploads` the files of those that were uploaded. `remark` is what the last look
    says about all of them, and `asked` when the person last gave some."""

    job_cache: JobCache
    stopper: Stopper
    sources: ModelSources
    models_dir: str | None = None
    listed: TaskList = field(default_factory=TaskList)
    uploads: Uploads = field(default_factory=Uploads)
    remark: str = ""
    asked: float = 0.0
    _looks: int = 0
    _under_way: int = 0
    _told: tuple[TypedModels, tuple[str, ...]] = (TypedModels("", ""), ())
    _lock: Any = field(default_factory=threading.RLock, repr=False)

    def upload(self, files: Sequence[UploadedFile], typed: TypedModels) -> Looking:
        """List uploaded files, and look at all task sets."""
        self.asked = time.monotonic()
        yield from self._after(lambda: self.listed.add(self.uploads.take(files)), typed)

    def look(self, typed: TypedModels) -> Looking:
        """List what was typed, and look at all task sets."""
        self.asked = time.monotonic()
        yield from self._after(lambda: None, typed, anew=True)

    def correct(self, correction: TaskCorrection, typed: TypedModels) -> Looking:
        """Take what the person says of a task set."""
        yield from self._after(lambda: self._correct(correction), typed)

    def remove(self, key: int, typed: TypedModels) -> Looking:
        """Take a task set off the list. The files of an upload go with it, unless models were loaded with them."""
        task = self.listed.find(key)
        self.listed.remove(key)
        if task and task.uploaded and not self._in_use(task.given):
            self.uploads.forget(task.given)
        yield from self._after(lambda: None, replace(typed, tasks="\n".join(self.listed.lines)))

    def keep(self, key: int, typed: TypedModels) -> Looking:
        """Keep an uploaded task set in the models folder, if there is one."""
        yield from self._after(lambda: self._keep(key), typed)

    def checked(self, typed: TypedModels) -> Generator[Update, None, tuple[GivenTask, ...]]:
        """The task sets as jobs take them. Raises `TaskError` if one of them has problems: nothing is scored with it."""
        self.listed.follow_lines(typed.lines, typed.names, typed.linked)
        if self.listed.tasks:
            yield from self._look(typed, anew=True)
        unclear = [task for task in self.listed.tasks if not task.look or not task.look.is_clear]
        if unclear:
            self.asked = time.monotonic()
            raise TaskError(*(line for task in unclear for line in self._problems_of(task)))
        return tuple(task.corrected for task in self.listed.tasks)

    def message(self, typed: TypedModels, problems: Sequence[str] = ()) -> TaskSets:
        """The list for the page."""
        heads = {name: Path(name).name or name for name in (typed.base.strip(), *typed.names) if name}
        shown = render_task_sets(self.listed.tasks, heads, self._loaded, self.uploads)
        told = [self.uploads.plain(problem) for problem in problems]
        return replace(
            shown,
            remark=self.remark if self.listed.tasks else "",
            problems=told,
            keeps=bool(self.models_dir),
            asked=self.asked,
        )

    def _after(self, change: Callable[[], None], typed: TypedModels, anew: bool = False) -> Looking:
        """Change the list, and look at what is new, or at all of it `anew`. What cannot be done is told beside the list."""
        self._told = typed, ()
        try:
            with self._lock:
                self.listed.follow_lines(typed.lines, typed.names)
                change()
        except TaskError as error:
            self._told = typed, error.problems
        yield from self._look(typed, anew)
        yield Update(task_sets=self.latest)

    @property
    def latest(self) -> TaskSets | None:
        """The list as the last event left it; None while it is being looked at: lists on the page are then ahead of it."""
        return None if self._under_way else self.message(*self._told)

    def _look(self, typed: TypedModels, anew: bool = False) -> Looking:
        """Look at the task sets that were not seen as they are, or at all `anew`. Of two looks at once, the later one counts."""
        models = (typed.base.strip(), tuple(typed.names))
        with self._lock:
            self._looks += 1
            number, tasks = self._looks, [each for each in self.listed.tasks if anew or not each.is_seen(models)]
        if not tasks:
            return
        steps = self.job_cache.follow(
            Stopwatch("Reading the task sets", "loading"),
            self.stopper,
            "look_at_tasks",
            task_files=[task.corrected for task in tasks],
            base=models[0],
            experts=typed.names,
            models_dir=self.models_dir,
        )
        with self._reading():
            found: TaskLooks = yield from map_progress(steps, lambda status: Update(status=status))
        with self._lock:
            if number == self._looks:
                self.remark = found.remark
                for task, look in zip(tasks, found.looks, strict=True):
                    self._see(task, look, models)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock:
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1

    def _see(self, task: ListedTask, look: TaskLook, beside: SeenModels) -> None:
        """Note what was seen, unless the task set was corrected or removed meanwhile."""
        now = self.listed.find(task.key)
        if now and now.corrected == task.corrected:
            self.listed.replace(now.seen(look, beside))

    def _correct(self, correction: TaskCorrection) -> None:
        task = self.listed.find(correction.key)
        if task:
            self.listed.replace(replace(task, correction=correction))

    def _keep(self, key: int) -> None:
        task = self.listed.find(key)
        if not task or not task.uploaded or not task.look or not self.models_dir:
            return
        kept = keep_task(task.given, task.look.text, Path(self.models_dir))
        self.listed.replace(replace(task, kept=kept))

    def _problems_of(self, task: ListedTask) -> list[str]:
        report = task.look.report if task.look else None
        problems = list(report.problems) if report else []
        more = (report.more if report else 0) + len(problems[MOST_TOLD:])
        left = f"Nothing was changed: {task.name} has {counted(len(problems[:MOST_TOLD]) + more, 'problem')}. "
        where = "Correct it under Task sets, or take it off the list there."
        return [*(self.uploads.plain(problem) for problem in problems[:MOST_TOLD]), left + where]

    def _in_use(self, given: GivenTask) -> bool:
        """Whether models were ever loaded with this task set: undo may bring them back."""
        return any(
            given.folder == each.folder for models in self.sources.earlier.values() for each in models.task_files
        )

    @property
    def _loaded(self) -> tuple[GivenTask, ...]:
        """The task sets that the person's models were loaded with."""
        own: Models | None = self.sources.own
        return own.task_files if own else ()
