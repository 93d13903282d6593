import json
from pathlib import Path
from typing import Any

import pytest

from mergelab.evaluation.tasks.tables import limits, parquet
from mergelab.evaluation.tasks.tables.record import Record
from mergelab.evaluation.tasks.tables.records import records
from mergelab.evaluation.tasks.task_error import TaskError

pyarrow = pytest.importorskip("pyarrow", reason="Parquet needs mergelab[parquet]")


def written(path: Path, columns: dict[str, Any], names: list[str] | None = None) -> Path:
    from pyarrow.parquet import write_table

    table = pyarrow.table(columns)
    if names:
        features = {"label": {"names": names, "_type": "ClassLabel"}, "text": {"dtype": "string", "_type": "Value"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    write_table(table, path)
    return path


def test_rows_are_read_in_batches_and_counted_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "BATCH", 2)
    path = written(tmp_path / "a.parquet", {"text": ["a", "b", "c"], "options": [["x"], ["y"], None], "n": [1, 2, 3]})
    assert list(records(path)) == [
        Record(f"{path}, row 1", {"text": "a", "options": ["x"], "n": 1}),
        Record(f"{path}, row 2", {"text": "b", "options": ["y"], "n": 2}),
        Record(f"{path}, row 3", {"text": "c", "options": None, "n": 3}),
    ]


def test_numbers_of_classes_have_the_names_that_a_hub_data_set_gives_them(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", {"text": ["a", "b", "c"], "label": [1, 0, -1]}, ["neg", "pos"])
    assert [record.cells["label"] for record in records(path)] == ["pos", "neg", -1], "-1 means unlabelled, and stays"


def test_columns_that_are_no_cells_are_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", {"text": ["a"], "image": [b"\xff"]})
    assert [record.cells for record in records(path)] == [{"text": "a"}]


def test_what_is_no_parquet_or_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "b.parquet"
    broken.write_bytes(b"PAR1 no")
    with pytest.raises(TaskError, match=r"b.parquet: this is no Parquet file that can be read \("):
        list(records(broken))
    path = written(tmp_path / "a.parquet", {"text": ["a"] * 5})
    monkeypatch.setattr(limits, "MOST_ROWS", 4)
    with pytest.raises(TaskError, match="has more than 4 rows, the most that are read"):
        list(records(path))
    monkeypatch.setattr(limits, "MOST_BYTES", 10)
    with pytest.raises(TaskError, match="more than the 0 MB that are read; keep fewer rows"):
        list(records(path))
