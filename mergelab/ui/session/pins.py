"""Pinned recipes, which others are compared with."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace

from mergelab.ui.form.form import Form
from mergelab.ui.session.chart_data import ChartData, ComparedRecipes
from mergelab.ui.session.chart_service import ChartService
from mergelab.ui.session.job_cache import RefusalError, Stopper
from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.status import Stopwatch
from mergelab.ui.session.update import Update, Updates

SLOTS = ("a", "b")
"""Where recipes can be pinned."""


@dataclass
class Pins:
    """One visitor's pinned recipes: a form for each slot in use."""

    merge_service: MergeService
    chart_service: ChartService
    forms: dict[str, Form] = field(default_factory=dict)

    def put(self, slot: str, form: Form) -> None:
        """Pin a form. Unknown slots and invalid recipes are ignored."""
        try:
            form.recipe()
        except ValueError:
            return  # the preview of the same form gives the reason
        if slot in SLOTS:
            self.forms[slot] = form

    def forget(self, slot: str) -> None:
        """Take the pinned recipe out of its slot."""
        self.forms.pop(slot, None)

    def replace(self, forms: Mapping[str, Form]) -> None:
        """Pin exactly these forms."""
        self.forms = {slot: forms[slot] for slot in SLOTS if slot in forms}

    @property
    def known(self) -> bool:
        """Whether the charts of all pinned recipes are look-ups."""
        return all(self.merge_service.known_sketch(form) is not None for form in tuple(self.forms.values()))

    @property
    def unscored(self) -> list[Form]:
        """The pinned recipes of small models that are still to be scored without a click."""
        service, forms = self.merge_service, tuple(self.forms.values())
        return [form for form in forms if service.follows_live(form) and not service.is_scored(form)]

    def read(self) -> Updates:
        """Read the models of pinned recipes whose sketch is not in the cache."""
        for form in tuple(self.forms.values()):
            try:
                yield from self.merge_service.sketch(form)
            except RefusalError:
                continue  # the models are gone; the current recipe is shown all the same

    def score(self, stopper: Stopper, wanted: Callable[[], bool]) -> Generator[Update, None, bool]:
        """Merge and score pinned recipes of small models, while `wanted` says so. Returns whether all were scored and some
        of the scores are new."""
        missing = self.unscored
        for form in missing:
            if not wanted():
                return False
            yield from self.merge_service.merge(form, "validation", Stopwatch("Scoring the pinned recipe"), stopper)
        return bool(missing)

    def beside(self, charts: ChartData, form: Form) -> tuple[ChartData, ComparedRecipes | None]:
        """A form's charts with the pinned curves behind them, and the two recipes that are compared; None if nothing is
        pinned."""
        pinned = {slot: found for slot in SLOTS if (found := self._shown(slot))}
        if not pinned:
            return charts, None
        charts = replace(charts, behind=next(iter(pinned.values()))[1])
        (one, left), (other, right) = (pinned.get(slot, (form, charts)) for slot in SLOTS)
        runs = self.merge_service.known_run(one), self.merge_service.known_run(other)
        are_pinned = SLOTS[0] in pinned, SLOTS[1] in pinned
        return charts, ComparedRecipes((left, right), are_pinned, runs, self.merge_service.tasks(form))

    def _shown(self, slot: str) -> tuple[Form, ChartData] | None:
        """The form in a slot with its charts, while its sketch is in the cache."""
        form = self.forms.get(slot)
        sketch = None if form is None else self.merge_service.known_sketch(form)
        if form is None or sketch is None:
            return None
        return form, self.chart_service.charts(form, sketch, self.merge_service.figures(form, sketch))
