"""What all models say to one question of a person."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from mergelab.charts import style_of
from mergelab.jobs.try_job import MERGED, Question, Tried
from mergelab.recipe import RecipeError
from mergelab.runtime.progress import Partial
from mergelab.ui.form.form import Form
from mergelab.ui.messages import TriedChoice, TriedMessage, TriedModel, TryRequest
from mergelab.ui.session.job_cache import JobCache, Stopper
from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.status import Stopwatch
from mergelab.ui.session.update import Update

LONGEST = 20_000
"""Characters of a question that are asked."""
LARGEST = 1024
"""The most rows or columns of a picture."""


@dataclass(frozen=True)
class Trying:
    """Asks the models of a form. A question ends the one before it, which `stopper` holds."""

    job_cache: JobCache
    merge_service: MergeService
    stopper: Stopper

    def ask(self, form: Form, asked: TryRequest) -> Generator[Update, None, None]:
        """The answers as they come, texts as they grow. Raises RecipeError for a task or a picture that cannot be asked."""
        self.stopper.press()
        tasks = self.merge_service.tasks(form)
        if asked.task not in tasks:
            raise RecipeError("None of the chosen experts has this task; choose another one under Answers.")
        _check(asked)
        steps = self.merge_service.job(
            form, Stopwatch("Asking the models"), self.stopper, "try_it", question=_question(asked), task=asked.task
        )
        about = f"Recipe {form.recipe().digest()[:8]}, asked as {tasks[asked.task].title}"
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                yield Update(tried=_message(asked, end.value, form, about, done=True))
                return
            if isinstance(step, Partial):
                yield Update(tried=_message(asked, step.result, form, about, done=False))
            else:
                yield Update(status=step)


def _question(asked: TryRequest) -> Question:
    return Question(asked.text[:LONGEST], asked.picture)


def _check(asked: TryRequest) -> None:
    if asked.picture is None:
        if not asked.text.strip():
            raise RecipeError("Type a text to ask the models.")
        return
    widths = {len(row) for row in asked.picture}
    if len(widths) != 1 or not 0 < len(asked.picture) <= LARGEST or not 0 < max(widths) <= LARGEST:
        raise RecipeError(f"A picture has 1 to {LARGEST} rows of equally many pixels.")
    if not all(0 <= pixel <= 255 for row in asked.picture for pixel in row):
        raise RecipeError("The pixels of a picture are numbers from 0 to 255.")


def _message(asked: TryRequest, found: Sequence[Tried], form: Form, about: str, done: bool) -> TriedMessage:
    places = form.models.places
    in_order = sorted(found, key=lambda each: (each.model != MERGED, places.get(each.model, -1)))
    return TriedMessage(asked.text, [_model(each, form) for each in in_order], about, done)


def _model(tried: Tried, form: Form) -> TriedModel:
    choices = [TriedChoice(text, share) for text, share in tried.response.choices]
    if tried.model == MERGED:
        return TriedModel("Merged", "merged", None, tried.response.text, choices, tried.complete)
    place = form.models.places.get(tried.model)
    title = form.models.titles.get(tried.model, "Base")
    role, colour = ("base", None) if place is None else ("expert", style_of(place).colour)
    return TriedModel(title, role, colour, tried.response.text, choices, tried.complete)  # type: ignore[arg-type]
