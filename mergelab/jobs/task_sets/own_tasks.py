"""The task sets of a person's own that a job is given, with the models of a recipe that answer them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.tasks import TaskError, TaskSet
from mergelab.evaluation.tasks.own import GivenTask, open_task
from mergelab.recipe import Recipe


@dataclass(frozen=True)
class TaskFiles:
    """Task sets as they are given. `head` answers those without an expert, if it is given."""

    entries: tuple[GivenTask, ...] = ()
    head: str | None = None
    models_dir: str | None = None

    @classmethod
    def of(
        cls,
        files: Sequence[str | GivenTask],
        recipe: Recipe | None = None,
        head: str | None = None,
        models_dir: str | None = None,
    ) -> TaskFiles:
        """Those that are given, or written as `TASK` or `EXPERT=TASK` with an expert of `recipe` or of a recipe inside it."""
        if head and not files:
            raise TaskError("--head answers task sets of your own; give one with --task, or leave out --head")
        names = set(_experts(recipe)) if recipe else set()
        return cls(tuple(given_task(file, names) for file in files), head, models_dir)

    def task_sets(self, base: Checkpoint, experts: Sequence[Checkpoint], *, inner: bool = False) -> list[TaskSet]:
        """The task sets of these models, by unique names. Those of an `inner` recipe are only those given by expert."""
        names = [expert.name for expert in experts]
        models = [base, *(expert for expert in experts if expert is not base)]
        found = []
        for given in self.entries:
            if given.expert in names or not (given.expert or inner):
                folder = Path(self.models_dir) if self.models_dir else None
                found.append(open_task(given, folder).answered_by(models, given.expert or self.head, folder))
        return _with_unique_names(found)


NO_TASKS = TaskFiles()


def _experts(recipe: Recipe) -> Iterator[str]:
    """The models of a recipe and of those inside it."""
    yield from (expert.model for expert in recipe.models)
    for nested in recipe.nested.values():
        yield from _experts(nested)


def given_task(file: str | GivenTask, names: Collection[str]) -> GivenTask:
    """The task set that a text says, with its expert if it is one of `names`; a path may hold `=` itself."""
    if isinstance(file, GivenTask):
        return file
    for name in sorted(names, key=len, reverse=True):
        if file.startswith(f"{name}="):
            return GivenTask(file.removeprefix(f"{name}="), name)
    if "=" in file and names and not Path(file).expanduser().exists():
        raise TaskError(
            f"--task {file}: the recipe has no expert {file.partition('=')[0]!r}; it has {', '.join(sorted(names))}"
        )
    return GivenTask(file)


def _with_unique_names(tasks: Sequence[TaskSet]) -> list[TaskSet]:
    """Task sets of one name are told apart by the models that answer them."""
    times = Counter(task.name for task in tasks)
    named = [replace(task, name=f"{task.name} of {task.head}") if times[task.name] > 1 else task for task in tasks]
    for name, count in Counter(task.name for task in named).items():
        if count > 1:
            raise TaskError(f"two task sets are called {name}; rename the file or folder of one of them")
    return named
