"""The `mergelab` command line: a thin layer over the library, one file per command."""

from mergelab.cli.entry import command, main

__all__ = ["command", "main"]
