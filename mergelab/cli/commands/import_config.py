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
    from mergelab.recipe.mergekit import from_mergekit
    from mergelab.runtime.yaml_text import read_text

    read = from_mergekit(read_text(Path(options.config)))
    for remark in read.remarks:
        print(f"mergelab: {remark}", file=sys.stderr)
    print(read.to_yaml(), end="")
