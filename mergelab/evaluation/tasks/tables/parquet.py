"""Reads Parquet in batches of rows, with the class names that Hub datasets keep in the file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mergelab.evaluation.tasks.tables.limits import check_count, check_size
from mergelab.evaluation.tasks.tables.record import Record
from mergelab.evaluation.tasks.task_error import TaskError, TaskProblems

ENDING = ".parquet"
BATCH = 1024
"""Rows that are unpacked at once."""


def read_parquet(path: Path, problems: TaskProblems) -> Iterator[Record]:
    """The records of a Parquet file. Columns of texts, numbers and lists are read; others, such as images, are left out.

    Numbers of classes become their names if the file names them (`ClassLabel` of a Hub dataset). Raises `TaskError` without
    pyarrow.
    """
    parquet = _library()
    import pyarrow

    check_size(path)
    row = 0
    try:
        with parquet.ParquetFile(path) as file:
            _check_extent(path, file.metadata)
            readable, names = _columns(path, file.schema_arrow, problems), _class_names(file.schema_arrow)
            for batch in file.iter_batches(BATCH, columns=readable):
                for cells in batch.to_pylist():
                    row += 1
                    yield _record(f"{path}, row {row}", cells, names, problems)
    except (pyarrow.ArrowException, OSError) as error:
        problems.stop(
            f"{path}: this is no Parquet file that can be read ({' '.join(str(error).split())[:200]}); write it again"
        )


def _library() -> Any:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise TaskError(
            "Parquet files are read by pyarrow, which is not installed; run `pip install 'mergelab[parquet]'`, or save the rows as JSON lines"
        ) from error
    return parquet


def _check_extent(path: Path, metadata: Any) -> None:
    check_count(path, metadata.num_rows)
    check_size(path, sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)))


def _columns(path: Path, schema: Any, problems: TaskProblems) -> list[str]:
    """The columns that can be cells of a task."""
    twice = sorted({name for name in schema.names if schema.names.count(name) > 1})
    if twice:
        problems.stop(f"{path}: a column name occurs twice: {', '.join(map(repr, twice))}; rename one of them")
    return [field.name for field in schema if _is_plain(field.type)]


def _is_plain(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind) or types.is_list(kind) or types.is_large_list(kind):
        return _is_plain(kind.value_type)
    tests = (types.is_string, types.is_large_string, types.is_string_view, types.is_integer, types.is_floating)
    return any(test(kind) for test in (*tests, types.is_boolean))


def _class_names(schema: Any) -> Mapping[str, list[str]]:
    """The names of classes by column, from the features of a Hub dataset; none where the file does not say them."""
    try:
        features = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        labels = {name: each for name, each in features.items() if each.get("_type") == "ClassLabel"}
        return {name: [str(one) for one in each["names"]] for name, each in labels.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _record(place: str, cells: dict[str, Any], names: Mapping[str, list[str]], problems: TaskProblems) -> Record:
    for column, classes in names.items():
        number = cells.get(column)
        if isinstance(number, int) and 0 <= number < len(classes):
            cells[column] = classes[number]
    return Record(place, cells)
