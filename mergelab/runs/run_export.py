"""Writes runs as CSV, Parquet or YAML."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
import yaml

from mergelab.runs.run_columns import columns_of, table_columns
from mergelab.runs.run_record import RunRecord
from mergelab.runs.runs_error import RunsError


def exported(runs: Sequence[RunRecord], form: str) -> bytes:
    """The runs in one of `FORMS`: CSV (UTF-8) and Parquet with one row per run, YAML with everything but single answers.

    Raises `RunsError` for another form, and for Parquet without the extra `parquet`.
    """
    if form not in FORMS:
        raise RunsError(f"runs can be written as {', '.join(FORMS)}, not as {form!r}")
    return FORMS[form](runs)


def _table(runs: Sequence[RunRecord]) -> pd.DataFrame:
    rows = [columns_of(run) for run in runs]
    return pd.DataFrame(rows, columns=table_columns(runs, rows, all_columns=True))


def _csv(runs: Sequence[RunRecord]) -> bytes:
    return _table(runs).to_csv(index=False).encode()


def _parquet(runs: Sequence[RunRecord]) -> bytes:
    """Columns of several types are texts, because a column of Parquet has one."""
    table, file = _table(runs).convert_dtypes(), io.BytesIO()
    mixed = table.select_dtypes("object").columns
    table[mixed] = table[mixed].astype("string")
    try:
        table.to_parquet(file, index=False)
    except ImportError as error:
        raise RunsError("Parquet needs pyarrow: pip install 'mergelab[parquet]'") from error
    return file.getvalue()


def _yaml(runs: Sequence[RunRecord]) -> bytes:
    found = [_mapping(run) for run in runs]
    return yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=120).encode()


def _mapping(run: RunRecord) -> dict[str, Any]:
    found = asdict(run)
    found["request"]["kind"], found["state"] = run.request.kind.value, run.state.value
    found["tags"] = sorted(run.tags)
    for name in ("created", "started", "ended"):
        found[name] = found[name] and found[name].isoformat()
    if found["result"]:
        found["result"]["notes"] = list(found["result"]["notes"])
        scores = found["result"]["scores"]
        found["result"]["scores"] = [_without_answers(score) for score in scores]
    return found


def _without_answers(score: dict[str, Any]) -> dict[str, Any]:
    return {
        name: list(v) if isinstance(v, tuple) else v for name, v in score.items() if name not in ("answers", "first")
    }


FORMS: dict[str, Callable[[Sequence[RunRecord]], bytes]] = {"csv": _csv, "parquet": _parquet, "yaml": _yaml}
