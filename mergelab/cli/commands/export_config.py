"""Prints a recipe as a mergekit config."""

from __future__ import annotations

import argparse
from typing import Any

from mergelab.cli.flags import subcommand


def add(commands: Any) -> None:
    """Add the command with its flags."""
    export = subcommand(commands, "export", _run, "print a recipe as a mergekit config")
    export.add_argument("recipe", metavar="RECIPE.yml", help="the recipe file (YAML or JSON)")


def _run(options: argparse.Namespace) -> None:
    from mergelab.recipe import read_mapping_file
    from mergelab.recipe.mergekit import to_mergekit
    from mergelab.recipe.stack_recipe import read_any_recipe

    print(to_mergekit(read_any_recipe(read_mapping_file(options.recipe))), end="")
