"""Reports the interference between the experts of a recipe, without merging."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from mergelab.cli.flags import expanded, place_flags, positive, recipe_flags, recipe_of, subcommand, task_flags
from mergelab.cli.progress_bar import followed
from mergelab.runtime.lasting_imports import lasting_imports


def add(commands: Any) -> None:
    """Add the command with its flags."""
    inspect = subcommand(commands, "inspect", _run, "report interference between experts, without merging")
    recipe_flags(inspect)
    inspect.add_argument(
        "--json", type=expanded, metavar="FILE", help="write all figures as JSON (- for standard output)"
    )
    inspect.add_argument("--html", type=expanded, metavar="FILE", help="write one self-contained page with all charts")
    inspect.add_argument(
        "--top", type=positive, metavar="K", help="number of leading directions to compare (default: 64)"
    )
    task_flags(inspect, "calibration examples on which the features of models without a suite are compared")
    place_flags(inspect)


def _run(options: argparse.Namespace) -> None:
    with lasting_imports():
        from mergelab import report
        from mergelab.jobs import workbench

    targets = {"--json": options.json, "--html": options.html}
    if options.json == options.html == "-":
        raise ValueError("only one of --json and --html can go to standard output; name a file for the other")
    for flag, target in targets.items():
        _check_target(flag, target)
    found = followed(
        workbench.inspection_report(
            recipe_of(options).to_mapping(), options.top, options.device, options.models_dir, options.task, options.head
        )
    )
    if options.json:
        _put(options.json, json.dumps(report.mapping_of(found), indent=1, allow_nan=False, ensure_ascii=False) + "\n")
    if options.html:
        _put(options.html, report.page(found))
    if not any(targets.values()):
        print(report.text(found), end="")


def _check_target(flag: str, target: str | None) -> None:
    """Raise an error before the work starts if the output could not be written after it."""
    if target and target != "-" and not Path(target).absolute().parent.is_dir():
        raise ValueError(f"{flag} {target}: there is no folder {Path(target).parent}; create it or choose another one")
    if target and Path(target).is_dir():
        raise ValueError(f"{flag} {target} is a folder; name a file")


def _put(target: str, text: str) -> None:
    """Write to a file, all or nothing, or to standard output for -."""
    from mergelab.runtime.cache import write_atomically

    if target == "-":
        print(text, end="")
    else:
        write_atomically(Path(target), text.encode())
