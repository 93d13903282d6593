from dataclasses import replace

import pytest

from mergelab.evaluation.tasks import TaskError
from mergelab.evaluation.tasks.own import GivenTask
from mergelab.evaluation.tasks.own.task_check import TaskReport
from mergelab.evaluation.tasks.own.task_look import TaskLook
from mergelab.ui.messages import TaskCorrection
from mergelab.ui.session.task_sets import task_list as module
from mergelab.ui.session.task_sets.task_list import TaskList

COLUMNS = {"text": "remark", "label": "mood"}
UPLOAD = GivenTask("/tmp/uploads/1/moods.csv", folder="/tmp/uploads/1")


def listed(*lines: str) -> TaskList:
    found = TaskList()
    found.follow_lines(lines, ["first"])
    return found


def correct(found: TaskList, key: int, **said: object) -> GivenTask:
    """What a job gets after a correction of a task set that was recognised as a text classification."""
    task = found.find(key)
    assert task is not None
    seen = task.seen(TaskLook(TaskReport("moods", "text-classification")))
    correction = TaskCorrection(**{"key": key, "kind": "text-classification", "columns": {}, "head": "", **said})  # type: ignore[arg-type]
    found.replace(module.replace(seen, correction=correction))
    return next(each for each in found.tasks if each.key == key).corrected


def test_typed_lines_stand_before_uploads_and_keep_their_corrections() -> None:
    found = listed("a.csv", "first=b.csv")
    found.add([UPLOAD])
    corrected = correct(found, 1, columns=COLUMNS)
    found.follow_lines(["c.csv", "a.csv", "a.csv"], ["first"])
    assert [task.name for task in found.tasks] == ["c.csv", "a.csv", "moods.csv"]
    assert found.lines == ["c.csv", "a.csv"] and found.tasks[1].corrected == corrected


def test_a_line_names_the_expert_and_an_unknown_one_is_refused() -> None:
    assert listed("first=b.csv").tasks[0].given == GivenTask("b.csv", "first")
    with pytest.raises(TaskError, match="the recipe has no expert 'second'"):
        listed("second=b.csv")


def test_a_correction_says_what_a_task_yml_would_say() -> None:
    said = correct(listed("a.csv"), 1, columns={**COLUMNS, "split": ""}).said
    assert said == {"kind": "text-classification", "columns": COLUMNS}


def test_another_kind_leaves_out_the_settings_and_labels_of_the_first() -> None:
    said = correct(listed("a.csv"), 1, kind="perplexity").said
    assert said == {"kind": "perplexity", "columns": {}, "settings": {}, "labels": None}


def test_a_chosen_head_goes_before_the_expert_of_the_line() -> None:
    given = correct(listed("first=a.csv"), 1, head="/models/base")
    assert (given.expert, given.said["head"]) == ("", "/models/base")


def test_a_probe_is_one_of_those_who_may_answer_and_is_left_out_where_none_can() -> None:
    assert correct(listed("a.csv"), 1, head="probe").said == {"kind": "text-classification", "head": "probe"}
    assert "head" not in correct(listed("a.csv"), 1, kind="perplexity", head="probe").said


def test_the_probe_of_a_task_yml_is_taken_back_by_its_labels() -> None:
    found = listed("a")
    seen = found.tasks[0].seen(TaskLook(TaskReport("a", "text-probe")))
    correction = TaskCorrection(1, "text-classification", {}, "")
    assert replace(seen, correction=correction).corrected.said == {"kind": "text-classification", "head": None}


def test_what_a_link_says_goes_before_what_was_corrected_on_the_page_and_can_be_corrected() -> None:
    found = listed("a.csv", "first=b.csv")
    correct(found, 1, columns=COLUMNS)
    linked = {"first=b.csv": {"kind": "choice", "columns": {}, "settings": {}, "labels": None, "head": "first"}}
    found.follow_lines(["a.csv", "first=b.csv"], ["first"], linked)
    first, second = found.tasks
    assert (first.corrected.said, second.corrected) == ({}, GivenTask("b.csv", "", linked["first=b.csv"]))
    found.follow_lines(["a.csv", "first=b.csv"], ["first"])
    assert found.tasks == [first, second], "the fields of the sidebar say the same"
    said = correct(found, second.key, kind="choice", columns=COLUMNS).said
    assert said == {"kind": "choice", "columns": COLUMNS, "settings": {}, "labels": None}


def test_too_many_task_sets_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SETS", 1)
    found = listed("a.csv")
    with pytest.raises(TaskError, match="2 task sets are given; the page takes up to 1"):
        found.add([UPLOAD])
    assert len(found.tasks) == 1
