"""A visitor's damage map: it grows, stops, belongs to its recipe, and gives a recipe for one cell."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from ui.fake_worker import form, last, opened

from mergelab.analysis.damage import CellDamage, DamageMap
from mergelab.evaluation.scores.paired import PairedDifference
from mergelab.jobs import Crashed, Finished
from mergelab.recipe import RecipeError
from mergelab.runtime.progress import Partial
from mergelab.ui.form.form import Form
from mergelab.ui.messages import DamageMessage, DamageRequest
from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.render.scores import NOTHING_TO_SCORE
from mergelab.ui.session.render.scores_by_model import TaskFace
from mergelab.ui.session.session import Session
from mergelab.ui.session.update import Update

TASKS = {"s": TaskFace("S", "tiny/a"), "t": TaskFace("T", "tiny/b")}
BASE, MEAN = DamageRequest("base", ""), DamageRequest("mean", "")
CELL = ("1", "mlp.down")


@pytest.fixture(autouse=True)
def tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MergeService, "tasks", lambda *_: TASKS)


def map_of(count: int, restore: str = "base") -> DamageMap:
    """A map of two cells, of which some are measured."""
    damage = dict.fromkeys(TASKS, PairedDifference(0.02, 0.01, 0.03, 50, "accuracy"))
    cells = tuple(
        CellDamage(str(layer), "mlp.down", 64, float(layer), damage if layer < count else {}) for layer in range(2)
    )
    return DamageMap("digest", restore, "validation", {"s": "S", "t": "T"}, dict.fromkeys(TASKS, 50), cells)


def growing(*more: Any) -> Callable[[], list[Any]]:
    return lambda: [Partial(map_of(1)), *more]


def shown(session: Session, asked: Form) -> Session:
    """The same session after the charts of a form were shown."""
    list(session.preview(asked))
    return session


def messages(updates: Iterable[Update]) -> list[DamageMessage]:
    return [update.damage for update in updates if update.damage]


def test_the_map_grows_and_is_then_measured() -> None:
    session, worker = opened(damage=growing(Finished(map_of(2))))
    shown(session, form())
    begun, first, whole = messages(session.measure_damage(form(), BASE))
    assert (begun.state, begun.figure, begun.empty) == (
        "measuring",
        None,
        "The merge comes first; the first cells follow.",
    )
    assert (first.state, first.chip, whole.state, whole.chip) == ("measuring", "updating", "measured", "measured")
    assert first.about.startswith("1 of 2 cells, 50 of 50 validation examples per task, with the base put back.")
    assert whole.digest == form().recipe().digest() and whole.recipe == "TIES · density 0.2, tiny, 3 experts"
    [asked] = worker.named("damage")
    assert (asked["restore"], asked["tasks"], asked["rows"]) == ("base", ["s", "t"], None)


def test_stop_keeps_what_is_known() -> None:
    session, _ = opened(damage=growing(threading.Event()))
    shown(session, form())
    found = []
    for update in session.measure_damage(form(), BASE):
        found += [update.damage] if update.damage else []
        if update.damage and update.damage.figure and update.damage.state == "measuring":
            session.stop()
    assert (found[-1].state, found[-1].chip) == ("stopped", "incomplete") and found[-1].figure


def test_stop_before_the_first_cell_is_heard() -> None:
    session, worker = opened(damage=growing(Finished(map_of(2))))
    updates = shown(session, form()).measure_damage(form(), BASE)
    next(updates)
    session.stop()
    assert messages(updates)[-1].state == "none"
    assert worker.named("damage") == []


def test_another_recipe_ends_the_measurement_and_the_map_keeps_its_own_digest() -> None:
    session, worker = opened(damage=growing(threading.Event()))
    shown(session, form())
    found = []
    for update in session.measure_damage(form(), BASE):
        found += [update.damage] if update.damage else []
        if update.damage and update.damage.figure:
            shown(session, form(seed=1))
    assert found[-1].state == "stopped" and found[-1].digest == form().recipe().digest()
    assert next(job for job in worker.jobs if len(job.script) == 2).stopped.is_set()


def test_a_map_of_another_treatment_has_to_be_measured_and_that_of_another_task_is_there() -> None:
    session, _ = opened(damage=growing(Finished(map_of(2))))
    shown(session, form())
    list(session.measure_damage(form(), BASE))
    view = session.damage_view
    [task] = messages(view.show(form(), DamageRequest("base", "t")))
    assert (task.task, task.state) == ("t", "measured") and task.figure
    [other] = messages(view.show(form(), MEAN))
    assert (other.state, other.figure, other.restore) == ("none", None, "mean")
    [again] = messages(view.show(form(), BASE))
    assert again.state == "measured" and again.figure


def test_a_task_is_chosen_for_a_map_of_an_earlier_recipe_too() -> None:
    session, _ = opened(damage=growing(Finished(map_of(2))))
    shown(session, form())
    list(session.measure_damage(form(), BASE))
    [found] = messages(session.damage_view.show(form(seed=1), DamageRequest("base", "s")))
    assert found.digest == form().recipe().digest() and found.task == "s"


def test_a_cell_gives_the_forms_recipe_with_an_override_there() -> None:
    session, _ = opened(damage=growing(Finished(map_of(2))))
    shown(session, form())
    list(session.measure_damage(form(), BASE))
    before, after = form().recipe(), session.damage_view.restoring_form(CELL).recipe()
    [override] = after.overrides
    assert dict(override.knobs) == {"weight": 0.0}
    assert override.reaches("encoder.layer.1.output.dense.weight")
    assert not override.reaches("encoder.layer.0.output.dense.weight")
    assert replace(after, overrides=()) == before


def test_what_overrides_cannot_give_is_said_before_and_refused() -> None:
    session, _ = opened(damage=lambda: [Finished(map_of(2, "mean"))])
    shown(session, form())
    found = messages(session.measure_damage(form(), MEAN))[-1]
    assert found.unloadable.startswith("Overrides change numbers of a recipe")
    with pytest.raises(RecipeError, match="Overrides change numbers of a recipe"):
        session.damage_view.restoring_form(CELL)


def test_an_experts_tensors_need_a_chosen_task() -> None:
    session, _ = opened(damage=lambda: [Finished(map_of(2, "expert"))])
    shown(session, form())
    mean = messages(session.measure_damage(form(), DamageRequest("expert", "")))[-1]
    [task] = messages(session.damage_view.show(form(), DamageRequest("expert", "t")))
    assert mean.unloadable.startswith("Choose one task") and not task.unloadable
    others, own = session.damage_view.restoring_form(CELL).recipe().overrides
    assert others.knobs["weight"] == 0 and (own.model, own.knobs["weight"]) == ("tiny/b", 1)


def test_without_a_map_there_is_no_cell_and_without_tasks_no_map(monkeypatch: pytest.MonkeyPatch) -> None:
    session, _ = opened()
    shown(session, form())
    with pytest.raises(RecipeError, match="press “Measure damage” first"):
        session.damage_view.restoring_form(CELL)
    monkeypatch.setattr(MergeService, "tasks", lambda *_: {})
    update = last(session.measure_damage(form(), BASE))
    assert update.status is not None and update.status.problems == (NOTHING_TO_SCORE,)


def test_a_complete_map_stays_complete_when_it_is_measured_again_in_vain() -> None:
    scripts = iter([[Finished(map_of(2))], [Crashed("Out of memory.", "trace")]])
    session, _ = opened(damage=lambda: next(scripts))
    shown(session, form())
    list(session.measure_damage(form(), BASE))
    assert messages(session.measure_damage(form(), BASE))[-1].state == "measured"


def test_a_crash_leaves_no_map_under_way() -> None:
    session, _ = opened(damage=lambda: [Crashed("Out of memory.", "trace")])
    shown(session, form())
    updates = list(session.measure_damage(form(), BASE))
    assert messages(updates)[-1].state == "none"
    assert updates[-1].status is not None and updates[-1].status.text == "The damage could not be measured"
