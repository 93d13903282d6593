"""Lists the presets."""

from __future__ import annotations

import argparse
from typing import Any

from mergelab.cli.flags import subcommand


def add(commands: Any) -> None:
    """Add the command with its flags."""
    subcommand(commands, "presets", _run, "list ways to merge that papers and other tools have")


def _run(options: argparse.Namespace) -> None:
    from mergelab.recipe.presets import presets

    for preset in presets().values():
        print(f"{preset.title}\t{preset.cites}")
