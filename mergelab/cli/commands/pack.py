"""Stores an expert as its delta from a base."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mergelab.cli.flags import base_and, base_flags, positive, subcommand
from mergelab.cli.progress_bar import followed


def add(commands: Any) -> None:
    """Add the command with its flags."""
    pack = subcommand(
        commands, "pack", _run, "store an expert as its delta from a base, exactly unless --levels is given"
    )
    pack.add_argument("expert", metavar="EXPERT", help="folder, suite name or owner/name@revision")
    pack.add_argument(
        "--levels",
        type=positive,
        metavar="N",
        help="round each row to N steps on each side of 0 (15: about 4.5 bits per entry)",
    )
    base_flags(pack)


def _run(options: argparse.Namespace) -> None:
    from mergelab.checkpoints import pack_expert

    base, expert = base_and(options.expert, options)
    made = followed(pack_expert(expert, base, Path(options.out), options.levels))
    told = f"relative error {made.error:.3g}" if options.levels else "exact"
    print(f"{made.folder}: {made.nbytes / 1e6:.1f} MB instead of {made.expert_nbytes / 1e6:.1f} MB, {told}")
