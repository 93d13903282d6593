"""Extracts a LoRA adapter from a merged model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from mergelab.cli.flags import base_and, base_flags, positive, subcommand
from mergelab.cli.progress_bar import followed


def add(commands: Any) -> None:
    """Add the command with its flags."""
    adapter = subcommand(commands, "adapter", _run, "extract a merged model's delta as a LoRA adapter of its base")
    adapter.add_argument("model", metavar="MODEL", help="folder, suite name or owner/name@revision")
    adapter.add_argument("--rank", type=positive, required=True, metavar="R", help="rank of every factor")
    base_flags(adapter)


def _run(options: argparse.Namespace) -> None:
    from mergelab.checkpoints import extract_adapter

    base, merged = base_and(options.model, options)
    made = followed(extract_adapter(base, merged, Path(options.out), options.rank))
    for key, reason in made.left_out.items():
        print(f"mergelab: left out {key}: {reason}", file=sys.stderr)
    print(f"{made.folder}: rank {made.rank}, {made.nbytes / 1e6:.1f} MB, relative error {made.error:.3g}")
