"""The entry point: parses flags, runs one command, turns bad input into one message."""

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
    """Run one command; 0 when it worked, 1 for bad input (2 for bad flags), 130 when interrupted."""
    options = _parser().parse_args(arguments)
    if getattr(options, "portable", False):
        portable.ask()
    try:
        options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough, as in `mergelab methods | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        print(f"mergelab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("mergelab: stopped", file=sys.stderr)
        return 130
    return 0


def command() -> NoReturn:
    """`main` as a process of its own. It ends without taking apart what importing torch has put together, which would
    take longer than a small merge; only the page has a process to say goodbye to."""
    code = main()
    if sys.argv[1:2] == ["ui"]:
        sys.exit(code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mergelab", description="Merge models in parameter space, see what interferes, measure, keep."
    )
    parser.add_argument("--version", action="version", version=f"mergelab {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    return parser
