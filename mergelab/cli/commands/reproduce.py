"""Puts the papers' claims to the test on the demo suites."""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mergelab.cli.flags import device_flag, expanded, json_flag, positive, subcommand
from mergelab.cli.progress_bar import followed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mergelab.jobs.papers.reproduction import Reproduction
    from mergelab.jobs.papers.reproduction_record import ReproductionRecord

ROWS = 200


def add(commands: Any) -> None:
    """Add the command with its flags."""
    reproduce = subcommand(commands, "reproduce", _run, "measure what the papers report on the demo suites")
    reproduce.add_argument(
        "name", nargs="*", metavar="NAME", help="phenomena by name (default: all; --list names them)"
    )
    reproduce.add_argument("--list", action="store_true", help="list the phenomena and measure nothing")
    reproduce.add_argument(
        "--suite", nargs="+", metavar="SUITE", default=[], help="suites to measure on (default: all that are there)"
    )
    reproduce.add_argument(
        "--rows", type=positive, default=ROWS, metavar="N", help=f"test rows per task (default: {ROWS})"
    )
    reproduce.add_argument(
        "--full", action="store_true", help="all test rows, and five seeds of random merges, not two"
    )
    reproduce.add_argument(
        "--known", action="store_true", help="tell what was measured before, and measure nothing new"
    )
    json_flag(reproduce)
    reproduce.add_argument(
        "--out",
        type=expanded,
        metavar="FILE",
        help="write a Markdown page, and beside it the figures as JSON; what they have of other phenomena and suites stays",
    )
    device_flag(reproduce)


def _run(options: argparse.Namespace) -> None:
    from mergelab.jobs import workbench
    from mergelab.jobs.papers.papers_job import FULL_SEEDS, QUICK_SEEDS, chosen_phenomena

    if options.list:
        for each in chosen_phenomena(options.name):
            print(f"{each.number:>2}  {each.name:<17}{each.title}")
        return
    before = _recorded(options.out) if options.out else None
    rows, seeds = (None, FULL_SEEDS) if options.full else (options.rows, QUICK_SEEDS)
    found = followed(
        workbench.reproduce_papers(options.name, options.suite, rows, seeds, options.device, options.known)
    )
    print(_json(found) if options.json else verdict_lines(found))
    if options.out:
        _write(found, before, options)


def verdict_lines(found: Sequence[Reproduction]) -> str:
    """One paragraph for each phenomenon and suite."""
    return "\n".join(
        f"{each.number:>2}  {each.name:<17}{each.suite:<8}{each.verdict.value}\n    {each.sentence}" for each in found
    )


def _json(found: Sequence[Reproduction]) -> str:
    from mergelab.jobs.papers.reproduction_record import plain

    return json.dumps([plain(each) for each in found], indent=2)


def _recorded(out: str) -> ReproductionRecord | None:
    """The record beside a page, if there is one. Raises `ValueError` for a file of this name that is something else, before
    anything is measured in vain."""
    from mergelab.jobs.papers.reproduction_record import ReproductionRecord

    path = Path(out).with_suffix(".json")
    if not path.exists():
        return None
    try:
        return ReproductionRecord.from_json(path.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is no record of reproductions, and would be replaced by one; give another --out FILE"
        ) from error


def _write(found: Sequence[Reproduction], before: ReproductionRecord | None, options: argparse.Namespace) -> None:
    """The record with what it had before, and the page that is rendered from it."""
    from mergelab.jobs.papers.reproduction_record import ReproductionRecord
    from mergelab.jobs.papers.reproductions_page import reproductions_page

    how = ["--full"] if options.full else ["--rows", str(options.rows)]
    suites = ["--suite", *options.suite] if options.suite else []
    known = ["--known"] if options.known else []
    command = shlex.join(["mergelab", "reproduce", *options.name, *suites, *how, *known, "--out", options.out])
    record, page = ReproductionRecord((command,), tuple(found)), Path(options.out)
    record = before.updated(record) if before else record
    page.with_suffix(".json").write_text(record.to_json(), encoding="utf-8")
    page.write_text(reproductions_page(record), encoding="utf-8")
