"""Checks and shows a task set of one's own."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mergelab.cli.flags import expanded, head_flag, json_flag, models_dir_flag, positive, subcommand
from mergelab.cli.progress_bar import followed

if TYPE_CHECKING:
    from mergelab.evaluation.tasks.own.shown_rows import ShownRow
    from mergelab.evaluation.tasks.own.task_check import TaskReport


def add(commands: Any) -> None:
    """Add the command with its flags."""
    task = commands.add_parser("task", help="check or show a task set of your own").add_subparsers(
        required=True, metavar="ACTION"
    )
    _flags(subcommand(task, "check", _check, "read a task set strictly and list what is wrong with it"))
    show = subcommand(task, "show", _show, "print rows of a task set as the model will see them")
    show.add_argument("--rows", type=positive, default=5, metavar="N", help="number of rows (default: 5)")
    show.add_argument(
        "--split", choices=("calibration", "validation", "test"), default="validation", help="default: validation"
    )
    _flags(show)


def _flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "task", type=expanded, metavar="TASK", help="file, folder, or owner/name@revision#config on the Hub"
    )
    head_flag(parser)
    json_flag(parser)
    models_dir_flag(parser)


def _check(options: argparse.Namespace) -> None:
    from mergelab.evaluation.tasks import TaskError
    from mergelab.jobs import workbench

    report = followed(workbench.check_task(options.task, options.head, options.models_dir))
    print(json.dumps(asdict(report), indent=2, ensure_ascii=False) if options.json else "\n".join(report_lines(report)))
    if report.problems:
        raise TaskError(*report.told)


def report_lines(report: TaskReport) -> Iterator[str]:
    """What a task set is, without its problems; only its name if it could not be opened."""
    yield report.name
    if not report.kind:
        return
    columns = ", ".join(own if own == name else f"{own} = {name}" for own, name in report.columns.items())
    yield f"  {'kind':<13}{report.kind}"
    yield f"  {'columns':<13}{columns}"
    if report.labels:
        yield f"  {'labels':<13}{', '.join(report.labels)}"
    yield f"  {'head':<13}{report.head or _unnamed_head(report)}"
    for split, count in report.rows.items():
        classes = ", ".join(f"{label} {number}" for label, number in report.classes.get(split, {}).items())
        yield f"  {split:<13}{count} rows{f': {classes}' if classes else ''}"
    for pair, count in report.duplicates.items():
        yield f"  {count} question{'s are' if count > 1 else ' is'} in both {pair}; scores on them are too good"
    for note in report.notes:
        yield f"  note: {note}"


def _unnamed_head(report: TaskReport) -> str:
    """Which model will answer a task set that names none."""
    if report.labels:
        return "none named; the expert of a recipe, or the model, that has exactly these labels"
    return "none named; the base of a recipe, or the model"


def _show(options: argparse.Namespace) -> None:
    from mergelab.jobs import workbench

    found = followed(workbench.show_task(options.task, options.split, options.rows, options.head, options.models_dir))
    if options.json:
        print(json.dumps([asdict(row) for row in found], indent=2, ensure_ascii=False))
    else:
        print("\n\n".join(map(_row, found)))


def _row(row: ShownRow) -> str:
    answer = f"\n→ {row.answer}" if row.answer else ""
    return f"{row.place}\n{row.asked}{answer}"
