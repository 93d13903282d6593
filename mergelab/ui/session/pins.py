"""Pinned recipes, which others are compared with."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
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
    remembered: dict[str, int] = field(default_factory=dict)
    """The number under which each recipe's run was remembered when it was pinned, 0 for none."""

    def put(self, slot: str, form: Form) -> None:
        """Pin a form. Unknown slots and invalid recipes are ignored."""
        try:
            form.recipe()
        except ValueError:
            return  # the preview of the same form gives the reason
        if slot in SLOTS:
            self.forms[slot] = form
            self.remembered[slot] = self.merge_service.run_number(form)

    def forget(self, slot: str) -> None:
        """Take the pinned recipe out of its slot."""
        self.forms.pop(slot, None)

    def replace(self, forms: Mapping[str, Form]) -> None:
        """Pin exactly these forms."""
        self.forms = {slot: forms[slot] for slot in SLOTS if slot in forms}
        self.remembered = {slot: self.merge_service.run_number(form) for slot, form in self.forms.items()}

    @property
    def known(self) -> bool:
        """Whether the charts of all pinned recipes are look-ups."""
        return all(self.merge_service.known_sketch(form) is not None for form in tuple(self.forms.values()))

    def unscored(self, form: Form) -> list[Form]:
        """The recipes of small models that are compared beside this form and are still to be scored without a click."""
        service = self.merge_service
        return [each for each in self._compared(form) if service.follows_live(each) and not service.is_scored(each)]

    def read(self) -> Updates:
        """Read the models of pinned recipes whose sketch is not in the cache."""
        for form in tuple(self.forms.values()):
            try:
                yield from self.merge_service.sketch(form)
            except RefusalError:
                continue  # the models are gone; the current recipe is shown all the same

    def score(self, stopper: Stopper, wanted: Callable[[], bool], form: Form) -> Generator[Update, None, bool]:
        """Merge and score pinned recipes of small models on the rows that `form` is scored on, while `wanted` says so. Returns
        whether all were scored and some of the scores are new."""
        return (yield from self._score(self.unscored(form), stopper, wanted))

    def score_both(self, stopper: Stopper, form: Form) -> Generator[Update, None, bool]:
        """Merge and score both recipes that are compared, of whatever size, on the same rows."""
        return (yield from self._score(self._compared(form), stopper, lambda: True))

    def beside(self, charts: ChartData, form: Form) -> tuple[ChartData, ComparedRecipes | None]:
        """A form's charts with the pinned curves behind them, and the two recipes that are compared; None if nothing is
        pinned."""
        pinned = {slot: found for slot in SLOTS if (found := self._shown(slot, form))}
        if not pinned:
            return charts, None
        charts = replace(charts, behind=next(iter(pinned.values()))[1])
        (one, left), (other, right) = (pinned.get(slot, (form, charts)) for slot in SLOTS)
        service = self.merge_service
        return charts, ComparedRecipes(
            sides=(left, right),
            pinned=(SLOTS[0] in pinned, SLOTS[1] in pinned),
            runs=(service.known_run(one), service.known_run(other)),
            tasks={**service.tasks(one), **service.tasks(other)},
            follows=service.follows_live(one) and service.follows_live(other),
        )

    def _score(
        self, forms: Iterable[Form], stopper: Stopper, wanted: Callable[[], bool]
    ) -> Generator[Update, None, bool]:
        missing = [form for form in forms if not self.merge_service.is_scored(form)]
        for form in missing:
            if not wanted():
                return False
            watch = Stopwatch("Scoring the compared recipes")
            yield from self.merge_service.merge(form, "validation", watch, stopper, live=True)
        return bool(missing)

    def on_the_rows_of(self, form: Form) -> dict[str, Form]:
        """The pinned forms under the run settings of `form`, by slot: only scores on the same rows can be compared."""
        return {slot: _on_the_rows_of(form, each) for slot, each in self.forms.items()}

    def _compared(self, form: Form) -> list[Form]:
        """The two recipes that are compared where something is pinned."""
        pinned = self.on_the_rows_of(form)
        return [pinned.get(slot, form) for slot in SLOTS] if pinned else []

    def _shown(self, slot: str, form: Form) -> tuple[Form, ChartData] | None:
        """The form in a slot with its charts, while its sketch is in the cache."""
        pinned = self.forms.get(slot)
        pinned = pinned and _on_the_rows_of(form, pinned)
        sketch = None if pinned is None else self.merge_service.known_sketch(pinned)
        if pinned is None or sketch is None:
            return None
        charts = self.chart_service.charts(pinned, sketch, self.merge_service.figures(pinned, sketch))
        run = self.merge_service.known_run(pinned)
        return pinned, replace(charts, run=run.number if run else self.remembered.get(slot, 0))


def _on_the_rows_of(form: Form, pinned: Form) -> Form:
    return replace(pinned, rows=form.rows, device=form.device, live=form.live)
