"""The entry point: parses flags, runs one command, and reports bad input as one message on stderr."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from mergelab import __version__
from mergelab.cli.commands import COMMANDS
from mergelab.runtime import portable


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 on success, 1 for bad input (2 for bad flags), 130 if interrupted."""
    options = _parser().parse_args(arguments)
    if getattr(options, "portable", False):
        portable.ask()
    try:
        options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader closed the pipe, as in `mergelab methods | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        print(f"mergelab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        print(f"mergelab: {str(stop) or 'stopped'}", file=sys.stderr)
        return 130
    return 0


def command() -> NoReturn:
    """`main` as its own process. It exits without interpreter shutdown, which takes longer than a small merge once torch
    is imported; only the page has a worker process to shut down."""
    code = main()
    if sys.argv[1:2] == ["ui"]:
        sys.exit(code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mergelab", description="Merge models in parameter space, inspect interference, score and save the result."
    )
    parser.add_argument("--version", action="version", version=f"mergelab {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    return parser
