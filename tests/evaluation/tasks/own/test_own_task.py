import json
from pathlib import Path
from typing import Any

import pytest
from tiny_task_models import MOODS, text_model

from mergelab.checkpoints import open_checkpoint
from mergelab.evaluation.tasks import TaskError, TaskSet
from mergelab.evaluation.tasks.own import open_task

ROWS = "text,label\n" + "".join(f"{word} film,{word}\n" for word in ("bad", "good", "fine", "bad"))


def written(folder: Path, **files: str) -> Path:
    """A folder with files; `__` stands for the dot of a name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")
    return folder


def opened(path: Path, *heads: Path, **options: Any) -> TaskSet:
    return open_task(str(path)).answered_by([open_checkpoint(str(head)) for head in heads], **options)


def texts(task: TaskSet) -> dict[str, tuple[Any, ...]]:
    return {split: tuple(rows.inputs) for split, rows in task.splits().items()}


def test_a_single_file_needs_no_description(tmp_path: Path) -> None:
    folder = written(tmp_path, reviews__csv="Review,Category\nnice,good\npoor,bad\n")
    task = opened(folder / "reviews.csv")
    assert (task.name, task.kind, task.head) == ("reviews", "text-classification", "")
    assert task.columns == (("text", "Review"), ("label", "Category")) and task.labels == ("bad", "good")


def test_files_of_a_folder_are_split_by_their_names(tmp_path: Path) -> None:
    row = "text,label\n{},good\nx,bad\n"
    folder = written(
        tmp_path / "moods",
        train__csv=row.format("a"),
        my_dev__csv=row.format("b"),
        **{"test-set__csv": row.format("c")},
    )
    assert texts(opened(folder)) == {"calibration": ("a", "x"), "validation": ("b", "x"), "test": ("c", "x")}


def test_a_description_says_what_the_files_do_not(tmp_path: Path) -> None:
    head = text_model(tmp_path / "head")
    folder = written(
        tmp_path / "moods",
        data__tsv="words\tmood\tfold\nfine film\tfine\tdev\nbad film\tbad\ttest\n",
        task__yml=f"kind: text-classification\ntitle: Moods\nfiles: data.tsv\ncolumns: {{text: words, label: mood}}\n"
        f"labels: [fine, good, bad]\nsplit: fold\nhead: {head}\nlicence: CC0\nsource: by hand\n",
    )
    task = opened(folder)
    assert (task.title, task.licence, task.source, task.head) == ("Moods", "CC0", "by hand", str(head))
    assert task.labels == MOODS, "in the order of the head's outputs"
    assert texts(task) == {"validation": ("fine film",), "test": ("bad film",)}
    assert task.rows("validation").labels.tolist() == [2]


def test_shares_and_seed_of_the_hashed_split_can_be_chosen(tmp_path: Path) -> None:
    rows = "text,label\n" + "".join(f"text {number},{'ab'[number % 2]}\n" for number in range(400))
    folder = written(tmp_path / "t", rows__csv=rows, task__yml="split: {validation: 0.5, test: 0.5}\n")
    halves = texts(opened(folder))
    assert halves.keys() == {"validation", "test"} and 160 < len(halves["validation"]) < 240
    written(folder, task__yml="split: {validation: 0.5, test: 0.5, seed: 7}\n")
    assert texts(opened(folder))["validation"] != halves["validation"]
    written(folder, task__yml="split: {seed: 0}\n")
    assert texts(opened(folder)) == texts(opened(folder / "rows.csv")), "seed 0 is the split of a file without task.yml"


def test_the_head_is_the_model_with_these_labels(tmp_path: Path) -> None:
    path = written(tmp_path, moods__csv=ROWS) / "moods.csv"
    base, moods = text_model(tmp_path / "base", None), text_model(tmp_path / "moods")
    topics = text_model(tmp_path / "topics", ("book", "film"))
    task = opened(path, base, topics, moods)
    assert (task.head, task.labels) == (str(moods), MOODS) and task.open_head().name == str(moods)
    with pytest.raises(
        TaskError, match=r"no model has exactly the task's labels 'bad', 'fine', 'good'.*topics: book, film"
    ):
        opened(path, base, topics)
    twin = text_model(tmp_path / "twin", seed=3)
    with pytest.raises(TaskError, match=r"several models have the task's labels .*moods, .*twin; choose the one"):
        opened(path, base, moods, twin)
    assert opened(path, base, moods, twin, head=str(twin)).head == str(twin)


def test_labels_that_are_not_those_of_the_head_are_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "t", a__csv="text,label\nx,up\ny,down\n", task__yml="labels: [up, down, left]\n")
    head = text_model(tmp_path / "head")
    with pytest.raises(TaskError, match=r"the task's labels are 'up', 'down', 'left', but those of its head"):
        opened(folder, head=str(head))
    unnamed = text_model(tmp_path / "unnamed", ("LABEL_0", "LABEL_1", "LABEL_2"))
    task = opened(folder, head=str(unnamed))
    assert task.labels == ("up", "down", "left") and "does not name its classes" in task.notes[0]


def test_numbers_count_the_outputs_of_the_head_and_that_is_said(tmp_path: Path) -> None:
    head = text_model(tmp_path / "head")
    folder = written(tmp_path / "t", a__csv="text,label\nx,2\ny,0\n")
    task = opened(folder / "a.csv", head=str(head))
    assert task.notes == (f"a: labels are numbers of the outputs of {head}: 0 = bad, 1 = good, 2 = fine",)
    assert {label for rows in task.splits().values() for label in rows.labels.tolist()} == {0, 2}
    written(folder, task__yml="labels: [good, bad, fine]\n")
    with pytest.raises(
        TaskError, match=r"in the order of `labels` in task.yml, but the outputs of .* are in the order bad, good, fine"
    ):
        opened(folder, head=str(head))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"a__csv": ROWS, "b__csv": ROWS},
            r"the names of 'a.csv', 'b.csv' say no split; call them train, validation and test",
        ),
        ({"train__csv": ROWS, "train__tsv": ROWS}, r"'train.csv', 'train.tsv' all hold calibration rows; keep one"),
        ({"notes__txt": ""}, r"has no table; put a file of these types there: .csv, .tsv"),
        (
            {"a__csv": "x,y\n1,2\n"},
            r"the columns 'x', 'y' are those of no kind of task: .*text-classification needs 'text' \(or",
        ),
        ({"a__csv": "text,label\n"}, r"a.csv has no rows; give it a line with the names of the columns"),
        (
            {"a__csv": "review,content,label\na,b,c\n"},
            r"the columns 'review', 'content' can all be 'text'; say in task.yml",
        ),
        (
            {"a__csv": ROWS, "task__yml": "kind: text-clasification\n"},
            r"unknown kind of task 'text-clasification'. Did you mean 'text-classification'",
        ),
        ({"a__csv": ROWS, "task__yml": "titel: x\n"}, r"unknown field 'titel'. Did you mean 'title'"),
        ({"a__csv": ROWS, "task__yml": "files: ../a.csv\n"}, r"'../a.csv' leads out of"),
        ({"a__csv": ROWS, "task__yml": "files: {train: b.csv}\n"}, r"has no file 'b.csv'; its tables are 'a.csv'"),
        ({"a__csv": ROWS, "task__yml": "files: {trian: a.csv}\n"}, r"unknown split 'trian'"),
        (
            {"a__csv": ROWS, "task__yml": "columns: {txt: text}\n"},
            r"columns: no kind of task has a column 'txt'. Did you mean 'text'",
        ),
        (
            {"a__csv": ROWS, "task__yml": "kind: text-classification\ncolumns: {text: txet}\n"},
            r"has no column 'txet'. Did you mean 'text'",
        ),
        ({"a__csv": ROWS, "task__yml": "labels: [yes, no]\n"}, r"labels: True is no text; put class names into quotes"),
        ({"a__csv": ROWS, "task__yml": "labels: [a, a]\n"}, r"a class name occurs twice"),
        ({"a__csv": ROWS, "task__yml": "split: {test: 0.5}\n"}, r"the shares must sum to 1, got 0.5"),
        ({"a__csv": ROWS, "task__yml": "split: fold\n"}, r"split: the table has no column 'fold'"),
        (
            {"a__csv": ROWS, "task__yml": "split: {seed: 1}\nfiles: {test: a.csv}\n"},
            r"the files already say the splits",
        ),
        ({"a__csv": ROWS, "task__yml": "settings: {templte: x}\n"}, r"templte"),
        ({"a__csv": ROWS, "task__yml": "- a\n"}, r"must be a mapping with the fields kind, title"),
        ({"a__csv": ROWS, "task__yml": "a: [\n"}, r"task.yml is not valid YAML"),
        ({"a__csv": ROWS, "task__yml": "files: a.csv\ndataset: owner/name\n"}, r"files and dataset are both given"),
    ],
)
def test_what_is_not_clear_is_refused_with_the_next_step(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        opened(written(tmp_path / "t", **files))


def test_every_problem_of_a_description_is_told(tmp_path: Path) -> None:
    folder = written(tmp_path / "t", a__csv=ROWS, task__yml="kind: x\nlabels: 3\nwhat: 1\n")
    with pytest.raises(TaskError) as told:
        opened(folder)
    assert len(told.value.problems) == 3 and all("task.yml: " in problem for problem in told.value.problems)


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    outside = written(tmp_path, secret__csv=ROWS) / "secret.csv"
    folder = written(tmp_path / "t")
    (folder / "a.csv").symlink_to(outside)
    with pytest.raises(TaskError, match=r"a\.csv links to a file outside"):
        opened(folder)
    (folder / "task.yml").symlink_to(outside)
    with pytest.raises(TaskError, match=r"task\.yml links to a file outside"):
        opened(folder)


def test_with_a_models_folder_nothing_else_is_opened(tmp_path: Path) -> None:
    allowed = written(tmp_path / "allowed", a__csv=ROWS)
    outside = written(tmp_path / "other", a__csv=ROWS) / "a.csv"
    assert open_task("a.csv", allowed).located.name == "a"
    for name in (str(outside), "../other/a.csv"):
        with pytest.raises(TaskError, match="is outside the models folder"):
            open_task(name, allowed)
    with pytest.raises(TaskError, match="there is no task set 'owner/name'"):
        open_task("owner/name", allowed)


def test_a_file_beside_a_description_says_that_it_is_not_used(tmp_path: Path) -> None:
    folder = written(tmp_path / "t", a__csv=ROWS, task__yml="title: Moods\n")
    assert opened(folder).title == "Moods" and opened(folder / "task.yml").title == "Moods"
    assert "task.yml is not used" in opened(folder / "a.csv").notes[0]


def test_json_lines_may_leave_out_columns_that_are_not_required(tmp_path: Path) -> None:
    lines = [{"text": "a", "label": "x"}, {"text": "b", "label": "y", "id": 3}]
    path = written(tmp_path, a__jsonl="".join(json.dumps(line) + "\n" for line in lines)) / "a.jsonl"
    assert opened(path).labels == ("x", "y")
