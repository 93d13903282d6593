"""Prints the recipe that a mergekit config means."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from mergelab.cli.flags import subcommand


def add(commands: Any) -> None:
    """Add the command with its flags."""
    read = subcommand(commands, "import", _run, "print the recipe that a mergekit config means")
    read.add_argument("config", metavar="CONFIG.yml", help="the mergekit config")


def _run(options: argparse.Namespace) -> None:
    from mergelab.recipe.mergekit import from_mergekit

    read = from_mergekit(Path(options.config).read_text(encoding="utf-8-sig"))
    for remark in read.remarks:
        print(f"mergelab: {remark}", file=sys.stderr)
    print(read.recipe.to_yaml(), end="")
