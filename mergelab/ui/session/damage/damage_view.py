"""The damage map that one visitor looks at: measured on demand, kept by recipe, and stopped when another recipe is wanted."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace

from mergelab.analysis.damage import DamageMap, restoring_recipe
from mergelab.recipe import RecipeError
from mergelab.runtime.progress import Partial
from mergelab.ui.form.form import Form
from mergelab.ui.form.varied_values import entries_of
from mergelab.ui.messages import DamageRequest, DamageState, Status
from mergelab.ui.session.chart_data import Cell
from mergelab.ui.session.damage.damage_message import BEGINNING, CHIPS, MeasuredDamage, damage_message
from mergelab.ui.session.job_cache import LRU, CrashError, Stopper, StopPressedError
from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.render.scores import NOTHING_TO_SCORE
from mergelab.ui.session.status import Stopwatch
from mergelab.ui.session.update import Update, Updates

MAPS = 12
"""Maps that are kept for one visitor: a few recipes under every treatment."""
NO_MAP = "There is no damage map to take a cell from: press “Measure damage” first."
Key = tuple[str, str, int | None, int, str]


@dataclass
class DamageView:
    """Measures and shows damage maps. `wants` says whether the sidebar still holds a form's recipe; `asked` is the treatment
    and the task that were chosen last, `shown` the key of the map on screen."""

    merge_service: MergeService
    wants: Callable[[Form], bool]
    asked: DamageRequest = field(default_factory=lambda: DamageRequest("mean", ""))
    shown: Key | None = None
    kept: LRU[Key, MeasuredDamage] = field(default_factory=lambda: LRU(MAPS))

    def show(self, form: Form, asked: DamageRequest) -> Updates:
        """What is known of the form's map under the chosen treatment; for another task of the map on screen, that one."""
        on_screen = self.kept.get(self.shown) if self.shown and asked.restore == self.asked.restore else None
        self.asked = asked
        found = on_screen or self.kept.get(_key(form, asked.restore))
        self.shown = _key(found.form, asked.restore) if found else None
        yield self._told(found.form if found else form, found)

    def measure(self, form: Form, asked: DamageRequest, stopper: Stopper) -> Generator[Update, None, None]:
        """The map as it grows. Ends early, with what is known, once another recipe is wanted.

        Raises RecipeError if there is nothing to score, and StopPressedError after Stop.
        """
        tasks, self.asked = self.merge_service.tasks(form), asked
        if not tasks:
            raise RecipeError(NOTHING_TO_SCORE)
        known, presses = self.kept.get(_key(form, asked.restore)), stopper.presses
        begun = damage_message(known, asked, tasks)
        yield Update(damage=replace(begun, state="measuring", chip=CHIPS["measuring"], empty=begun.empty and BEGINNING))
        named = {} if form.models.task_files else {"tasks": list(tasks)}
        given = {"restore": asked.restore, "rows": form.rows, **named}
        steps = self.merge_service.job(form, Stopwatch("Measuring damage"), stopper, "damage", **given)
        try:
            stopper.check(presses)
            yield from self._grown(form, steps)
        except (StopPressedError, CrashError, ValueError):
            yield self._stopped(form, asked.restore)
            raise
        finally:
            steps.close()

    def restoring_form(self, cell: Cell) -> Form:
        """The form of the map on screen, with an override that puts the treatment's tensors into a cell.

        Raises RecipeError if there is no map, or if no override does that.
        """
        measured = self.kept.get(self.shown) if self.shown else None
        sketch = self.merge_service.known_sketch(measured.form) if measured else None
        if measured is None or sketch is None:
            raise RecipeError(NO_MAP)
        places = zip(sketch.layers, sketch.modules, sketch.keys, strict=True)
        keys = [key for layer, module, key in places if (layer, module) == cell]
        if not keys:
            raise RecipeError(f"These models have no layer “{cell[0]}” with a module “{cell[1]}”.")
        face = self.merge_service.tasks(measured.form).get(self.asked.task)
        recipe = restoring_recipe(measured.form.recipe(), keys, measured.found.restore, face.expert if face else None)
        return replace(measured.form, layer_entries=entries_of(recipe, measured.form.spellings))

    def _grown(self, form: Form, steps: Generator[Status | Partial, None, DamageMap]) -> Generator[Update, None, None]:
        while self.wants(form):
            try:
                step = next(steps)
            except StopIteration as end:
                yield self._keep(form, end.value, "measured")
                return
            yield self._keep(form, step.result, "measuring") if isinstance(step, Partial) else Update(status=step)
        yield self._stopped(form, self.asked.restore)

    def _keep(self, form: Form, found: DamageMap, state: DamageState) -> Update:
        key = self.shown = _key(form, found.restore)
        return self._told(form, self.kept.put(key, MeasuredDamage(form, found, state)))

    def _stopped(self, form: Form, restore: str) -> Update:
        """The end of a measurement that gave no result: with the map so far, if there is any."""
        measured = self.kept.get(_key(form, restore))
        if measured is None:
            return self._told(form, None)
        return self._keep(form, measured.found, "measured" if measured.found.complete else "stopped")

    def _told(self, form: Form, measured: MeasuredDamage | None) -> Update:
        return Update(damage=damage_message(measured, self.asked, self.merge_service.tasks(form)))


def _key(form: Form, restore: str) -> Key:
    return form.recipe().digest(), form.device, form.rows, form.models.edition, restore
