"""Prints a mergekit config as a recipe."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from mergelab.cli.flags import subcommand


def add(commands: Any) -> None:
    """Add the command with its flags."""
    read = subcommand(commands, "import", _run, "print a mergekit config as a recipe")
    read.add_argument("config", metavar="CONFIG.yml", help="the mergekit config")


def _run(options: argparse.Namespace) -> None:
    from mergelab.recipe import read_file
    from mergelab.recipe.mergekit import from_mergekit

    read = from_mergekit(read_file(Path(options.config)))
    for remark in read.remarks:
        print(f"mergelab: {remark}", file=sys.stderr)
    print(read.to_yaml(), end="")
