"""Recipes that were put aside, to compare others with them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace

from mergelab.ui.form.form import Form
from mergelab.ui.session.chart_service import ChartService
from mergelab.ui.session.job_cache import RefusalError, Stopper
from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.messages import NOTHING_ASIDE, Charts, Comparison, View, Views
from mergelab.ui.session.status import Stopwatch

SLOTS = ("a", "b")
"""Where recipes can be put aside."""


@dataclass
class Pins:
    """What one visitor has put aside, a form by its slot."""

    work: MergeService
    charting: ChartService
    forms: dict[str, Form] = field(default_factory=dict)

    def put(self, slot: str, form: Form) -> None:
        """Put a form aside; nothing happens where there is no such slot, or the form is no recipe."""
        try:
            form.recipe()
        except ValueError:
            return  # the preview of the same form tells the person why
        if slot in SLOTS:
            self.forms[slot] = form

    def forget(self, slot: str) -> None:
        """Forget what was put aside there."""
        self.forms.pop(slot, None)

    def replace(self, forms: Mapping[str, Form]) -> None:
        """From now on these alone are put aside."""
        self.forms = {slot: forms[slot] for slot in SLOTS if slot in forms}

    @property
    def known(self) -> bool:
        """Whether all of them can be shown by look-up."""
        return all(self.work.known_sketch(form) is not None for form in tuple(self.forms.values()))

    def read(self) -> Views:
        """Read the models of what was put aside, where their sketch is not at hand."""
        for form in tuple(self.forms.values()):
            try:
                yield from self.work.sketch(form)
            except RefusalError:
                continue  # they are gone since; the recipe on screen is shown all the same

    def score(self, stopper: Stopper, wanted: Callable[[], bool]) -> Generator[View, None, bool]:
        """Merge and score what was not yet, of small models, for as long as that is wanted; whether all of it is new."""
        forms = tuple(self.forms.values())
        missing = [form for form in forms if self.work.follows_live(form) and not self.work.is_scored(form)]
        for form in missing:
            if not wanted():
                return False
            yield from self.work.merge(form, "validation", Stopwatch("Scoring the pinned recipe"), stopper)
        return bool(missing)

    def beside(self, charts: Charts, form: Form) -> tuple[Charts, Comparison | str]:
        """A form's charts with those of what was put aside behind them, and the two sides that are compared."""
        aside = {slot: found for slot in SLOTS if (found := self._shown(slot))}
        if not aside:
            return charts, NOTHING_ASIDE
        charts = replace(charts, behind=next(iter(aside.values()))[1])
        both = [aside.get(slot, (form, charts)) for slot in SLOTS]
        runs = tuple(self.work.known_run(each) for each, _ in both)
        pinned = tuple(slot in aside for slot in SLOTS)
        return charts, Comparison(tuple(side for _, side in both), pinned, runs, self.work.tasks(form))

    def _shown(self, slot: str) -> tuple[Form, Charts] | None:
        """What was put aside there with its charts, while its sketch is at hand."""
        form = self.forms.get(slot)
        sketch = None if form is None else self.work.known_sketch(form)
        if form is None or sketch is None:
            return None
        return form, self.charting.charts(form, sketch, self.work.figures(form, sketch))
