"""Shows, compares, marks, exports and forgets remembered runs."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mergelab.cli.flags import expanded, json_flag, place_flags, positive, subcommand, task_flags
from mergelab.cli.remembered import finished, opened, runs_flag

if TYPE_CHECKING:
    from mergelab.runs import RunRecord

LIMIT = 50
HASH = re.compile("[0-9a-f]{64}")


def add(commands: Any) -> None:
    """Add the command with its flags."""
    parser = commands.add_parser("runs", help="list, compare, reproduce and export remembered runs")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listed = _action(actions, "list", _list, "list runs, the newest first, with the columns in which they differ")
    listed.add_argument("--all-columns", action="store_true", help="also the columns in which they do not differ")
    listed.add_argument("--tag", help="only runs with this tag")
    listed.add_argument("--starred", action="store_true", help="only runs with a star")
    listed.add_argument("--archived", action="store_true", help="archived runs instead of the others")
    listed.add_argument("--limit", type=positive, default=LIMIT, metavar="N", help=f"at most N runs (default: {LIMIT})")
    json_flag(listed)
    shown = _action(actions, "show", _show, "show all that is known of a run")
    _number(shown)
    compared = _action(actions, "compare", _compare, "show what differs, with paired differences on the same rows")
    compared.add_argument(
        "numbers", nargs="+", type=positive, metavar="N", help="runs to compare with the first of them"
    )
    again = _action(
        actions, "reproduce", _reproduce, "merge a run's recipe again, and say whether the weights are the same"
    )
    _number(again)
    task_flags(again, "the calibration examples of the run, where its method took own ones")
    place_flags(again)
    mark = _action(actions, "mark", _mark, "say something about a run: a note, a star, tags, archived or not")
    _number(mark)
    mark.add_argument("--note", help="a text; an empty one removes it")
    mark.add_argument("--star", action=argparse.BooleanOptionalAction, help="put a star on it, or take it away")
    mark.add_argument(
        "--archive", action=argparse.BooleanOptionalAction, help="take it out of the list, or put it back"
    )
    mark.add_argument("--tags", nargs="*", metavar="TAG", help="replace its tags")
    export = _action(actions, "export", _export, "write runs to a file")
    export.add_argument("numbers", nargs="*", type=positive, metavar="N", help="these runs (default: all)")
    export.add_argument(
        "--format", choices=("csv", "parquet", "yaml"), help="default: by the ending of --out, else csv"
    )
    export.add_argument("--out", type=expanded, metavar="FILE", help="the file; without it the text is printed")
    prune = _action(actions, "prune", _prune, "forget runs that have ended, but none with a star")
    prune.add_argument("numbers", nargs="*", type=positive, metavar="N", help="these runs")
    prune.add_argument("--older-than", type=positive, metavar="DAYS", help="runs that began earlier")
    prune.add_argument("--failed", action="store_true", help="runs that failed, were cancelled or interrupted")


def _action(actions: Any, name: str, run: Any, help: str) -> argparse.ArgumentParser:
    parser = subcommand(actions, name, run, help)
    runs_flag(parser)
    return parser


def _number(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", type=positive, metavar="N", help="the run's number")


def _list(options: argparse.Namespace) -> None:
    from mergelab.runs.run_columns import columns_of, table_columns

    with opened(options) as store:
        asked = {"tag": options.tag, "starred": options.starred or None, "archived": options.archived}
        runs = store.runs(**asked, limit=options.limit)
    rows = [columns_of(run) for run in runs]
    if options.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    elif rows:
        print(_table(rows, table_columns(runs, rows, all_columns=options.all_columns)))
    else:
        print(
            "there are no runs yet: mergelab merge, mergelab evaluate and the page's merges are remembered",
            file=sys.stderr,
        )


def _show(options: argparse.Namespace) -> None:
    from mergelab.runs.run_export import exported

    with opened(options) as store:
        print(exported([store.get(options.number)], "yaml").decode(), end="")


def _compare(options: argparse.Namespace) -> None:
    from mergelab.runs import RunsError
    from mergelab.runs.run_columns import columns_of, table_columns
    from mergelab.runs.run_comparison import comparison_text

    if len(set(options.numbers)) < 2:
        raise RunsError("compare needs at least two different runs")
    with opened(options) as store:
        first, *others = [store.get(number) for number in dict.fromkeys(options.numbers)]
    runs = [first, *others]
    rows = [columns_of(run) for run in runs]
    print(_table(rows, table_columns(runs, rows)))
    for other in others:
        print(f"\n{comparison_text(first, other)}")


def _reproduce(options: argparse.Namespace) -> None:
    """Exits with 1 if the weights differ."""
    from mergelab.jobs.recording.reproduce_job import reproduce, verdict

    with opened(options) as store:
        run = store.get(options.number)
    job = reproduce(run, options.device, options.models_dir, options.task, options.head)
    is_same, told = verdict(run, finished(job))
    print(told)
    if not is_same:
        sys.exit(1)


def _mark(options: argparse.Namespace) -> None:
    with opened(options) as store:
        store.annotate(
            options.number, note=options.note, starred=options.star, archived=options.archive, tags=options.tags
        )


def _export(options: argparse.Namespace) -> None:
    from mergelab.runs.run_export import exported

    with opened(options) as store:
        runs = [store.get(number) for number in options.numbers] if options.numbers else store.runs(archived=None)
    ending = Path(options.out or "").suffix.lstrip(".").replace("yml", "yaml")
    written = exported(runs, options.format or ending or "csv")
    if options.out:
        Path(options.out).write_bytes(written)
    else:
        sys.stdout.buffer.write(written)


def _prune(options: argparse.Namespace) -> None:
    from mergelab.runs import RunsError

    if not (options.numbers or options.older_than or options.failed):
        raise RunsError("say which runs to forget: their numbers, --older-than DAYS or --failed")
    with opened(options) as store:
        chosen = [run.id for run in store.runs(archived=None) if _goes(run, options)]
        print(f"forgot {store.remove(chosen)} of {len(chosen)} runs")


def _goes(run: RunRecord, options: argparse.Namespace) -> bool:
    """Whether the run meets every condition that was given."""
    from mergelab.runs import RunState

    is_old = options.older_than is None or run.created < datetime.now(UTC) - timedelta(days=options.older_than)
    is_named = not options.numbers or run.id in options.numbers
    has_failed = run.state in (RunState.FAILED, RunState.CANCELLED, RunState.INTERRUPTED)
    return is_named and is_old and (has_failed or not options.failed) and not run.starred


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Rows under their columns, as text."""
    cells = [list(columns), *([_cell(row.get(name)) for name in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and HASH.fullmatch(value):
        return value[:12]
    return f"{value:.4g}" if isinstance(value, float) else str(value)
