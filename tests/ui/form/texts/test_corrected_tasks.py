from mergelab.ui.form.texts.corrected_tasks import corrections_query, read_corrections, told_corrections

LINES = ("/rows.csv", "/models/one=q.jsonl")
MODELS = ("/models/base", "/models/one")
COLUMNS = {"kind": "text-classification", "columns": {"text": "the remark", "label": "mood"}, "head": "probe"}
OTHER_KIND = {"kind": "choice", "columns": {}, "settings": {}, "labels": None, "head": None}


def test_what_was_corrected_comes_back_by_the_line_of_its_task_set() -> None:
    query = corrections_query([COLUMNS, OTHER_KIND])
    assert query["task.1.column.text"] == "the remark" and query["task.2.anew"] == "1"
    assert read_corrections(query, LINES, MODELS) == {LINES[0]: COLUMNS, LINES[1]: OTHER_KIND}
    assert query == {}, "all of it was read"


def test_a_task_set_that_was_not_corrected_takes_no_place_in_the_link() -> None:
    assert corrections_query([{}, {"columns": {"text": "remark"}}]) == {"task.2.column.text": "remark"}


def test_what_a_link_must_not_say_is_left_over() -> None:
    given = {
        "task.1.head": "/models/elsewhere",
        "task.2.head": "/models/one",
        "task.1.kind": "no-such-kind",
        "task.3.kind": "choice",
        "task.1.files": "/etc/passwd",
    }
    assert read_corrections(given, LINES, MODELS) == {LINES[1]: {"head": "/models/one"}}
    assert sorted(given) == ["task.1.files", "task.1.head", "task.1.kind", "task.3.kind"]


def test_corrections_are_told_in_words_before_they_count() -> None:
    assert told_corrections({LINES[0]: COLUMNS, LINES[1]: {"head": None}}) == [
        "/rows.csv is read with kind text-classification, text = the remark, label = mood, answered by a linear probe"
    ]
