"""What a visitor sees of task sets: the real jobs, without their process."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from own_tasks import experts_with_tables
from ui.session.task_sets.test_uploads import received

from mergelab.evaluation.tasks import TaskError
from mergelab.jobs import workbench
from mergelab.runtime.progress import finish
from mergelab.ui.form.form import Models
from mergelab.ui.messages import TaskCorrection, TaskSets, decode, encode
from mergelab.ui.session.job_cache import Stopper, StopPressedError
from mergelab.ui.session.model_sources import ModelSources
from mergelab.ui.session.task_sets.task_sets_view import TaskSetsView, TypedModels


class Jobs:
    """Runs a function of the workbench at once."""

    def __init__(self) -> None:
        self.looked: list[int] = []

    def follow(self, watch: Any, stopper: Any, function: str, **arguments: Any) -> Generator[Any, None, Any]:
        self.looked.append(len(arguments["task_files"]))
        yield watch.status()
        return finish(getattr(workbench, function)(**arguments))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return experts_with_tables(tmp_path_factory.mktemp("models"))


@pytest.fixture
def view() -> TaskSetsView:
    return TaskSetsView(Jobs(), Stopper(), ModelSources())  # type: ignore[arg-type]


def typed(root: Path, *tasks: str) -> TypedModels:
    return TypedModels(str(root / "base"), f"{root / 'moods'}\n{root / 'topics'}", "\n".join(tasks))


def shown(updates: Generator[Any, None, Any]) -> TaskSets:
    """The last list."""
    return [update.task_sets for update in updates if update.task_sets is not None][-1]


def unusual(root: Path) -> str:
    return (root / "moods.csv").read_text(encoding="utf-8").replace("text,label", "remark,mood", 1)


def test_unusual_columns_are_corrected_and_then_usable(view: TaskSetsView, root: Path, tmp_path: Path) -> None:
    fields = typed(root)
    with pytest.raises(TaskError) as caught:
        list(view.upload(received(tmp_path, "reviews.csv", rows=unusual(root)), fields))
        list(view.checked(fields))
    assert caught.value.problems[-1].startswith(
        "Nothing was changed: reviews.csv has 1 problem. Correct it under Task sets"
    )
    found = view.message(fields)
    assert decode(TaskSets, json.loads(encode(found))), "it fits the schema"
    (one,) = found.sets
    assert (one.origin, one.table, one.kind, one.uploaded) == ("reviews.csv", ["remark", "mood"], "", True)
    columns = {"text": "remark", "label": "mood"}
    (one,) = shown(view.correct(TaskCorrection(one.key, "text-classification", columns, ""), fields)).sets
    assert (one.problems, one.kind, len(one.rows), one.corrected, one.used) == (
        [],
        "text-classification",
        5,
        True,
        False,
    )
    assert one.answers == f"{root / 'moods'}, by its labels" and list(one.labels) == ["bad", "good", "fine"]
    assert one.rows[0].place.startswith("reviews.csv, line ")
    (given,) = finish(view.checked(fields))
    assert given.said == {"kind": "text-classification", "columns": columns}


def test_only_what_is_new_is_read_again_until_the_person_asks_to_look(view: TaskSetsView, root: Path) -> None:
    fields, jobs = typed(root, str(root / "moods.csv"), str(root / "topics.csv")), view.job_cache
    list(view.look(fields))
    list(view.correct(TaskCorrection(1, "perplexity", {}, ""), fields))
    list(view.remove(1, fields))
    list(view.look(typed(root, str(root / "topics.csv"))))
    list(
        view.correct(
            TaskCorrection(2, "", {}, ""), replace(fields, experts=str(root / "topics"), tasks=fields.lines[1])
        )
    )
    assert jobs.looked == [2, 1, 1, 1]  # type: ignore[attr-defined]


def test_a_task_set_is_in_use_as_it_was_when_the_models_were_loaded(view: TaskSetsView, root: Path) -> None:
    fields = typed(root, str(root / "moods.csv"))
    given = finish(view.checked(fields))
    view.sources.take(Models(str(root / "base"), {}, 1, task_files=given))
    assert [one.used for one in view.message(fields).sets] == [True]
    (one,) = shown(view.correct(TaskCorrection(1, "perplexity", {}, ""), fields)).sets
    assert (one.used, one.kind) == (False, "perplexity")


def test_problems_are_told_without_the_place_of_the_upload(view: TaskSetsView, root: Path, tmp_path: Path) -> None:
    rows = (root / "moods.csv").read_text(encoding="utf-8").replace(",good\n", ",goood\n", 1)
    (one,) = shown(view.upload(received(tmp_path, "wrong.csv", rows=rows), typed(root))).sets
    assert "wrong.csv, line 3: unknown label 'goood'; the labels are 'bad', 'good', 'fine'" in one.problems


def test_work_that_is_stopped_leaves_a_task_set_on_the_list_as_not_read(view: TaskSetsView, root: Path) -> None:
    class Stopped(Jobs):
        def follow(self, *given: Any, **arguments: Any) -> Generator[Any, None, Any]:
            yield given[0].status()
            raise StopPressedError

    view.job_cache = Stopped()  # type: ignore[assignment]
    with pytest.raises(StopPressedError):
        list(view.look(typed(root, str(root / "moods.csv"))))
    view.job_cache = Jobs()  # type: ignore[assignment]
    assert view.latest is not None
    (one,) = view.latest.sets
    assert one.problems[0].startswith("it was not read to its end")
    assert shown(view.look(typed(root, str(root / "moods.csv")))).sets[0].problems == []


def test_while_a_look_is_under_way_no_list_is_sent_that_is_behind_the_page(view: TaskSetsView, root: Path) -> None:
    fields = typed(root, str(root / "moods.csv"))
    list(view.look(fields))
    first = view.correct(TaskCorrection(1, "perplexity", {}, ""), fields)
    assert next(first).status and view.latest is None
    second = view.correct(TaskCorrection(1, "perplexity", {"text": "label"}, ""), fields)
    assert all(update.task_sets is None for update in second)
    (one,) = shown(first).sets
    assert (one.kind, one.columns[0].chosen) == ("perplexity", "label")


def test_a_base_without_classes_is_refused_as_a_head_for_this_task_set_alone(view: TaskSetsView, root: Path) -> None:
    fields = typed(root, str(root / "moods.csv"), str(root / "topics.csv"))
    list(view.look(fields))
    columns = {"text": "text", "label": "label"}
    first, second = shown(view.correct(TaskCorrection(1, "text-classification", columns, fields.base), fields)).sets
    assert "the labels are 'a', 'b'" in first.problems[0]
    assert second.problems == [] and first.head == fields.base


def test_a_linear_probe_is_chosen_among_those_who_answer(view: TaskSetsView, root: Path, tmp_path: Path) -> None:
    header, *rows = (root / "moods.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "moods.csv").write_text("\n".join([header, *rows, *(f"so {row}" for row in rows), ""]))
    fields = typed(root, str(tmp_path / "moods.csv"))
    (one,) = shown(view.look(fields)).sets
    assert (one.kind, one.head, one.has_probe) == ("text-classification", "", True)
    columns = {"text": "text", "label": "label"}
    found = shown(view.correct(TaskCorrection(1, "text-classification", columns, "probe"), fields))
    (one,) = found.sets
    assert (one.kind, one.head, one.problems) == ("text-classification", "probe", [])
    assert "a linear probe answers" in one.notes[0] and "text-probe" not in found.kinds
    (one,) = shown(view.correct(TaskCorrection(1, "text-classification", columns, ""), fields)).sets
    assert (one.head, one.answers) == ("", f"{root / 'moods'}, by its labels")
    (one,) = shown(view.correct(TaskCorrection(1, "perplexity", {}, ""), fields)).sets
    assert not one.has_probe


def test_a_probe_that_has_too_few_rows_is_told_in_the_list(view: TaskSetsView, root: Path) -> None:
    fields = typed(root, str(root / "moods.csv"))
    list(view.look(fields))
    chosen = TaskCorrection(1, "text-classification", {"text": "text", "label": "label"}, "probe")
    (one,) = shown(view.correct(chosen, fields)).sets
    (problem,) = one.problems
    assert (
        "calibration rows of the class" in problem
        and "but a linear probe is trained on at least 5 of each class" in problem
    )


def test_a_refused_upload_leaves_the_list_as_it_was(view: TaskSetsView, root: Path, tmp_path: Path) -> None:
    found = shown(view.upload(received(tmp_path, "run.exe"), typed(root, str(root / "moods.csv"))))
    assert found.problems[0].startswith("run.exe: rows can be read from .csv") and len(found.sets) == 1


def test_an_upload_is_deleted_with_its_entry_unless_models_were_loaded_with_it(
    view: TaskSetsView, root: Path, tmp_path: Path
) -> None:
    rows = (root / "moods.csv").read_text(encoding="utf-8")
    fields = typed(root)
    list(view.upload(received(tmp_path, "a.csv", "b.csv", rows=rows), fields))
    first, second = (task.given for task in view.listed.tasks)
    view.sources.take(Models("base", {}, 1, task_files=(first,)))
    for key in (1, 2):
        list(view.remove(key, fields))
    assert (view.listed.tasks, Path(first.reference).exists(), Path(second.reference).exists()) == ([], True, False)


def test_an_upload_is_kept_in_the_models_folder_if_there_is_one(view: TaskSetsView, root: Path, tmp_path: Path) -> None:
    rows, fields = (root / "moods.csv").read_text(encoding="utf-8"), TypedModels("base", "moods\ntopics")
    view.models_dir = str(root)
    (one,) = shown(view.upload(received(tmp_path, "kept.csv", rows=rows), fields)).sets
    assert one.answers == "moods, by its labels", "an upload is opened although it is not in the models folder"
    found = shown(view.keep(one.key, fields))
    assert (found.keeps, found.sets[0].kept) == (True, "task-sets/kept")
    assert (root / "task-sets" / "kept" / "kept.csv").read_text(encoding="utf-8") == rows
