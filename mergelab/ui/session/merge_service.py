"""The work behind a form: its sketch, its merge and its scores, from the cache if possible."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mergelab.analysis.preview import Preview, preview
from mergelab.analysis.sketch import Sketch, sketch_needs
from mergelab.checkpoints import list_suites
from mergelab.jobs.workbench import AdapterArchive, Run
from mergelab.recipe import RecipeError
from mergelab.runtime.progress import map_progress
from mergelab.ui.form.form import Form
from mergelab.ui.messages import Status
from mergelab.ui.session.job_cache import JobCache, Stopper
from mergelab.ui.session.score_tables import TaskFace, faces
from mergelab.ui.session.status import Stopwatch
from mergelab.ui.session.update import Update

if TYPE_CHECKING:
    from mergelab.analysis.static import InspectionReport

LIVE_PARAMETERS = 2_000_000
"""Models with up to this many parameters are merged and scored after every change."""


@dataclass(frozen=True)
class MergeService:
    """One visitor's requests to the job cache. `stopper` is their Stop button. Methods raise ValueError if a form is no valid
    recipe."""

    job_cache: JobCache
    stopper: Stopper
    models_dir: str | None = None

    def known_sketch(self, form: Form) -> Sketch | None:
        """The sketch of a form, if it is in the cache."""
        return self.job_cache.sketches.get(_sketch_key(form))

    def known_run(self, form: Form) -> Run | None:
        """The merge of a form with its validation scores, if it is in the cache."""
        return self.job_cache.runs.get(_run_key(form, "validation"))

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
            and sketch is not None
            and int(sketch.entries.sum()) <= LIVE_PARAMETERS
        )

    def tasks(self, form: Form) -> dict[str, TaskFace]:
        """The tasks of the chosen experts. A person's own models have none."""
        suites = list_suites()
        if form.models.base not in suites:
            return {}
        return {name: face for name, face in faces(suites[form.models.base]).items() if face.expert in form.chosen}

    def sketch(self, form: Form) -> Generator[Update, None, Sketch]:
        """The sketch of a form. Reads the models if nobody has yet."""
        found = self.known_sketch(form)
        if found is not None:
            return found
        watch = Stopwatch("Reading the models", "loading")
        steps = self.job_cache.once(
            self.job_cache.sketches, _sketch_key(form), watch, self.stopper, "sketch", **self._models(form)
        )
        return (yield from map_progress(steps, _as_update))

    def merge(self, form: Form, split: str, watch: Stopwatch, stopper: Stopper) -> Generator[Update, None, Run]:
        """Merge a form and score it on a split. Raises RecipeError if it can only be previewed here."""
        key, rows = _run_key(form, split), form.rows if split == "validation" else None
        _refuse(form)
        steps = self.job_cache.once(
            self.job_cache.runs,
            key,
            watch,
            stopper,
            "merge",
            tasks=list(self.tasks(form)),
            split=split,
            rows=rows,
            **self._models(form),
        )
        return (yield from map_progress(steps, _as_update))

    def save(self, form: Form, out: str) -> Generator[Update, None, str]:
        """Write the merged model to the folder `out` and pack it. Returns the path of the archive. Raises RecipeError as `merge`
        does."""
        models = self._models(form)
        _refuse(form)
        watch = Stopwatch("Writing the merged model")
        steps = self.job_cache.follow(watch, self.stopper, "save", out=out, archive=True, **models)
        return str((yield from map_progress(steps, _as_update)))

    def adapter(self, form: Form, out: str, rank: int) -> Generator[Update, None, AdapterArchive]:
        """Write a LoRA adapter of the merged model to the folder `out` and pack it. Raises RecipeError as `merge` does."""
        models = self._models(form)
        _refuse(form)
        watch = Stopwatch("Extracting a LoRA adapter")
        steps = self.job_cache.follow(watch, self.stopper, "save_adapter", out=out, rank=rank, **models)
        found: AdapterArchive = yield from map_progress(steps, _as_update)
        return found

    def inspection(self, form: Form) -> Generator[Update, None, InspectionReport]:
        """Everything about the form's models and recipe that needs no merge."""
        steps = self.job_cache.follow(
            Stopwatch("Inspecting the models"), self.stopper, "inspection_report", **self._models(form)
        )
        found: InspectionReport = yield from map_progress(steps, _as_update)
        return found

    def _models(self, form: Form) -> dict[str, Any]:
        return {"recipe": form.recipe().to_mapping(), "device": form.device, "models_dir": self.models_dir}


def _sketch_key(form: Form) -> tuple[str, int]:
    """Everything that a form's sketch depends on. Models that were read again count as different."""
    return sketch_needs(form.recipe()), form.models.edition


def _run_key(form: Form, split: str) -> tuple[str, str, str, int | None, int]:
    return form.recipe().digest(), split, form.device, form.rows, form.models.edition


def _refuse(form: Form) -> None:
    if form.blocked_reason:
        raise RecipeError(form.blocked_reason)


def _as_update(status: Status) -> Update:
    return Update(status=status)
