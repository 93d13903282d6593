"""Opens the lab in the browser."""

from __future__ import annotations

import argparse
from typing import Any

from mergelab.cli.flags import place_flags, port, portable_flag, subcommand
from mergelab.cli.remembered import remember_flag
from mergelab.runtime.lasting_imports import lasting_imports


def add(commands: Any) -> None:
    """Add the command with its flags."""
    ui = subcommand(commands, "ui", _run, "open the lab in the browser")
    ui.add_argument("--port", type=port, default=None, help="port (default: 7860, or the next free one)")
    ui.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (default: this machine only); any other needs --models-dir and a login",
    )
    ui.add_argument(
        "--auth",
        action="append",
        default=[],
        metavar="USER:PASSWORD|FILE",
        help="who may log in, may be repeated; a value without a colon is a file with one USER:PASSWORD per line, which other "
        "programs of this machine cannot read off the command line (default beyond this machine: whoever has the access "
        "code that is printed at the start)",
    )
    ui.add_argument(
        "--no-read-ahead",
        dest="read_ahead",
        action="store_false",
        help="leave the other suites unread until somebody chooses one (default: read while nobody asks for anything)",
    )
    place_flags(ui)
    remember_flag(ui)
    portable_flag(ui)


def _run(options: argparse.Namespace) -> None:
    with lasting_imports():
        from mergelab.ui.page.serving.app import launch

    launch(
        options.host,
        options.port,
        options.device,
        options.models_dir,
        options.auth,
        options.read_ahead,
        options.runs,
        options.track,
    )
