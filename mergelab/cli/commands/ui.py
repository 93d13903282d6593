"""Opens the lab in the browser."""

from __future__ import annotations

import argparse
from typing import Any

from mergelab.cli.flags import place_flags, port, portable_flag, subcommand


def add(commands: Any) -> None:
    """Add the command with its flags."""
    ui = subcommand(commands, "ui", _run, "open the lab in the browser")
    ui.add_argument("--port", type=port, default=None, help="port (default: 7860, or the next free one)")
    ui.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    place_flags(ui)
    portable_flag(ui)


def _run(options: argparse.Namespace) -> None:
    from mergelab.ui.page.serving.app import launch

    launch(host=options.host, port=options.port, device=options.device, models_dir=options.models_dir)
