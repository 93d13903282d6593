import json
import lzma
from pathlib import Path

import pytest

from mergelab.evaluation.kinds import Rows, find_kind
from mergelab.evaluation.tasks.tables.table import TableSpec, read_table

LABELS = ("NA", "null", "good")


def read(
    path: Path, content: str | bytes, labels: tuple[str, ...] = LABELS, columns: tuple[tuple[str, str], ...] = ()
) -> dict[str, Rows]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, TableSpec("text-classification", labels, columns))


def pairs(splits: dict[str, Rows]) -> set[tuple[str, int]]:
    return {pair for rows in splits.values() for pair in zip(rows.inputs, rows.labels.tolist(), strict=True)}


def test_na_and_null_are_labels_and_texts_like_any_other(tmp_path: Path) -> None:
    found = read(tmp_path / "own.csv", "text,label\nNA,null\nnull,NA\nnan,good\n")
    assert pairs(found) == {("NA", 1), ("null", 0), ("nan", 2)}


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    assert pairs(read(tmp_path / "own.csv", b"\xef\xbb\xbftext,label\nfine,good\n")) == {("fine", 2)}


def test_quoted_texts_may_hold_separators_and_line_breaks(tmp_path: Path) -> None:
    assert pairs(read(tmp_path / "own.csv", 'text,label\r\n"a, b\nc",good\r\n')) == {("a, b\nc", 2)}


def test_tabs_and_json_lines_are_read_too(tmp_path: Path) -> None:
    assert pairs(read(tmp_path / "own.tsv", "text\tlabel\na, b\tgood\n")) == {("a, b", 2)}
    assert pairs(read(tmp_path / "own.jsonl", '{"text": "a", "label": 0}\n\n{"text": "b", "label": 2}\n')) == {
        ("a", 0),
        ("b", 2),
    }


def test_other_column_names_can_be_given(tmp_path: Path) -> None:
    found = read(tmp_path / "own.csv", "id,review,mood\n7,nice,good\n", columns=(("text", "review"), ("label", "mood")))
    assert pairs(found) == {("nice", 2)}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "own.csv",
            "text,label\nfine,good\nfine,goood\n",
            "line 3: unknown label 'goood'; the labels are 'NA', 'null', 'good'",
        ),
        ("own.csv", 'text,label\n"two\nlines",good\nfine,9\n', "line 4: unknown label '9'"),
        ("own.csv", "text,label\nfine\n", "line 2: 1 cells, but the header has 2"),
        ("own.csv", "text,mood\nfine,good\n", "line 2: there is no column 'label'; the columns are 'text', 'mood'"),
        ("own.csv", "text,text\nfine,good\n", "line 1: a column name occurs twice"),
        ("own.csv", 'text,label\n"fine" x,good\n', "line 2: .*check the quotes"),
        ("own.csv", "text,label\n", "has no rows"),
        ("own.csv", b"text,label\nfine,good\n\xff,good\n", "line 3: this is not UTF-8"),
        ("own.csv", "text,label,split\nfine,good,tset\n", "line 2: unknown split 'tset'"),
        ("own.jsonl", '{"text": "a", "label": "NA"}\n{"text": \n', "line 2: not JSON"),
        ("own.jsonl", "[1]\n", "line 1: expected a JSON object, got a list"),
        ("own.jsonl", '{"text": 3, "label": "NA"}\n', "line 1: 'text' must be text, got 3"),
        ("own.jsonl", '{"text": "a", "label": null}\n', "line 1: unknown label None"),
        ("own.jsonl", '{"text": "a", "label": true}\n', "line 1: unknown label True"),
        ("own.xlsx", "", "from .csv, .tsv, .jsonl, .ndjson, .parquet files, got '.xlsx'"),
    ],
)
def test_errors_name_the_line_and_the_rule(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(tmp_path / name, content)


def test_class_numbers_count_only_where_no_class_is_called_by_a_number(tmp_path: Path) -> None:
    assert pairs(read(tmp_path / "own.csv", "text,label\na,1\n")) == {("a", 1)}
    assert pairs(read(tmp_path / "own.csv", "text,label\na,1\n", labels=("1", "0"))) == {("a", 0)}


def test_a_split_column_deals_the_rows(tmp_path: Path) -> None:
    found = read(tmp_path / "own.csv", "text,label,split\na,NA,train\nb,NA,dev\nc,NA,test\n")
    assert {split: rows.inputs for split, rows in found.items()} == {
        "calibration": ("a",),
        "validation": ("b",),
        "test": ("c",),
    }


def test_without_one_equal_texts_stay_in_one_split_and_half_the_rows_are_for_testing(tmp_path: Path) -> None:
    lines = [f"text {number},NA" for number in range(400)]
    found = read(tmp_path / "own.csv", "\n".join(["text,label", *lines, *lines]))
    inputs = {split: set(rows.inputs) for split, rows in found.items()}
    assert len(set.union(*inputs.values())) == sum(map(len, inputs.values())) == 400
    assert 170 < len(inputs["test"]) < 230 and 70 < len(inputs["validation"]) < 130


def test_a_suites_packed_lines_are_read_like_a_persons(tmp_path: Path) -> None:
    lines = [{"split": "test", "text": "a\u2028b", "label": 1}, {"split": "calibration", "text": "c", "label": 0}]
    path = tmp_path / "mood.jsonl.xz"
    path.write_bytes(lzma.compress("".join(json.dumps(line) + "\n" for line in lines).encode()))
    found = read_table(path, TableSpec("text-classification", ("bad", "good")))
    assert list(found) == ["calibration", "test"]
    assert found["test"].inputs == ("a\u2028b",) and found["test"].labels.tolist() == [1]
    path.write_bytes(b"not xz")
    with pytest.raises(ValueError, match=r"cannot read the rows in .*build its suite again"):
        read_table(path, TableSpec("text-classification", ("bad", "good")))


def test_examples_and_words_around_a_question_do_not_move_it_to_another_split(tmp_path: Path) -> None:
    path = tmp_path / "sums.jsonl"
    path.write_text(
        "".join(json.dumps({"prompt": f"{number} + 1", "answer": number + 1}) + "\n" for number in range(40))
    )
    shots = {"template": "Add: {prompt}", "few_shot": [{"prompt": "7 + 1", "answer": 8}]}
    plain, after = (
        read_table(path, TableSpec("generation", settings=find_kind("generation").settings_of(given)))
        for given in ({}, shots)
    )
    assert plain["test"].references == after["test"].references
    assert after["test"].row(0).input == f"Add: 7 + 1 8\n\nAdd: {plain['test'].row(0).input}"
