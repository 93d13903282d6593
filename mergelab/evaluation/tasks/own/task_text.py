"""Writes the task.yml with which a task set is read on the command line as it was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from mergelab.evaluation.tasks.own.description import FIELDS
from mergelab.evaluation.tasks.own.located import Located
from mergelab.evaluation.tasks.own.task_check import TaskReport
from mergelab.evaluation.tasks.tables.table import Part


def task_text(located: Located, report: TaskReport, expert: str = "") -> str:
    """The text of a task.yml that stands beside the tables: what was said of them, and what was recognised.

    `expert` is the model that was named to answer. The name of the task set becomes its title, because the folder may be called
    something else.
    """
    found: dict[str, Any] = {
        "title": located.name,
        **located.fields,
        "kind": report.kind,
        "columns": dict(report.columns),
        **({"head": expert} if expert else {}),
        **_rows(located),
    }
    kept = {name: found[name] for name in FIELDS if found.get(name) not in (None, "", {}, [])}
    return str(yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120))


def _rows(located: Located) -> dict[str, Any]:
    """Where the rows are: the data set of the Hub, or the files by their names in the folder of the task.yml."""
    if located.source:
        return {"dataset": located.source}
    return {"files": located.fields.get("files") or _files(located, located.parts)}


def _files(located: Located, parts: Sequence[Part]) -> Any:
    folder = located.path if located.path.is_dir() else located.path.parent
    by_split: dict[str, list[str]] = {}
    for split, path in parts:
        by_split.setdefault(split, []).append(path.relative_to(folder).as_posix())
    alone = {split: names[0] if len(names) == 1 else names for split, names in by_split.items()}
    return alone[""] if set(alone) == {""} else alone
