from pathlib import Path

import pytest

from mergelab.evaluation.tasks.tables import limits
from mergelab.evaluation.tasks.tables.records import records
from mergelab.evaluation.tasks.task_error import TaskError, TaskProblems


def told(path: Path, content: str) -> tuple[str, ...]:
    """The problems of a file, up to twenty."""
    path.write_text(content, encoding="utf-8")
    problems = TaskProblems(20)
    try:
        list(records(path, problems))
    except TaskError as error:
        return error.problems
    return tuple(problems.found)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "a.jsonl",
            '{"text": "a"}\n{"text": 3}\n',
            ["line 2: 'text' is a number, but it is text in line 1; write one type"],
        ),
        (
            "a.jsonl",
            '{"a": 1}\n{"a": 1.5}\n{"a": true}\n',
            ["line 3: 'a' is true or false, but it is a number in line 1"],
        ),
        ("a.jsonl", '{"a": null}\n{"a": "x"}\n{"a": null}\n', []),
        ("a.jsonl", '{"a": 1, "a": 2}\n', ["line 1: the key 'a' occurs twice; keep one"]),
        ("a.jsonl", '{"a": NaN}\n', ["line 1: not JSON (NaN is no number of JSON)"]),
        ("a.jsonl", '{"a": "\\ud800"}\n', ["line 1: the cell in column 'a' holds half of a character"]),
        ("a.jsonl", '[1]\n{"a": 1}\nx\n', ["line 1: expected a JSON object", "line 3: not JSON"]),
        ("a.csv", "a,b\n1\n1,2\n1,2,3\n", ["line 2: 1 cells, but the header has 2", "line 4: 3 cells"]),
        ("a.csv", 'a,b\n1\n"x\n', ["line 2: 1 cells", "line 3: unexpected end of data; check the quotes"]),
    ],
)
def test_every_bad_line_is_told(tmp_path: Path, name: str, content: str, expected: list[str]) -> None:
    found = told(tmp_path / name, content)
    assert len(found) == len(expected)
    assert all(start in problem for start, problem in zip(expected, found, strict=True))


def test_no_more_than_twenty_problems_are_looked_for(tmp_path: Path) -> None:
    assert len(told(tmp_path / "a.csv", "a,b\n" + "1\n" * 50)) == 20


def test_the_limits_name_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("LONGEST_CELL", 5), ("MOST_ROWS", 2)):
        monkeypatch.setattr(limits, name, value)
    assert "has 6 characters, more than the 5 allowed; shorten it" in told(tmp_path / "a.csv", "a\nxxxxxx\n")[0]
    assert "has more than 2 rows, the most that are read" in told(tmp_path / "a.csv", "a\n1\n2\n3\n")[0]
    monkeypatch.setattr(limits, "MOST_BYTES", 3)
    assert "more than the 0 MB that are read" in told(tmp_path / "a.csv", "a\n1\n2\n")[0]
