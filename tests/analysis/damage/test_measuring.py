"""The damage map says which cell costs right answers, and only that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from damaged_merge import CELL, DamagedMerge, damaged_merge

from mergelab.analysis.damage import DamageMap, DamageMeasurement
from mergelab.analysis.damage.model_cells import cells_of
from mergelab.evaluation import answer_sheet
from mergelab.evaluation.evaluate import evaluate
from mergelab.evaluation.tasks import TaskError
from mergelab.runtime.progress import Partial, finish

Asked = list[tuple[int, int]]


@pytest.fixture(scope="module")
def merge(tmp_path_factory: pytest.TempPathFactory) -> DamagedMerge:
    return damaged_merge(tmp_path_factory.mktemp("models"))


@pytest.fixture(autouse=True)
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The ranges of rows that models are asked, with an empty cache."""
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("mergelab.analysis.damage.measuring.PACE", 0)
    ranges: Asked = []
    ask = answer_sheet.ask

    def watched(body: Any, task: Any, rows: Any, start: int, stop: int, device: str) -> Any:
        ranges.append((start, stop))
        return ask(body, task, rows, start, stop, device)

    monkeypatch.setattr(answer_sheet, "ask", watched)
    return ranges


def measurement(merge: DamagedMerge, restore: str = "expert", seed: int = 0) -> DamageMeasurement:
    return DamageMeasurement(merge.plan, merge.body, [merge.task], restore, seed=seed)


def partial_maps(found: DamageMeasurement) -> Iterator[DamageMap]:
    return (step.result for step in found.run() if isinstance(step, Partial))


def test_the_only_damaged_cell_has_all_the_damage(merge: DamagedMerge) -> None:
    found = finish(measurement(merge).run({CELL: 7.0}))
    [right] = finish(evaluate(merge.body, [merge.task], "validation"))
    assert right.value < 1 and found.complete
    cells = {(cell.layer, cell.module): cell for cell in found.cells}
    damaged = cells.pop(CELL)
    damage = found.damage(damaged)
    assert damage is not None and damage.is_clear and damage.n == 60
    assert damage.value == pytest.approx(1 - right.value)
    assert (damaged.conflicting, damaged.entries, damaged.unchanged) == (7.0, 16 * 24 + 24, ())
    for cell in cells.values():
        rest = found.damage(cell)
        assert rest is not None and (rest.value, rest.low, rest.high, rest.n) == (0, 0, 0, 60)
        assert found.is_unchanged(cell) and found.is_unchanged(cell, merge.task.name) and cell.conflicting is None


def test_only_cells_that_the_treatment_changes_are_asked(merge: DamagedMerge, asked: Asked) -> None:
    finish(measurement(merge).run())
    assert asked == [(0, 25), (0, 25), (25, 50), (25, 50), (50, 60), (50, 60)]  # the merge, then its one damaged cell


def test_every_cell_is_asked_a_first_block_before_any_is_asked_more(merge: DamagedMerge, asked: Asked) -> None:
    finish(measurement(merge, "mean").run())
    first = list(takewhile(lambda each: each == (0, 25), asked))
    assert len(first) == 1 + len(cells_of(merge.plan)) and (0, 25) not in asked[len(first) :]


def test_the_order_of_the_cells_changes_no_figure(
    merge: DamagedMerge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = finish(measurement(merge, "mean").run())
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "other"))
    assert finish(measurement(merge, "mean", seed=1).run()) == one


def test_a_stopped_measurement_keeps_its_cells_and_goes_on_where_it_stopped(merge: DamagedMerge, asked: Asked) -> None:
    maps = partial_maps(measurement(merge, "base"))
    found = next(each for each in maps if each.known == 3)
    maps.close()  # type: ignore[attr-defined]
    known = {cell.layer + cell.module: found.damage(cell) for cell in found.cells if found.damage(cell)}
    assert len(known) == 3 and len(asked) == 4 and not found.complete
    again = next(partial_maps(measurement(merge, "base")))
    [first] = [cell for cell in again.cells if again.damage(cell)]
    assert again.damage(first) == known[first.layer + first.module] and len(asked) == 4


def test_a_second_measurement_asks_nothing(merge: DamagedMerge, asked: Asked) -> None:
    found, before = finish(measurement(merge, "base").run()), len(asked)
    assert finish(measurement(merge, "base").run()) == found and len(asked) == before


def test_a_map_comes_back_from_its_bytes(merge: DamagedMerge) -> None:
    found = finish(measurement(merge).run())
    assert DamageMap.decode(found.encode()) == found


def test_a_task_without_an_expert_of_the_recipe_has_nothing_to_put_back(merge: DamagedMerge) -> None:
    stranger = replace(merge.task, head=merge.plan.base.name)
    with pytest.raises(TaskError, match="Moods is no task of an expert in this recipe"):
        DamageMeasurement(merge.plan, merge.body, [stranger], "expert")


def test_tasks_that_count_no_right_answers_are_refused(merge: DamagedMerge) -> None:
    similar = replace(merge.task, kind="similarity", labels=())
    with pytest.raises(TaskError, match=r"Moods is measured in .*; damage counts right answers"):
        DamageMeasurement(merge.plan, merge.body, [similar], "mean")
    with pytest.raises(TaskError, match="there is none"):
        DamageMeasurement(merge.plan, merge.body, [], "mean")
