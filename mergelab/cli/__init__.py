"""The `mergelab` command: thin flags over the library, one file per command, one clear message on stderr for bad input."""

from mergelab.cli.entry import command, main

__all__ = ["command", "main"]
