"""Task sets as the page shows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePath

from mergelab.evaluation.kinds import KINDS, find_kind, without_probe
from mergelab.evaluation.tasks.own import GivenTask
from mergelab.evaluation.tasks.own.heads import PROBE
from mergelab.evaluation.tasks.own.task_check import TaskReport
from mergelab.evaluation.tasks.own.task_look import TaskLook
from mergelab.evaluation.tasks.tables.limits import MOST_COLUMNS
from mergelab.ui.messages import TaskColumn, TaskRow, TaskSets, TaskSetView, TaskSplit
from mergelab.ui.session.task_sets.task_list import ListedTask
from mergelab.ui.session.task_sets.uploads import Uploads

LONGEST_ROW = 4_000
"""The most characters of a row that are shown; a cell may have 100,000."""
MOST_LABELS = 40
"""The most labels that are listed; a task may have 1,000."""
UNREAD = "it was not read to its end; press “Look at task sets” under “Your own models”"


def render_task_sets(
    tasks: Sequence[ListedTask], heads: Mapping[str, str], loaded: Collection[GivenTask], uploads: Uploads
) -> TaskSets:
    """The list for the page. `heads` are the models that may answer, by reference; `loaded` the task sets that are in use."""
    kinds = {name: kind.title for name, kind in sorted(KINDS.items()) if kind.columns and not kind.is_probe}
    shown = [_view(task, task.corrected in loaded, uploads) for task in tasks]
    return TaskSets(shown, kinds, heads, "", (), False, 0.0)


def _view(task: ListedTask, used: bool, uploads: Uploads) -> TaskSetView:
    look = task.look or TaskLook(TaskReport(task.name, problems=[UNREAD]))
    report, said, plain = look.report, task.corrected, uploads.plain
    kind = without_probe(report.kind)
    head = PROBE if kind != report.kind else said.expert or str(said.said.get("head") or "")
    return TaskSetView(
        key=task.key,
        title=task.name,
        origin=uploads.origin(said) if task.uploaded else task.line,
        uploaded=task.uploaded,
        kept=task.kept,
        kind=kind,
        columns=_columns(report),
        table=look.table[:MOST_COLUMNS],
        head=head,
        answers=_answers(report, head),
        has_probe=bool(kind) and bool(find_kind(kind).probed_as),
        labels=_few(report.labels),
        splits=_splits(report),
        split=look.split,
        rows=[TaskRow(PurePath(row.place).name, _cut(row.asked), _cut(row.answer)) for row in look.rows],
        notes=[plain(note) for note in (*report.notes, *_duplicates(report))],
        problems=[plain(problem) for problem in report.problems],
        more=report.more,
        text=look.text,
        corrected=bool(said.said),
        used=used,
    )


def _columns(report: TaskReport) -> list[TaskColumn]:
    columns = find_kind(report.kind).columns if report.kind else ()
    return [TaskColumn(each.name, each.help, each.required, report.columns.get(each.name, "")) for each in columns]


def _answers(report: TaskReport, head: str) -> str:
    """Which model answers if no `head` is chosen."""
    has_classes = bool(report.kind) and find_kind(report.kind).has_classes
    if head or not report.head:
        return "the expert with exactly these labels" if has_classes else "the base, or any model that is scored"
    return f"{report.head}, by its labels" if has_classes else report.head


def _splits(report: TaskReport) -> list[TaskSplit]:
    return [TaskSplit(split, count, _classes(report.classes.get(split, {}))) for split, count in report.rows.items()]


def _classes(counts: Mapping[str, int]) -> str:
    return ", ".join(_few([f"{label} {count:,}" for label, count in counts.items()]))


def _few(names: Sequence[str]) -> list[str]:
    more = len(names) - MOST_LABELS
    return [*names[:MOST_LABELS], *([f"and {more:,} more"] if more > 0 else [])]


def _duplicates(report: TaskReport) -> list[str]:
    return [
        f"{count:,} question{'s are' if count > 1 else ' is'} in both {pair}; scores on them are too good"
        for pair, count in report.duplicates.items()
    ]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_ROW else f"{text[:LONGEST_ROW]}… ({len(text):,} characters)"
