"""Prints the mergekit config that a recipe means."""

from __future__ import annotations

import argparse
from typing import Any

from mergelab.cli.flags import subcommand


def add(commands: Any) -> None:
    """Add the command with its flags."""
    export = subcommand(commands, "export", _run, "print the mergekit config that a recipe means")
    export.add_argument("recipe", metavar="RECIPE.yml", help="the recipe file (YAML or JSON)")


def _run(options: argparse.Namespace) -> None:
    from mergelab.recipe import Recipe
    from mergelab.recipe.mergekit import to_mergekit

    print(to_mergekit(Recipe.from_file(options.recipe)), end="")
